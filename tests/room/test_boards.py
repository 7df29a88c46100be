"""A board that is kept current: nothing is missed, whatever commits late and whichever process answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert
from sqlalchemy.orm import Session

from tests.room.test_events import at_once, draft
from workshop.config import Backend
from workshop.course import Course, load
from workshop.models import BackendRow, EnrolmentRow, HandRow, HappeningRow, WorkerRow, now
from workshop.progress import Enrolled, Place, Progress
from workshop.room.attendance import Attendance
from workshop.room.boards import Board, Boards, View
from workshop.room.event import Event
from workshop.room.events import Events
from workshop.room.record import Record
from workshop.room.room import Person
from workshop.room.story import Route

COURSE = Path(__file__).parent.parent / "web" / "small_course"
SLUG = "make-a-branch"
HOUR = timedelta(hours=1)


@pytest.fixture
def course() -> Course:
    return load(COURSE)


@pytest.fixture
def event(engine: Engine) -> Event:
    return Events(engine).make(draft(starts=now() - HOUR, ends=now() + HOUR))


@pytest.fixture
def join(engine: Engine, event: Event) -> Callable[[str], Enrolled]:
    progress = Progress(engine, 700000000001)
    return lambda handle: progress.enrol(handle, handle.title(), Place(event.id, 50, (Backend(),)))


@pytest.fixture
def board(engine: Engine, event: Event, course: Course) -> Board:
    return Board(engine, event.id, Route.of(course))


def happens(engine: Engine, who: Enrolled, kind: str, slug: str = "", **more: str) -> None:
    with Session(engine) as session:
        session.add(HappeningRow(enrolment=who.id, kind=kind, slug=slug, **more))
        session.commit()


def view(board: Board, event: Event) -> View:
    """The board, read on now."""
    board._fresh = board._signed = float("-inf")
    return board.view(event)


def rows(view: View, version: str = "") -> dict[str, Person | None]:
    changed = view.since(version)
    return {key: one.shows for key, one in changed.items() if key.startswith("p")}  # type: ignore[misc]


def test_a_board_shows_what_happened_and_then_only_what_is_new(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    paul, ana = join("paul"), join("ana")
    before = view(board, event)
    assert rows(before).keys() == {f"p{paul.id}", f"p{ana.id}"}
    assert rows(view(board, event), before.version) == {}
    happens(engine, ana, "passed", SLUG)
    after = view(board, event)
    changed = rows(after, before.version)[f"p{ana.id}"]
    assert changed
    assert changed.done == 1
    assert set(after.since(before.version)) == {f"p{ana.id}", "counts", "flow", "feed"}
    assert after.feed[0][0].kind == "passed"
    assert after.since(after.version) == {}


def test_it_is_read_once_a_second_however_many_watch(
    engine: Engine, event: Event, course: Course, join: Callable[[str], Enrolled]
) -> None:
    boards, paul = Boards(engine, course), join("paul")
    first = boards.of(event)
    happens(engine, paul, "passed", SLUG)
    assert at_once(8, lambda _: boards.of(event)) == []
    assert boards.of(event) is first
    time.sleep(1.05)
    versions: set[str] = set()
    assert at_once(8, lambda _: versions.add(boards.of(event).version)) == []
    assert versions == {boards.of(event).version} != {first.version}


def test_a_board_that_nobody_asks_for_is_dropped(engine: Engine, event: Event, course: Course) -> None:
    boards = Boards(engine, course, kept=1.0)
    boards.of(event)
    assert boards.watched() == [event.id]
    time.sleep(1.7)
    assert boards.watched() == []


def test_what_becomes_visible_late_is_told_in_its_place(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite's writers take turns: what is committed later has a higher number")
    paul, ana = join("paul"), join("ana")
    before = view(board, event)
    with engine.connect() as slow, engine.connect() as quick:
        for connection, kinds in ((slow, ["passed"]), (quick, ["looked"])):
            for kind in kinds:
                row = {"kind": kind, "slug": SLUG, "claim": "x", "found": "not yet"}
                connection.execute(insert(HappeningRow).values(enrolment=paul.id, **row))
        slow.execute(insert(HappeningRow).values(enrolment=ana.id, kind="passed", slug=SLUG))
        quick.execute(insert(HappeningRow).values(enrolment=ana.id, kind="opened", slug=SLUG))
        quick.commit()
        between = view(board, event)
        found = rows(between, before.version)
        assert {one.done for one in found.values() if one} == {0}
        slow.commit()
    after = rows(view(board, event), between.version)
    late = after[f"p{paul.id}"]
    assert late
    assert "l" in late.cells, "it was passed first, and then no longer held"
    ana_now = after[f"p{ana.id}"]
    assert ana_now
    assert ana_now.done == 1


def test_each_row_is_given_once_as_time_goes_by(
    engine: Engine, event: Event, join: Callable[[str], Enrolled]
) -> None:
    at = [0.0]
    record, paul = Record(engine, event.id, lambda: at[0]), join("paul")
    given = [row.id for row in record.news()]
    for second in range(60):
        at[0] = float(second)
        happens(engine, paul, "opened", SLUG)
        given += [row.id for row in record.news()]
    assert len(given) == len(set(given)) == 61
    assert len(record._given) < 30, "what is long ago need not be remembered"


def test_other_events_are_nobodys_business(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    other = Events(engine).make(draft(starts=now() - HOUR, ends=now() + HOUR))
    stranger = Progress(engine, 700000000001).enrol("eve", "Eve", Place(other.id, 5, (Backend(),)))
    happens(engine, stranger, "passed", SLUG)
    paul = join("paul")
    assert rows(view(board, event)).keys() == {f"p{paul.id}"}


@pytest.mark.parametrize("skew", [-5, 0, 5])
def test_a_version_of_another_process_misses_nothing(
    engine: Engine, event: Event, course: Course, join: Callable[[str], Enrolled], skew: int
) -> None:
    """Two processes with clocks apart answer in turns, as behind a load balancer."""
    people = [join(f"p{number}") for number in range(6)]
    one = Board(engine, event.id, Route.of(course))
    two = Board(engine, event.id, Route.of(course), lambda: now() + timedelta(seconds=skew))
    shown = rows(view(one, event))
    version = view(one, event).version
    for turn, who in enumerate(people):
        happens(engine, who, "passed", SLUG)
        answering = view((two, one)[turn % 2], event)
        shown |= rows(answering, version)
        version = answering.version
        assert shown == rows(view(one, event)), f"after turn {turn}"


def test_a_strange_version_is_answered_with_everything(
    event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    paul = join("paul")
    whole = view(board, event)
    for version in ("", "x", "x.y.z", "abc.1.later", f"{whole.process}.x.1", "a.1.nan", "." * 99):
        assert f"p{paul.id}" in whole.since(version), version


def test_who_is_taken_away_is_told_of(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    paul, ana = join("paul"), join("ana")
    before = view(board, event)
    with Session(engine) as session:
        session.execute(delete(HappeningRow).where(HappeningRow.enrolment == paul.id))
        session.execute(delete(EnrolmentRow).where(EnrolmentRow.id == paul.id))
        session.commit()
    after = view(board, event)
    assert rows(after, before.version) == {f"p{paul.id}": None}
    assert [one.who.id for one in after.room.people] == [ana.id]
    assert rows(view(board, event), after.version) == {}


def test_signs_of_life_and_hands_are_shown(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    paul = join("paul")
    Attendance(engine).note(paul.id, SLUG)
    with Session(engine) as session:
        session.add(HandRow(event=event.id, enrolment=paul.id, slug=SLUG, message="Help!"))
        session.commit()
    whole = view(board, event)
    assert (whole.room.counts.active, whole.room.counts.hands) == (1, 1)
    assert whole.hands[paul.id].message == "Help!"


def test_what_does_not_answer_is_told_until_it_does(
    engine: Engine, event: Event, board: Board, join: Callable[[str], Enrolled]
) -> None:
    join("paul")
    with Session(engine) as session:
        session.add(BackendRow(name="", seen=now(), down=now()))
        session.add(BackendRow(name="elsewhere", seen=now(), down=now()))
        session.commit()
    aws, worker = view(board, event).alerts
    assert (aws.kind, aws.name, aws.people, aws.others) == ("aws", "", 1, 0)
    assert worker.kind == "worker"
    with Session(engine) as session:
        session.add(WorkerRow(id="w", host="h", pid=1, seen=now()))
        session.merge(BackendRow(name="", seen=now(), down=None))
        session.commit()
    assert view(board, event).alerts == ()
