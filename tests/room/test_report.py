"""What an event comes to: who got how far, what took long, what failed, what help there was."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.room.crowd import gather, steps
from tests.room.test_events import draft
from tests.web.conftest import SMALL_COURSE
from workshop.config import Backend
from workshop.course import load
from workshop.models import now
from workshop.progress import Enrolled, Place, Progress
from workshop.room.events import Events
from workshop.room.findings import findings
from workshop.room.past import stories
from workshop.room.report import Raised, Report, Reports, Spread, everybody, report
from workshop.room.room import Who
from workshop.room.staff import Staff
from workshop.room.story import Happening, Story, fold

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROUTE = steps(4)  # step-1 is only read; each other one has two claims
FAST = 3.0


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def told(*happened: tuple[int, float, str, str, dict[str, str]]) -> dict[int, Story]:
    """Stories of (who, minute, kind, step, more)."""
    rows = [
        Happening(number, who, minutes(at), kind, slug, **more)
        for number, (who, at, kind, slug, more) in enumerate(happened, 1)
    ]
    known: dict[int, Story] = {}
    fold(known, rows, ROUTE)
    return known


def people(*numbers: int) -> dict[int, Who]:
    return {number: Who(number, f"someone{number}") for number in numbers}


def test_who_came_and_who_passed_and_how() -> None:
    known = told(
        (1, 0, "opened", "step-2", {}),
        (1, 4, "passed", "step-2", {"by": "attendee"}),
        (2, 0, "opened", "step-2", {}),
        (2, 1, "helped", "step-2", {}),
        (2, 2, "passed", "step-2", {"by": "helper"}),
        (3, 0, "opened", "step-2", {}),
    )
    found = report(ROUTE, people(1, 2, 3, 4), known)
    stage = found.stages[1]
    assert (found.joined, found.begun) == (4, 3)
    assert (stage.reached, stage.own, stage.helped, stage.lost) == (3, 1, 1, 1)
    assert stage.took == Spread(1, 240, 240, 240)
    assert found.own_share == 50
    assert found.hardest == stage


def test_waiting_for_aws_is_told_apart() -> None:
    known = told(
        (1, 0, "opened", "step-2", {}),
        (1, 2, "unsure", "step-2", {"by": "attendee", "claim": "Claim one of 2 holds.", "found": "waiting"}),
        (1, 5, "passed", "step-2", {"by": "attendee"}),
    )
    stage = report(ROUTE, people(1), known).stages[1]
    assert stage.took
    assert stage.waited
    assert (stage.took.middle, stage.waited.middle) == (120, 180)


def test_what_failed_and_until_it_was_mended() -> None:
    claim = "Claim two of 3 holds."
    gap = {"by": "attendee", "claim": claim, "found": "not yet"}
    known = told(
        (1, 0, "looked", "step-3", gap),
        (2, 0, "looked", "step-3", gap),
        (1, 6, "passed", "step-3", {"by": "attendee"}),
        (3, 6, "passed", "step-3", {"by": "attendee"}),
    )
    [failed] = report(ROUTE, people(1, 2, 3), known).failed
    assert (failed.claim, failed.people, failed.of, failed.mended) == (claim, 2, 3, 1)
    assert (failed.seconds, failed.share, failed.number) == (360, 67, 3)


def test_who_finished_has_every_task() -> None:
    walked = [(1, place, "passed", slug, {"by": "attendee"}) for place, slug in enumerate(ROUTE.tasks)]
    found = report(ROUTE, people(1, 2), told(*walked, (2, 9, "passed", "step-2", {"by": "attendee"})))
    [finisher] = found.finishers
    assert (finisher.who.handle, finisher.own, finisher.tasks) == ("someone1", 3, 3)
    assert finisher.at == minutes(2)


def test_hands_wait_and_last() -> None:
    hands = [
        Raised(1, "step-2", minutes(0), minutes(2), minutes(7), "shown"),
        Raised(1, "step-2", minutes(9), None, minutes(10), "lowered"),
        Raised(2, "step-3", minutes(0), minutes(4)),
    ]
    found = report(ROUTE, people(1, 2), {}, hands)
    assert (found.help.raised, found.help.people) == (3, 2)
    assert found.help.waited
    assert found.help.waited.middle == 180
    assert found.help.lasted == Spread(1, 300, 300, 300)
    assert found.help.outcomes == {"shown": 1, "lowered": 1, "": 1}
    assert [stage.hands for stage in found.stages] == [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("seconds", "spread"),
    [
        ([], None),
        ([5.0], Spread(1, 5, 5, 5)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], Spread(5, 2, 3, 4)),
    ],
)
def test_a_spread_is_the_middle_half(seconds: list[float], spread: Spread | None) -> None:
    assert Spread.of(seconds) == spread


def test_a_report_says_first_what_it_comes_to() -> None:
    claim = "Claim one of 2 holds."
    rows: list[tuple[int, float, str, str, dict[str, str]]] = []
    for who in range(1, 11):
        rows.append((who, 0, "opened", "step-2", {}))
        if who > 4:
            rows.append((who, 1, "looked", "step-2", {"by": "attendee", "claim": claim, "found": "not yet"}))
        if who < 9:
            rows.append((who, 8 + who, "passed", "step-2", {"by": "attendee"}))
            rows.append((who, 20, "opened", "step-3", {}))
    said = " ".join(findings(report(ROUTE, people(*range(1, 11)), told(*rows))))
    assert "Of 10 people who began, 0 finished (0 %)." in said
    assert "Half of them got to the end of step 2" in said
    assert "left behind at step 3, “The step number 3”: 8 of the 8" in said
    assert "Step 2, “The step number 2”, took longest: 12 min at the median" in said
    assert f"What failed most was “{claim}” in step 2: for 6 of 10." in said
    assert "100 % of what was done" in said


def test_of_nobody_nothing_is_said() -> None:
    empty = report(ROUTE, {}, {})
    assert findings(empty) == []
    assert (empty.hardest, empty.longest, empty.own_share, empty.half) == (None, None, None, None)


def test_it_is_read_from_the_record(engine: Engine) -> None:
    course, events, progress = load(SMALL_COURSE), Events(engine), Progress(engine, 700000000001)
    event, other = (events.make(draft(starts=now(), ends=now() + timedelta(hours=1))) for _ in range(2))

    def join(handle: str, number: int) -> Enrolled:
        return progress.enrol(handle, "", Place(number, 9, (Backend(),)))

    paul = join("paulf", event.id)
    elsewhere = join("elsewhere", other.id)
    progress.record(elsewhere.id, "passed", "make-a-branch")
    progress.record(paul.id, "opened", "make-a-branch")
    progress.record(paul.id, "hand raised", "make-a-branch", hand=1, message="Help")
    progress.record(paul.id, "hand taken", "make-a-branch", hand=1, facilitator=1)
    progress.record(paul.id, "hand ended", "make-a-branch", hand=1, outcome="shown")
    progress.record(paul.id, "passed", "make-a-branch")
    staff = Staff(engine)
    maria = staff.add("maria", "Maria", "a good long one")
    for _ in range(2):
        staff.record(maria, "control.gate", event=event.id)
    staff.record(maria, "control.gate", event=other.id)
    found = Reports(engine, course).of(event)
    stage = next(one for one in found.stages if one.stop.slug == "make-a-branch")
    assert (found.joined, stage.own, stage.hands) == (1, 1, 1)
    assert found.help.outcomes == {"shown": 1}
    assert found.deeds == (("Maria", "control.gate", 2),)


def test_a_thousand_people_are_read_within_seconds(engine: Engine) -> None:
    """About 2 s on a machine that does nothing else; here others may be at work as well."""
    route = steps(25)
    event = gather(engine, route, 1000, minutes=90)
    began = time.process_time()
    with engine.connect() as connection:
        whole: Report = report(route, everybody(connection, event.id), stories(engine, route, event.id))
    assert time.process_time() - began < FAST
    assert whole.joined == 1000
    assert all(one.reached >= two.reached for one, two in zip(whole.stages, whole.stages[1:], strict=False))
