"""Every event, in one database; each change is made so that none is lost when two come at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import EnrolmentRow, EventRow, GateRow, now
from workshop.room import codes
from workshop.room.event import UNDO, Event
from workshop.room.timer import Pause, Timer, pauses

TRIES = 50
# Asked with every request: to put a question together takes longer than to have it answered.
BY_NUMBER = select(EventRow).where(EventRow.id == bindparam("wanted"))
BY_CODE = select(EventRow).where(EventRow.code == bindparam("wanted"))
GATES = select(GateRow.chapter, GateRow.open).where(GateRow.event == bindparam("event"))
NEXT: dict[str, Any] = {"version": EventRow.version + 1}  # where what a draft says is changed


class UnknownEvent(Exception):
    """There is no such event."""


class ChangedMeanwhile(Exception):
    """Somebody else has changed the event since it was shown; `now` is how it is."""

    def __init__(self, current: Event) -> None:
        super().__init__(current.name)
        self.now = current


class Settled(Exception):
    """Somebody has joined: what stands in the names of what they make is not changed any more."""


@dataclass(frozen=True)
class Draft:
    """What a facilitator decides about an event; the rest comes about."""

    name: str
    starts: datetime
    ends: datetime
    region: str
    prefix: str
    capacity: int
    chapters: tuple[str, ...] = ()
    gated: bool = False
    welcome: str = ""
    backends: tuple[str, ...] = ()
    invited_only: bool = False

    def columns(self) -> dict[str, Any]:
        """As the table keeps it."""
        return vars(self) | {"chapters": list(self.chapters), "backends": list(self.backends)}

    def settled(self) -> dict[str, Any]:
        """What stays as it is once somebody has joined."""
        return {"region": self.region, "prefix": self.prefix, "backends": list(self.backends)}


class Events:
    """The events of this installation."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._now = clock

    def make(self, draft: Draft, first_chapter: str = "") -> Event:
        """A new event with a join code of its own; of a gated one the first chapter is open."""
        for _ in range(TRIES):
            row = EventRow(code=codes.made(), made=self._now(), **draft.columns())
            with Session(self._engine) as session:
                session.add(row)
                try:
                    session.flush()
                except IntegrityError:  # the code is taken
                    continue
                if draft.gated and first_chapter:
                    session.add(GateRow(event=row.id, chapter=first_chapter, open=True))
                session.commit()
                return self.get(row.id)
        raise RuntimeError("no join code is free")

    def get(self, number: int) -> Event:
        """The event of this number. Raises UnknownEvent."""
        return self._one(BY_NUMBER, number)

    def by_code(self, code: str) -> Event:
        """The event of a join code, as somebody typed it. Raises UnknownEvent."""
        return self._one(BY_CODE, codes.normal(code), code)

    def all(self) -> list[Event]:
        """All of them, the newest first."""
        with Session(self._engine) as session:
            rows = list(session.scalars(select(EventRow).order_by(EventRow.id.desc())))
            return [_event(row, {}) for row in rows]

    def _one(self, question: Any, wanted: int | str, asked: str = "") -> Event:
        with Session(self._engine) as session:
            row = session.scalar(question, {"wanted": wanted})
            if row is None:
                raise UnknownEvent(asked or str(wanted))
            gates = session.execute(GATES, {"event": row.id})
            return _event(row, dict(gates.all()))

    def joined(self, number: int) -> int:
        """How many have joined."""
        with Session(self._engine) as session:
            return _joined(session, number)

    def crowds(self) -> dict[int, int]:
        """How many have joined each event; one that nobody has joined is not in it."""
        many = select(EnrolmentRow.event, func.count()).where(EnrolmentRow.event.is_not(None))
        with Session(self._engine) as session:
            return {
                event: count for event, count in session.execute(many.group_by(EnrolmentRow.event)) if event
            }

    def change(self, number: int, version: int, draft: Draft) -> Event:
        """Decide anew. Raises ChangedMeanwhile if somebody else did since `version`, and Settled."""
        mine = (EventRow.id == number, EventRow.version == version)
        with Session(self._engine) as session:
            # The row is held from here on, so that nobody joins between the look and the change.
            if not session.execute(update(EventRow).where(*mine).values(NEXT)).rowcount:  # type: ignore[attr-defined]
                session.rollback()
                raise ChangedMeanwhile(self.get(number))
            row = session.get_one(EventRow, number)
            if any(getattr(row, key) != value for key, value in draft.settled().items()) and _joined(
                session, number
            ):
                raise Settled
            session.execute(update(EventRow).where(EventRow.id == number).values(**draft.columns()))
            session.commit()
        return self.get(number)

    def new_code(self, number: int) -> Event:
        """Another join code: the old one lets nobody in any more."""
        for _ in range(TRIES):
            try:
                self._update(number, code=codes.made())
            except IntegrityError:
                continue
            return self.get(number)
        raise RuntimeError("no join code is free")

    def start(self, number: int) -> None:
        """Let it begin now, if it has not begun."""
        self._update(number, EventRow.starts > self._now(), starts=self._now(), **NEXT)

    def close(self, number: int) -> None:
        """Let it be over now."""
        self._update(number, EventRow.closed.is_(None), closed=self._now())

    def reopen(self, number: int, ends: datetime) -> None:
        """Let it go on, until then."""
        self._update(number, closed=None, archived=None, ends=ends, **NEXT)

    def archive(self, number: int) -> None:
        """Put it away: closed, and out of sight but for its report."""
        at = self._now()
        closed = func.coalesce(EventRow.closed, at, type_=EventRow.closed.type)
        self._update(number, EventRow.archived.is_(None), archived=at, closed=closed)

    def delete(self, number: int) -> None:
        """Take it away; for a minute it can be had back, then it is gone for good."""
        self._update(number, EventRow.deleted.is_(None), deleted=self._now())

    def undelete(self, number: int) -> bool:
        """Have it back; whether that was in time."""
        in_time = (EventRow.deleted > self._now() - UNDO, EventRow.purging.is_(None))
        return self._update(number, *in_time, deleted=None)

    def gone(self) -> list[int]:
        """Deleted events whose minute is over."""
        wanted = select(EventRow.id).where(EventRow.deleted <= self._now() - UNDO)
        with Session(self._engine) as session:
            return list(session.scalars(wanted))

    def gate(self, number: int, chapter: str, is_open: bool) -> None:
        """Open or close a chapter."""
        change = update(GateRow).where(GateRow.event == number, GateRow.chapter == chapter)
        with Session(self._engine) as session:
            if not session.execute(change.values(open=is_open)).rowcount:  # type: ignore[attr-defined]
                session.add(GateRow(event=number, chapter=chapter, open=is_open))
            try:
                session.commit()
            except IntegrityError:  # somebody else has just said the first word about it
                session.rollback()
                session.execute(change.values(open=is_open))
                session.commit()

    def ungate(self, number: int) -> None:
        """Open all chapters, and let those to come be open."""
        with Session(self._engine) as session:
            session.execute(delete(GateRow).where(GateRow.event == number))
            session.execute(update(EventRow).where(EventRow.id == number).values(gated=False))
            session.commit()

    def set_timer(self, number: int, change: Callable[[Timer, datetime], Timer]) -> Timer:
        """Change the shared timer from what it is at this moment, whoever else does so too."""
        while True:
            event, at = self.get(number), self._now()
            old = event.timer
            new = change(old, at)
            paused = [_written(one) for one in pauses(event.pauses, old, new, at)]
            same = (
                EventRow.timer_seconds == old.seconds,
                EventRow.timer_used == old.used,
                EventRow.timer_since.is_(None) if old.since is None else EventRow.timer_since == old.since,
            )
            if self._update(
                number,
                *same,
                timer_seconds=new.seconds,
                timer_used=new.used,
                timer_since=new.since,
                pauses=paused,
            ):
                return new

    def _update(self, number: int, *conditions: Any, **values: Any) -> bool:
        """Change the row where the conditions hold; whether they did."""
        change = update(EventRow).where(EventRow.id == number, *conditions)
        with Session(self._engine) as session:
            done = session.execute(change.values(**values))
            session.commit()
            return bool(done.rowcount)  # type: ignore[attr-defined]


