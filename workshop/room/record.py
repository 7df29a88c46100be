"""Reads an event's part of the record, each row once, however late it becomes visible; and what else a
board shows of the moment: who is there, hands, and what does not answer.

On PostgreSQL a row with a lower number may become visible after one with a higher number. So the numbers
of the last while are asked for again, and what is new among them is given then. Price: a transaction
that stays open for longer than that while would be missed; ours take milliseconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, func, select

from workshop.jobs import ALIVE
from workshop.models import (
    BackendRow,
    EnrolmentRow,
    FacilitatorRow,
    HandRow,
    HappeningRow,
    PresenceRow,
    WorkerRow,
)
from workshop.room.room import Hand, Who
from workshop.room.story import Happening

WHILE = 20.0  # seconds
NUMBERS = 1000  # that may have been given to others who had not committed when we first read
COLUMNS = (
    HappeningRow.id,
    HappeningRow.enrolment,
    HappeningRow.at,
    HappeningRow.kind,
    HappeningRow.slug,
    HappeningRow.by,
    HappeningRow.claim,
    HappeningRow.found,
)


class Record:
    """The happenings of one event, for one reader."""

    def __init__(self, engine: Engine, event: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._event = event
        self._clock = clock
        self._given: set[int] = set()
        self._marks: deque[tuple[float, int]] = deque()

    def news(self) -> list[Happening]:
        """What has not been given yet, in the order of its numbers."""
        if not self._marks:
            rows = self._read(self._mine(*COLUMNS))
        else:
            floor = self._floor()
            with self._engine.connect() as connection:
                numbers = set(connection.scalars(self._mine(HappeningRow.id).where(HappeningRow.id > floor)))
            new = numbers - self._given
            later = self._mine(*COLUMNS).where(HappeningRow.id >= min(new)) if new else None
            rows = [row for row in self._read(later) if row.id in new] if later is not None else []
        self._remember(rows)
        return rows

    def of(self, enrolment: int) -> list[Happening]:
        """All that was given of one person: to tell their story again when a part of it came late."""
        rows = self._read(self._mine(*COLUMNS).where(HappeningRow.enrolment == enrolment))
        return [row for row in rows if row.id in self._given or row.id <= self._floor()]

    def _mine(self, *columns: Any) -> Select[Any]:
        return (
            select(*columns)
            .join(EnrolmentRow, EnrolmentRow.id == HappeningRow.enrolment)
            .where(EnrolmentRow.event == self._event)
            .order_by(HappeningRow.id)
        )

    def _read(self, query: Select[Any]) -> list[Happening]:
        with self._engine.connect() as connection:
            return [Happening._make(row) for row in connection.execute(query)]

    def _floor(self) -> int:
        """Below this number everything has been given."""
        return self._marks[0][1]

    def _remember(self, rows: list[Happening]) -> None:
        at = self._clock()
        if not self._marks:
            high = rows[-1].id if rows else 0
            self._marks.append((at, max(0, high - NUMBERS)))
        else:
            high = max(self._marks[-1][1], rows[-1].id if rows else 0)
        self._marks.append((at, high))
        while len(self._marks) > 1 and self._marks[1][0] < at - WHILE:
            self._marks.popleft()
        self._given.update(row.id for row in rows if row.id > self._floor())
        self._given = {number for number in self._given if number > self._floor()}


@dataclass(frozen=True)
class Alert:
    """Something that does not answer: an AWS (`people` are in it), or "worker": none lives."""

    kind: str
    name: str = ""
    since: datetime | None = None
    people: int = 0
    others: int = 0


class Surroundings:
    """What a board shows of an event besides the record."""

    def __init__(self, engine: Engine, event: int) -> None:
        self._engine = engine
        self._event = event

    def people(self) -> dict[int, Who]:
        """Who has joined, by number."""
        wanted = select(EnrolmentRow.id, EnrolmentRow.handle, EnrolmentRow.name, EnrolmentRow.backend)
        with self._engine.connect() as connection:
            rows = connection.execute(
                wanted.where(EnrolmentRow.event == self._event).order_by(EnrolmentRow.id)
            )
            return {row.id: Who(*row) for row in rows}

    def joined(self) -> int:
        """How many there are."""
        wanted = select(func.count()).select_from(EnrolmentRow).where(EnrolmentRow.event == self._event)
        with self._engine.connect() as connection:
            return connection.scalar(wanted) or 0

    def seen(self) -> dict[int, datetime]:
        """Everybody's last sign of life."""
        wanted = (
            select(PresenceRow.enrolment, PresenceRow.seen)
            .join(EnrolmentRow, EnrolmentRow.id == PresenceRow.enrolment)
            .where(EnrolmentRow.event == self._event)
        )
        with self._engine.connect() as connection:
            return dict(connection.execute(wanted).all())

    def hands(self) -> dict[int, Hand]:
        """The hands that are up, by whose they are, the first that was raised first."""
        wanted = (
            select(
                HandRow.enrolment,
                HandRow.raised,
                HandRow.taken,
                FacilitatorRow.name,
                HandRow.slug,
                HandRow.message,
            )
            .outerjoin(FacilitatorRow, FacilitatorRow.id == HandRow.taker)
            .where(HandRow.event == self._event, HandRow.ended.is_(None))
            .order_by(HandRow.raised)
        )
        with self._engine.connect() as connection:
            return {
                row.enrolment: Hand(row.raised, (row.name or "") if row.taken else "", row.slug, row.message)
                for row in connection.execute(wanted)
            }

    def alerts(self, people: dict[int, Who], at: datetime) -> tuple[Alert, ...]:
        """Which AWS of theirs does not answer, and whether no worker lives."""
        used = [who.backend for who in people.values()]
        down = select(BackendRow.name, BackendRow.down).where(BackendRow.down.is_not(None))
        with self._engine.connect() as connection:
            seen = connection.scalar(select(func.max(WorkerRow.seen)))
            found = [
                Alert("aws", name, since, used.count(name), len(used) - used.count(name))
                for name, since in connection.execute(down.order_by(BackendRow.name))
                if name in used
            ]
        worker = seen is not None and at - seen < ALIVE
        return (*found, *(() if worker else (Alert("worker", since=seen),)))
