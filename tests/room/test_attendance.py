"""Signs of life, and what is told when somebody comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from tests.room.test_events import at_once, draft
from workshop.config import Backend
from workshop.models import HappeningRow, PresenceRow, now
from workshop.progress import Enrolled, Place, Progress
from workshop.room.attendance import Attendance
from workshop.room.events import Events


@pytest.fixture
def paul(engine: Engine) -> Enrolled:
    event = Events(engine).make(draft())
    return Progress(engine, 700000000001).enrol("paulf", "Paul", Place(event.id, 5, (Backend(),)))


def last_seen(engine: Engine, who: Enrolled, ago: timedelta) -> None:
    with Session(engine) as session:
        session.execute(update(PresenceRow).where(PresenceRow.enrolment == who.id).values(seen=now() - ago))
        session.commit()


def told(engine: Engine) -> list[tuple[str, float]]:
    """What was told of coming and going, and how many minutes ago that was."""
    wanted = select(HappeningRow).where(HappeningRow.kind.in_(("left", "back"))).order_by(HappeningRow.id)
    with Session(engine) as session:
        return [(row.kind, (now() - row.at).total_seconds() // 60) for row in session.scalars(wanted)]


def test_the_last_sign_counts(engine: Engine, paul: Enrolled) -> None:
    attendance = Attendance(engine)
    attendance.note(paul.id, "one")
    attendance.note(paul.id, "two")
    assert paul.event
    assert attendance.of_event(paul.event)[paul.id].slug == "two"
    assert told(engine) == []


def test_who_was_away_is_back_once_however_many_tabs_say_so(engine: Engine, paul: Enrolled) -> None:
    attendance = Attendance(engine)
    attendance.note(paul.id, "one")
    last_seen(engine, paul, timedelta(minutes=7))
    assert at_once(5, lambda _: attendance.note(paul.id, "one")) == []
    assert told(engine) == [("left", 7), ("back", 0)]


def test_a_page_that_loads_slowly_is_no_absence(engine: Engine, paul: Enrolled) -> None:
    attendance = Attendance(engine)
    attendance.note(paul.id, "one")
    last_seen(engine, paul, timedelta(seconds=90))
    attendance.note(paul.id, "one")
    assert told(engine) == []
