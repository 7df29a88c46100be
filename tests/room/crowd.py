"""A crowd for tests and measurements: an event with people, and a plausible record of what they did."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from workshop.models import EnrolmentRow, HandRow, HappeningRow, PresenceRow, now
from workshop.room.event import Event
from workshop.room.events import Draft, Events
from workshop.room.story import Route, Stop

FIRST = ("Ana", "Paul", "Mia", "Jonas", "Lea", "Noah", "Ida", "Emil", "Zoe", "Omar", "Nina", "Igor", "Yuki")
LAST = ("Fischer", "Cruz", "Okafor", "Lind", "Novak", "Sato", "Weber", "Rossi", "Khan", "Moreau", "Silva")


def gather(
    engine: Engine, route: Route, people: int, minutes: int = 60, seed: int = 4, **given: Any
) -> Event:
    """An open event that began so many minutes ago, with so many people who have worked since."""
    at = now()
    plain: dict[str, Any] = {
        "name": "PG23 meetup",
        "starts": at - timedelta(minutes=minutes),
        "ends": at + timedelta(hours=2),
        "region": "eu-west-1",
        "prefix": "pg23",
        "capacity": 5000,
    }
    event = Events(engine).make(Draft(**(plain | given)))
    chance = random.Random(seed)
    with Session(engine) as session:
        for number in range(people):
            _enter(session, event, number, chance)
        session.flush()
        numbers = [row.id for row in session.query(EnrolmentRow).where(EnrolmentRow.event == event.id)]
        rows = sorted(_happened(route, numbers, event.starts, at, chance), key=lambda row: row["at"])
        if rows:
            session.execute(insert(HappeningRow), rows)
        signs = [
            {"enrolment": one, "seen": at - timedelta(seconds=chance.choice([5, 9, 20, 40, 900])), "slug": ""}
            for one in numbers
        ]
        if signs:
            session.execute(insert(PresenceRow), signs)
        for one in chance.sample(numbers, k=min(people, max(1, people // 100))):
            raised = at - timedelta(minutes=chance.uniform(0.3, 9))
            session.add(HandRow(event=event.id, enrolment=one, message="It still fails", raised=raised))
        session.commit()
    return event


def steps(many: int) -> Route:
    """A route of so many steps in chapters of five, each with two claims but for the first."""
    stops = [
        Stop(
            f"step-{place}",
            f"The step number {place}",
            f"Chapter {(place + 4) // 5}",
            3,
            (f"Claim one of {place} holds.", f"Claim two of {place} holds.") if place > 1 else (),
        )
        for place in range(1, many + 1)
    ]
    return Route(tuple(stops))


def write(folder: Path, route: Route) -> Path:
    """The same as a course in a folder, whose checks always hold."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A course of a test."""\n')
    for order, stop in enumerate(route.stops, 1):
        name = stop.slug.replace("-", "_")
        head = f"---\nchapter: {stop.chapter}\norder: {order}\nminutes: {stop.minutes}\n---\n"
        (folder / f"{name}.md").write_text(f"{head}# {stop.title}\n\nDo it.\n")
        checks = [
            f'def check_{number}(lab):\n    """{claim}"""\n    return "seen"\n'
            for number, claim in enumerate(stop.claims)
        ]
        if checks:
            (folder / f"{name}.py").write_text("\n\n".join(checks))
    return folder


def _enter(session: Session, event: Event, number: int, chance: random.Random) -> None:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    session.add(
        EnrolmentRow(
            event=event.id,
            handle=f"{first}{last[0]}{number}".lower(),
            name=f"{first} {last}",
            ticket=f"ticket-{event.id}-{number}",
            account=f"{event.id:04}{number:08}",
        )
    )


def _happened(
    route: Route, numbers: list[int], starts: datetime, ends: datetime, chance: random.Random
) -> Iterator[dict[str, Any]]:
    for one in numbers:
        yield from _walk(one, route, starts, ends, chance)


def _walk(
    one: int, route: Route, starts: datetime, ends: datetime, chance: random.Random
) -> Iterator[dict[str, Any]]:
    """One person's way: opens, looks, fails, waits, now and then is helped, until the time is over."""
    pace = chance.lognormvariate(0, 0.35)
    at = starts + timedelta(minutes=chance.uniform(0, 6))
    yield _row(one, at, "joined")
    for stop in route.stops:
        for row in _step(one, stop, at, pace, chance):
            if row["at"] > ends:
                return
            at = row["at"]
            yield row


def _step(one: int, stop: Stop, at: datetime, pace: float, chance: random.Random) -> Iterator[dict[str, Any]]:
    def later(minutes: float) -> datetime:
        nonlocal at
        at += timedelta(minutes=minutes * pace * chance.uniform(0.4, 1.8))
        return at

    yield _row(one, later(0.1), "opened", stop.slug)
    if not stop.claims:
        yield _row(one, later(1), "read", stop.slug)
        return
    if chance.random() < 0.07:
        yield _row(one, later(1), "helped", stop.slug)
        yield _row(one, later(0.4), "passed", stop.slug, by="helper")
        yield _row(one, at, "ended", stop.slug, found="done")
        return
    while chance.random() < 0.45:
        claim = chance.choice(stop.claims)
        yield _row(one, later(1), "looked", stop.slug, by="attendee", claim=claim, found="not yet")
        yield _row(one, at, "tried", stop.slug)
    if chance.random() < 0.3:
        claim = stop.claims[-1]
        yield _row(one, later(0.8), "unsure", stop.slug, by="attendee", claim=claim, found="waiting")
    yield _row(one, later(1.2), "passed", stop.slug, by="attendee")


def _row(one: int, at: datetime, kind: str, slug: str = "", **more: str) -> dict[str, Any]:
    plain = {"by": "", "claim": "", "found": "", "details": {}}
    return {"enrolment": one, "at": at, "kind": kind, "slug": slug, **plain, **more}
