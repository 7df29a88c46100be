"""Events as they are kept: changed by two at once, deleted and had back, their gates and their timer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from workshop.config import Backend
from workshop.progress import HandleTaken, NoPlace, Place, Progress
from workshop.room import codes
from workshop.room.event import Event, Phase
from workshop.room.events import ChangedMeanwhile, Draft, Events, UnknownEvent
from workshop.room.timer import Timer

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


def draft(**given: object) -> Draft:
    plain = {
        "name": "PG23",
        "starts": NOON,
        "ends": NOON + 3 * HOUR,
        "region": "eu-west-1",
        "prefix": "pg23",
        "capacity": 40,
    }
    return Draft(**(plain | given))  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(engine: Engine, clock: Clock) -> Events:
    return Events(engine, clock)


@pytest.fixture
def event(events: Events) -> Event:
    return events.make(draft())


def at_once(times: int, act: Callable[[int], object]) -> list[Exception]:
    """Do something in as many threads at the same moment; what was raised."""
    barrier, raised = threading.Barrier(times), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_a_code_is_found_however_it_is_typed(events: Events, event: Event) -> None:
    word, _, number = event.code.partition("-")
    for typed in (event.code, f" {word.lower()} {number} ", f"{word}{number}", f"{word}–{number}"):
        assert events.by_code(typed).id == event.id
    with pytest.raises(UnknownEvent):
        events.by_code("<script>")


def test_codes_can_be_read_aloud() -> None:
    assert len(set(codes.WORDS)) == len(codes.WORDS) > 120
    assert codes.normal(codes.made())


def test_an_event_comes_and_goes(events: Events, clock: Clock) -> None:
    event = events.make(draft(starts=NOON + HOUR))
    assert event.phase(clock.at) == Phase.LOBBY
    events.start(event.id)
    assert events.get(event.id).phase(clock.at) == Phase.OPEN
    events.close(event.id)
    assert events.get(event.id).phase(clock.at) == Phase.OVER
    events.reopen(event.id, NOON + 5 * HOUR)
    assert events.get(event.id).phase(clock.at) == Phase.OPEN
    assert events.get(event.id).phase(NOON + 6 * HOUR) == Phase.OVER
    events.archive(event.id)
    assert events.get(event.id).phase(clock.at) == Phase.ARCHIVED


def test_what_was_deleted_can_be_had_back_for_a_minute(events: Events, event: Event, clock: Clock) -> None:
    events.delete(event.id)
    assert events.get(event.id).phase(clock.at) == Phase.DELETED
    clock.at += timedelta(seconds=59)
    assert events.gone() == []
    assert events.undelete(event.id)
    events.delete(event.id)
    clock.at += timedelta(seconds=61)
    assert not events.undelete(event.id)
    assert events.gone() == [event.id]


def test_of_two_who_decide_at_once_the_second_is_told(events: Events, event: Event) -> None:
    raised = at_once(2, lambda n: events.change(event.id, event.version, draft(name=f"by {n}")))
    assert [type(error) for error in raised] == [ChangedMeanwhile]
    assert events.get(event.id).name.startswith("by ")
    assert events.get(event.id).version == event.version + 1


def test_two_gates_set_at_once_are_both_set(events: Events, event: Event) -> None:
    chapters = [f"chapter {n}" for n in range(6)]
    assert at_once(6, lambda n: events.gate(event.id, chapters[n], False)) == []
    assert not any(events.get(event.id).opens(chapter) for chapter in chapters)
    assert at_once(6, lambda n: events.gate(event.id, "chapter 0", n % 2 == 0)) == []
    events.ungate(event.id)
    assert events.get(event.id).opens("chapter 3")


def test_a_gated_event_opens_with_its_first_chapter(events: Events) -> None:
    event = events.make(draft(gated=True), "Get in")
    assert event.opens("Get in")
    assert not event.opens("Deploy")


def test_no_minute_of_the_timer_is_lost_when_many_add_some(events: Events, event: Event) -> None:
    assert at_once(6, lambda _: events.set_timer(event.id, lambda timer, _: timer.longer(60))) == []
    assert events.get(event.id).timer.seconds == 360


def test_a_timer_stands_still_while_it_is_paused() -> None:
    timer = Timer(seconds=600).started(NOON)
    assert timer.left(NOON + timedelta(minutes=2)) == 480
    paused = timer.paused(NOON + timedelta(minutes=2))
    assert paused.left(NOON + HOUR) == 480
    again = paused.started(NOON + HOUR)
    assert again.left(NOON + HOUR + timedelta(minutes=3)) == 300
    assert again.ends(NOON + HOUR) == NOON + HOUR + timedelta(minutes=8)
    assert again.left(NOON + 2 * HOUR) == 0


def test_the_pauses_of_the_timer_are_kept(events: Events, event: Event, clock: Clock) -> None:
    minute = timedelta(minutes=1)
    for change in (
        lambda _, at: Timer(600).started(at),
        lambda timer, at: timer.paused(at),
        lambda timer, at: timer.paused(at),
        lambda timer, at: timer.started(at),
        lambda timer, at: timer.paused(at),
    ):
        events.set_timer(event.id, change)
        clock.at += minute
    ended, under_way = events.get(event.id).pauses
    assert ended == (NOON + minute, NOON + 3 * minute)
    assert under_way == (NOON + 4 * minute, None)
    events.set_timer(event.id, lambda _, __: Timer())
    assert events.get(event.id).pauses[-1] == (NOON + 4 * minute, NOON + 5 * minute)


@pytest.fixture
def progress(engine: Engine) -> Progress:
    return Progress(engine, 700000000001)


def test_a_handle_is_taken_in_its_event_only(progress: Progress, events: Events) -> None:
    one, two = events.make(draft()), events.make(draft(prefix="xy"))
    alone = progress.enrol("paulf", "Paul")
    first = progress.enrol("paulf", "Paul", Place(one.id, 5, (Backend(),)))
    second = progress.enrol("paulf", "Paul", Place(two.id, 5, (Backend(),)))
    assert len({alone.account, first.account, second.account}) == 3
    assert (first.prefix, second.prefix, alone.prefix) == ("pg23", "xy", "")
    assert progress.by_handle("paulf") == alone
    assert progress.by_handle("paulf", two.id) == second
    with pytest.raises(HandleTaken):
        progress.enrol("paulf", "Paula", Place(one.id, 5, (Backend(),)))


def test_of_many_who_join_at_once_as_many_get_in_as_there_are_places(
    progress: Progress, event: Event
) -> None:
    place = Place(event.id, 5, (Backend(name="a"), Backend(name="b")))
    raised = at_once(12, lambda n: progress.enrol(f"someone{n}", "", place))
    assert {type(error) for error in raised} == {NoPlace}
    inside = progress.of_event(event.id)
    assert len(inside) == 5
    assert sorted(one.backend for one in inside) in (["a"] * 3 + ["b"] * 2, ["a"] * 2 + ["b"] * 3)


def test_accounts_that_may_be_handed_out_are_handed_out_once(progress: Progress, events: Events) -> None:
    one, two = events.make(draft()), events.make(draft())
    pool = (Backend(name="aws", accounts=("111111111111", "222222222222", "333333333333")),)
    places = [Place(one.id, 9, pool), Place(two.id, 9, pool)]
    raised = at_once(5, lambda n: progress.enrol(f"someone{n}", "", places[n % 2]))
    assert [type(error) for error in raised] == [NoPlace, NoPlace]
    inside = [*progress.of_event(one.id), *progress.of_event(two.id)]
    assert {person.account for person in inside} == set(pool[0].accounts)