def _joined(session: Session, number: int) -> int:
    wanted = select(func.count()).select_from(EnrolmentRow).where(EnrolmentRow.event == number)
    return session.scalar(wanted) or 0


def _event(row: EventRow, gates: dict[str, bool]) -> Event:
    return Event(
        id=row.id,
        code=row.code,
        name=row.name,
        made=row.made,
        starts=row.starts,
        ends=row.ends,
        region=row.region,
        prefix=row.prefix,
        chapters=tuple(row.chapters),
        gated=row.gated,
        capacity=row.capacity,
        welcome=row.welcome,
        backends=tuple(row.backends),
        invited_only=row.invited_only,
        closed=row.closed,
        archived=row.archived,
        deleted=row.deleted,
        version=row.version,
        timer=Timer(row.timer_seconds, row.timer_used, row.timer_since),
        gates=gates,
        pauses=tuple(_read(one) for one in row.pauses),
    )


def _written(pause: Pause) -> str:
    """As an interval of ISO 8601; one that goes on ends in ".."."""
    start, end = pause
    return f"{start.isoformat()}/{end.isoformat() if end else '..'}"


def _read(interval: str) -> Pause:
    start, _, end = interval.partition("/")
    return datetime.fromisoformat(start), None if end == ".." else datetime.fromisoformat(end)
