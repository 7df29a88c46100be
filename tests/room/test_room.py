"""Small rooms, made by hand: who is stuck and why, where everyone is, what fails most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.room.test_story import COMMIT, HELD, NOON, ROUTE, WAITS, Row, at, fails, told
from workshop.room.feed import news, sentence
from workshop.room.room import Facts, Hand, Person, Room, Who, room
from workshop.room.story import Happening, Span, Story

BUILD = "There is a project."


def seen_at(
    minute: float,
    *stories: Story,
    pauses: Iterable[Span] = (),
    away: Iterable[int] = (),
    hands: dict[int, Hand] | None = None,
    begun: bool = True,
) -> Room:
    """The room of these stories; all of them are there but for those who are away."""
    facts = [Facts.of(Who(n, f"p{n}"), story, pauses) for n, story in enumerate(stories)]
    seen = {n: at(minute - 9 if n in away else minute) for n in range(len(stories))}
    return room(ROUTE, facts, seen, hands or {}, at(minute), pauses, begun)


def first(minute: float, *stories: Story, **more: object) -> Person:
    return seen_at(minute, *stories, **more).people[0]  # type: ignore[arg-type]


def passes(minutes: float) -> Story:
    """Somebody who took so long for the build."""
    return told((0, "opened", "build"), (minutes, "passed", "build", HELD))


SLOW: list[Row] = [(0.0, "passed", "source", HELD), (0.0, "opened", "build")]


def test_before_enough_have_passed_the_author_says_what_is_long() -> None:
    slow = told(*SLOW)
    assert first(11, slow).stuck is None
    stuck = first(13, slow).stuck
    assert stuck
    assert stuck.why() == "13 min at this step, which is meant to take 6 min"


def test_then_the_room_does() -> None:
    slow, quick = told(*SLOW), [passes(4), passes(6), passes(20)]
    assert first(8.5, slow, *quick).stuck is None
    stuck = first(10, slow, *quick).stuck
    assert stuck
    assert stuck.why() == "10 min at this step, where the room took about 6 min"


def test_nobody_is_stuck_within_the_first_minutes() -> None:
    assert first(4.9, told(*SLOW), passes(1), passes(1), passes(1)).stuck is None
    assert first(5.1, told(*SLOW), passes(1), passes(1), passes(1)).stuck


def test_what_was_done_for_somebody_is_no_measure_for_others() -> None:
    done = [told((0, "opened", "build"), (0, "helped", "build"), (1, "passed", "build"))] * 3
    assert first(11, told(*SLOW), *done).stuck is None


def test_the_same_gap_for_the_third_time_is_stuck_at_once() -> None:
    story = told(*SLOW, (1, "looked", "build", fails(BUILD)), (1, "tried", "build"), (2, "tried", "build"))
    assert first(2, story).stuck is None
    story.add(Happening(9, 1, at(3), "tried", "build"))
    stuck = first(3, story).stuck
    assert stuck
    assert stuck.why() == "3 times in a row this did not hold: There is a project."


def test_who_waits_for_aws_is_not_stuck_and_the_time_is_not_counted() -> None:
    waiting = told((0, "opened", "source"), (1, "unsure", "source", WAITS))
    assert (first(60, waiting).waits, first(60, waiting).stuck) == (True, None)
    waiting.add(Happening(9, 1, at(60), "looked", "source", **fails(COMMIT)))
    assert first(67, waiting).stuck is None
    assert first(70, waiting).stuck


def test_pauses_are_nobodys_time() -> None:
    assert first(30, told(*SLOW), pauses=[(at(2), at(25))]).stuck is None
    assert first(30, told(*SLOW), pauses=[(at(2), at(12))]).stuck


def test_who_is_away_or_has_finished_or_waits_for_the_beginning_is_not_stuck() -> None:
    assert first(30, told(*SLOW), away=[0]).away
    assert first(30, told(*SLOW), away=[0]).stuck is None
    assert first(30, told(*SLOW), begun=False).stuck is None
    done = told(
        (0, "passed", "source"), (0, "passed", "build"), (1, "passed", "ship"), (2, "opened", "hello")
    )
    assert (first(90, done).finished, first(90, done).stuck, first(90, done).at) == (True, None, None)


def test_a_page_that_is_only_read_holds_nobody_up() -> None:
    assert first(90, told((0, "opened", "hello"))).stuck is None


def test_a_row_tells_each_step_by_a_letter() -> None:
    story = told(
        (0, "read", "hello"),
        (1, "helped", "source"),
        (2, "passed", "source"),
        (3, "opened", "build"),
        (4, "looked", "build", fails(BUILD)),
    )
    assert first(4, story).cells == "dhf-"
    story.add(Happening(9, 1, at(5), "passed", "build"))
    assert first(5, story).cells == "dhdw"
    story.add(Happening(10, 1, at(6), "looked", "source", **fails(COMMIT)))
    assert first(6, story).cells == "dldw"


def test_the_room_in_figures() -> None:
    finished = told((0, "passed", "source"), (0, "passed", "build"), (1, "passed", "ship"))
    hands = {1: Hand(NOON)}
    whole = seen_at(30, finished, told(*SLOW), told((0, "joined", "")), away=[2], hands=hands)
    assert whole.flow == (1, 0, 1, 0)
    counts = whole.counts
    assert (counts.joined, counts.active, counts.finished, counts.stuck, counts.hands) == (3, 2, 1, 1, 1)
    assert (counts.share, counts.median) == (33, 2)


def test_an_empty_room_is_one_as_well() -> None:
    empty = seen_at(0)
    assert (empty.counts.joined, empty.counts.median, empty.flow) == (0, None, (0, 0, 0, 0))


def test_what_fails_most_comes_first() -> None:
    fixed = told((0, "looked", "build", fails(BUILD)), (4, "passed", "build"))
    slower = told((0, "looked", "build", fails(BUILD)), (8, "passed", "build"))
    failing = told((0, "looked", "build", fails(BUILD)), (1, "looked", "source", fails(COMMIT)))
    most, next_ = seen_at(9, fixed, slower, failing, passes(3)).failing
    assert (most.claim, most.failed, most.of, most.now, most.minutes) == (BUILD, 3, 4, 1, 6)
    assert (next_.claim, next_.failed, next_.of, next_.minutes) == (COMMIT, 1, 1, None)


def sentences(*rows: Happening) -> list[str]:
    story, said = Story(ROUTE), []
    titles = {stop.slug: stop.title for stop in ROUTE.stops}
    for row in rows:
        story.add(row)
        if one := news(row, story):
            said.append(sentence(one, "p1", titles.get(one.slug, "")))
    return said


def happening(minute: float, kind: str, slug: str = "", **more: str) -> Happening:
    when: datetime = at(minute)
    return Happening(int(minute * 10), 1, when, kind, slug, **more)


def test_what_happened_is_told_in_sentences_and_only_once() -> None:
    assert sentences(
        happening(0, "joined"),
        happening(1, "opened", "source"),
        happening(2, "looked", "source", **fails(COMMIT)),
        happening(3, "looked", "source", **fails(COMMIT, "watch")),
        happening(4, "passed", "source", **HELD),
        happening(5, "passed", "source", **HELD),
        happening(6, "helped", "build"),
        happening(7, "passed", "build", by="helper"),
        happening(8, "looked", "source", **fails(COMMIT)),
        happening(9, "hand raised", "ship"),
        happening(10, "passed", "source", **HELD),
        happening(11, "passed", "ship", **HELD),
        happening(12, "passed", "elsewhere", **HELD),
    ) == [
        "p1 joined",
        "p1's check of “Define the source” failed",
        "p1 passed “Define the source”",
        "p1 asked for “Define the build” to be done",
        "“Define the build” was done for p1",
        "p1's “Define the source” no longer holds",
        "p1 raised a hand at “Ship it”",
        "p1 passed “Ship it” and has finished",
    ]
