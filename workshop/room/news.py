"""What hooks are told, read from the record: who joined, passed a step, asked for help, has finished.

Each round reads on from where the last one came to, and once more what is younger than `OVERLAP`: on
PostgreSQL a happening may become visible after one with a higher number, for as long as somebody's
transaction takes. Nothing is told twice, because a delivery is there once for each hook and thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from workshop.course import Course
from workshop.models import (
    DeliveryRow,
    EnrolmentRow,
    EventRow,
    FacilitatorRow,
    HappeningRow,
    HookRow,
    now,
)
from workshop.room.past import story
from workshop.room.story import Route
from workshop.watch.standing import ENDED_WELL

OVERLAP = timedelta(minutes=1)
AT_ONCE = 200
JOINED, PASSED, FINISHED = "attendee.joined", "step.passed", "course.finished"
# The record's words for what becomes of a hand, and the message's.
HANDS: Mapping[str, str] = {
    "hand raised": "hand.raised",
    "hand taken": "hand.taken",
    "hand released": "hand.released",
    "hand ended": "hand.ended",
}


@dataclass(frozen=True)
class Piece:
    """One thing to tell: what it is, the number of what it tells of, and the message's body."""

    kind: str
    number: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A hook, its event, and the course that this event walks."""

    hook: HookRow
    event: EventRow
    course: Course

    def wants(self, kind: str) -> bool:
        return kind in self.hook.kinds

    def has(self, slug: str) -> bool:
        return any(step.slug == slug for step in self.course.steps)


class News:
    """Fills everybody's deliveries, in one database."""

    def __init__(self, engine: Engine, course: Course, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._course = course
        self._now = clock

    def gather(self) -> None:
        """Put down what is to be told by now; any number of workers may do so at once."""
        wanted = (
            select(HookRow, EventRow)
            .join(EventRow, EventRow.id == HookRow.event)
            .where(HookRow.ended.is_(None), EventRow.deleted.is_(None))
            .order_by(HookRow.id)
        )
        with Session(self._engine, expire_on_commit=False) as session:
            for hook, event in session.execute(wanted).all():
                told = Told(hook, event, self._course.only(tuple(event.chapters)))
                try:
                    self._gather(session, told)
                except IntegrityError:  # the hook has just been removed
                    session.rollback()

    def _gather(self, session: Session, told: Told) -> None:
        happened = session.execute(_happened(told)).all()
        pieces = [*_of_people(told, happened), *_of_hands(session, told, happened)]
        pieces += _of_finished(session, told, happened)
        for begin in range(0, len(pieces), AT_ONCE):
            self._put(session, told.hook.id, pieces[begin : begin + AT_ONCE])
        settled = [row.id for row in happened if row.at < self._now() - OVERLAP]
        if settled:
            mine = update(HookRow).where(HookRow.id == told.hook.id, HookRow.upto < settled[-1])
            session.execute(mine.values(upto=settled[-1]))
            session.commit()

    def _put(self, session: Session, hook: int, pieces: list[Piece]) -> None:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        rows = [
            {"hook": hook, "kind": one.kind, "happening": one.number, "body": one.body, "due": self._now()}
            for one in pieces
        ]
        rest = {"tries": 0, "status": 0, "words": ""}
        session.execute(
            dialect.insert(DeliveryRow).values([row | rest for row in rows]).on_conflict_do_nothing()
        )
        session.commit()


def _happened(told: Told) -> Select[*tuple[Any, ...]]:
    """What is new in an event: who joined, what became of hands, and first passes of steps."""
    earlier, helped = aliased(HappeningRow), aliased(HappeningRow)
    same = (earlier.enrolment == HappeningRow.enrolment, earlier.slug == HappeningRow.slug)
    before = select(earlier.id).where(*same, earlier.kind.in_(ENDED_WELL), earlier.id < HappeningRow.id)
    for_them = select(helped.id).where(
        helped.enrolment == HappeningRow.enrolment,
        helped.slug == HappeningRow.slug,
        helped.kind == "helped",
        helped.id < HappeningRow.id,
    )
    columns = (HappeningRow.id, HappeningRow.at, HappeningRow.kind, HappeningRow.slug, HappeningRow.details)
    whose = (EnrolmentRow.id.label("enrolment"), EnrolmentRow.handle, EnrolmentRow.name)
    return (
        select(*columns, for_them.exists().label("helped"), *whose)
        .join(EnrolmentRow, EnrolmentRow.id == HappeningRow.enrolment)
        .where(EnrolmentRow.event == told.event.id)
        .where(HappeningRow.id > told.hook.upto, HappeningRow.at >= told.hook.made)
        .where(
            HappeningRow.kind.in_(("joined", *HANDS))
            | (HappeningRow.kind.in_(ENDED_WELL) & ~before.exists()),
        )
        .order_by(HappeningRow.id)
    )


def _of_people(told: Told, happened: Sequence[Row[Any]]) -> Iterator[Piece]:
    for row in happened:
        if row.kind == "joined" and told.wants(JOINED):
            yield Piece(JOINED, row.id, _body(told, JOINED, row.at, row))
        elif row.kind in ENDED_WELL and told.wants(PASSED) and told.has(row.slug):
            how = "read" if row.kind == "read" else "done for them" if row.helped else "by themselves"
            step = _step(told.course, row.slug)
            yield Piece(PASSED, row.id, _body(told, PASSED, row.at, row, step=step, how=how))


def _of_hands(session: Session, told: Told, happened: Sequence[Row[Any]]) -> Iterator[Piece]:
    wanted = [row for row in happened if row.kind in HANDS and told.wants(HANDS[row.kind])]
    if not wanted:
        return
    names = dict(session.execute(select(FacilitatorRow.id, FacilitatorRow.name)).all())
    for row in wanted:
        said = {
            "id": row.details.get("hand"),
            "message": row.details.get("message", ""),
            "facilitator": names.get(row.details.get("facilitator")),
            "outcome": row.details.get("outcome", ""),
        }
        kind, step = HANDS[row.kind], _step(told.course, row.slug)
        yield Piece(kind, row.id, _body(told, kind, row.at, row, hand=said, step=step))


def _of_finished(session: Session, told: Told, happened: Sequence[Row[Any]]) -> Iterator[Piece]:
    """Who of those that have just passed something has finished; of each person once."""
    if not told.wants(FINISHED):
        return
    passes = {row.enrolment: row for row in happened if row.kind in ENDED_WELL}
    route = Route.of(told.course)
    for number in session.scalars(_everywhere(route, set(passes))).all():
        finished = story(session.connection(), route, number).finished
        if finished:
            yield Piece(FINISHED, number, _body(told, FINISHED, finished, passes[number]))


def _everywhere(route: Route, candidates: set[int]) -> Select[int]:
    """Who of these has passed each task at all: a story is folded for them only."""
    return (
        select(HappeningRow.enrolment)
        .where(HappeningRow.enrolment.in_(candidates), HappeningRow.slug.in_(route.tasks))
        .where(HappeningRow.kind == "passed")
        .group_by(HappeningRow.enrolment)
        .having(func.count(HappeningRow.slug.distinct()) == len(route.tasks))
    )


def _step(course: Course, slug: str) -> dict[str, Any] | None:
    """Where a step stands in the event's course; None for one that is not in it."""
    for number, step in enumerate(course.steps, 1):
        if step.slug == slug:
            return {
                "slug": slug,
                "title": step.title,
                "chapter": step.chapter,
                "number": number,
                "of": len(course.steps),
            }
    return None


def _body(told: Told, kind: str, at: datetime, who: Row[Any], **more: Any) -> dict[str, Any]:
    attendee = {"id": who.enrolment, "handle": who.handle, "name": who.name}
    return message(kind, at, told.event.id, told.event.code, told.event.name, attendee=attendee, **more)


def message(kind: str, at: datetime, event: int, code: str, name: str, **more: Any) -> dict[str, Any]:
    """A message as it is sent: its type, when it happened, and the data."""
    data = {"event": {"id": event, "code": code, "name": name}, **more}
    return {"type": kind, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
