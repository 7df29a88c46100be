"""Hands: one open hand each, one helper to a desk, whatever happens at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from workshop.access import Access, NoLink
from workshop.config import Backend
from workshop.jobs import Behalf, Jobs, Kind, Outcome
from workshop.models import HandRow, HappeningRow, JobRow, NoteRow, now
from workshop.progress import Enrolled, Place, Progress
from workshop.room import notes as words
from workshop.room.events import Draft, Events
from workshop.room.hands import Hand, HandDown, Hands, TakenAlready
from workshop.room.hands import Outcome as Ending
from workshop.room.notes import Notes
from workshop.room.staff import Facilitator, Staff

GAP = [{"claim": "It has a branch", "state": "not yet", "saw": "It has master.", "since": None}]


@pytest.fixture
def event(engine: Engine) -> int:
    hour = timedelta(hours=1)
    return Events(engine).make(Draft("Meetup", now() - hour, now() + hour, "eu-west-1", "pg23", 9)).id


@pytest.fixture
def people(engine: Engine, event: int) -> list[Enrolled]:
    progress, place = Progress(engine, 100000000001), Place(event, 9, (Backend(),))
    return [progress.enrol(handle, handle.title(), place) for handle in ("paulf", "annab", "berta")]


@pytest.fixture
def staff(engine: Engine) -> list[Facilitator]:
    known = Staff(engine, PasswordHasher(time_cost=1, memory_cost=64))
    return [known.add(name.lower(), name, "correct horse battery") for name in ("Maria", "Jonas")]


@pytest.fixture
def hands(engine: Engine) -> Hands:
    return Hands(engine)


def up(hands: Hands, who: Enrolled, words: str = "") -> Hand:
    assert who.event
    return hands.put_up(who.event, who.id, "make-a-branch", words, list(GAP))


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act answers or raises, when all begin at the same moment."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def kinds(engine: Engine, who: Enrolled) -> list[str]:
    wanted = select(HappeningRow.kind).where(HappeningRow.enrolment == who.id).order_by(HappeningRow.id)
    with Session(engine) as session:
        return [kind for kind in session.scalars(wanted) if kind.startswith("hand")]


def test_a_hand_carries_the_evidence_and_leaves_its_record(
    hands: Hands, people: list[Enrolled], staff: list[Facilitator], engine: Engine
) -> None:
    hand = up(hands, people[0], "attached the policy, still fails")
    assert hand.gap
    assert hand.gap["claim"] == "It has a branch"
    hands.take(hand.event, hand.id, staff[0].id)
    hands.release(hand.event, hand.id, staff[0].id)
    hands.take(hand.event, hand.id, staff[1].id)
    ended = hands.resolve(hand.event, hand.id, staff[1].id, Ending.SHOWN)
    assert (ended.outcome, ended.taker_name) == (Ending.SHOWN, "Jonas")
    assert hands.up(people[0].id) is None
    told = ["hand raised", "hand taken", "hand released", "hand taken", "hand ended"]
    assert kinds(engine, people[0]) == told


def test_of_two_helpers_at_once_one_goes_and_the_other_learns_who(
    hands: Hands, people: list[Enrolled], staff: list[Facilitator], engine: Engine
) -> None:
    for _ in range(5):
        hand = up(hands, people[0])
        took = at_once(*(partial(hands.take, hand.event, hand.id, who.id) for who in staff))
        winner = next(one for one in took if isinstance(one, Hand))
        loser = next(one for one in took if isinstance(one, TakenAlready))
        assert loser.who == winner.taker_name == hands.get(hand.event, hand.id).taker_name
        hands.resolve(hand.event, hand.id, staff[0].id, Ending.NOTHING)
    assert kinds(engine, people[0]).count("hand taken") == 5


def test_raising_twice_at_once_raises_one_hand(hands: Hands, people: list[Enrolled], engine: Engine) -> None:
    raised = at_once(*[lambda: up(hands, people[0])] * 4)
    assert len({hand.id for hand in raised}) == 1
    assert kinds(engine, people[0]) == ["hand raised"]
    with Session(engine) as session:
        assert len(list(session.scalars(select(HandRow)))) == 1


def test_a_hand_that_comes_down_while_somebody_takes_it_is_not_left_half_taken(
    hands: Hands, people: list[Enrolled], staff: list[Facilitator]
) -> None:
    hand = up(hands, people[0])
    at_once(
        lambda: hands.lower(people[0].id),
        lambda: hands.take(hand.event, hand.id, staff[0].id),
        lambda: hands.take(hand.event, hand.id, staff[1].id),
    )
    assert hands.get(hand.event, hand.id).outcome == Ending.LOWERED
    assert hands.queue(hand.event) == []
    with pytest.raises(HandDown):
        hands.resolve(hand.event, hand.id, staff[0].id, Ending.SHOWN)


def test_the_queue_begins_with_who_waits_longest_and_a_taken_hand_waits_no_more(
    hands: Hands, people: list[Enrolled], staff: list[Facilitator]
) -> None:
    raised = [up(hands, who) for who in people]
    assert [hands.before(hand) for hand in raised] == [0, 1, 2]
    hands.take(raised[0].event, raised[0].id, staff[0].id)
    assert [hand.handle for hand in hands.queue(raised[0].event)] == ["annab", "berta", "paulf"]
    assert hands.before(raised[2]) == 1


def test_a_hand_of_one_event_is_not_to_be_had_under_another(
    hands: Hands, people: list[Enrolled], staff: list[Facilitator]
) -> None:
    hand = up(hands, people[0])
    for act in (hands.take, hands.release):
        with pytest.raises(HandDown):
            act(hand.event + 1, hand.id, staff[0].id)
    assert hands.get(hand.event, hand.id).taker is None


@pytest.fixture
def notes(engine: Engine) -> Notes:
    return Notes(engine)


def test_a_note_is_read_once_and_its_writer_sees_by_whom(
    notes: Notes, event: int, people: list[Enrolled], staff: list[Facilitator]
) -> None:
    notes.write(event, staff[0].id, "Have a look at the role.", [people[0].id, people[1].id])
    mine = notes.standing(event, people[0].id)
    assert [one.words for one in mine] == ["Have a look at the role."]
    assert notes.standing(event, people[2].id) == []
    assert not notes.read(people[1].id, mine[0].id)
    assert at_once(*[lambda: notes.read(people[0].id, mine[0].id)] * 2).count(True) == 1
    (sent,) = notes.sent(event)
    assert [one.handle for one in sent.read] == ["paulf"]
    assert len(sent.to) == 2


def test_a_banner_is_for_all_until_it_is_withdrawn_or_another_takes_its_place(
    notes: Notes, event: int, people: list[Enrolled], staff: list[Facilitator]
) -> None:
    notes.banner(event, staff[0].id, "Lunch at noon.")
    notes.banner(event, staff[1].id, "Lunch at one.")
    assert [one.words for one in notes.standing(event, people[2].id)] == ["Lunch at one."]
    assert not notes.read(people[2].id, notes.standing(event, people[2].id)[0].id)
    assert notes.withdraw(event)
    assert not notes.withdraw(event)
    assert notes.standing(event, people[2].id) == []


def test_an_offer_is_answered_once(
    notes: Notes, event: int, people: list[Enrolled], staff: list[Facilitator], engine: Engine
) -> None:
    notes.offer(event, staff[0].id, people[0].id, "make-a-branch", "do")
    notes.offer(event, staff[1].id, people[0].id, "make-a-branch", "catch up")
    (offer,) = notes.standing(event, people[0].id)
    assert offer.by == "Jonas"
    assert notes.answer(people[1].id, offer.id, words.ACCEPTED) is None
    said = at_once(
        lambda: notes.answer(people[0].id, offer.id, words.ACCEPTED),
        lambda: notes.answer(people[0].id, offer.id, words.ACCEPTED),
        lambda: notes.answer(people[0].id, offer.id, words.DECLINED),
    )
    assert sum(one is not None for one in said) == 1
    with Session(engine) as session:
        assert session.get(NoteRow, offer.id)


def test_what_is_asked_in_somebodys_stead_is_one_job_and_says_why(
    people: list[Enrolled], staff: list[Facilitator], engine: Engine
) -> None:
    jobs = Jobs(engine)
    behalf = Behalf(staff[0].id, staff[0].name, "arrived late", batch="b1")
    asked = at_once(
        *[lambda: jobs.ask_for(people[0].id, "make-a-branch", Kind.DO, behalf)] * 3,
    )
    (job,) = [one for one in asked if one is not None]
    assert (job.by, job.reason) == ("Maria", "arrived late")
    assert jobs.current(people[0].id) == job
    assert jobs.batch("b1") == [job]
    jobs.end(job.id, Outcome.DONE)
    assert jobs.ask_for(people[0].id, "make-a-branch", Kind.DO, behalf)
    with Session(engine) as session:
        assert {row.facilitator for row in session.scalars(select(JobRow))} == {staff[0].id}


def test_a_link_for_one_time_lets_one_browser_in(people: list[Enrolled], engine: Engine) -> None:
    access = Access(engine, "a secret of this test")
    _, token = access.make(people[0].id, 1, once=True)
    link = access.open(token)
    came = at_once(*[lambda: access.use(link)] * 3)
    assert [type(one) for one in came].count(NoLink) == 2
    with pytest.raises(NoLink, match="for one time"):
        access.open(token)
