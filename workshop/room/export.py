"""An event as files for other programs: a row a person, a row a person and step, or the whole record.

CSV is as RFC 4180 has it, in UTF-8 with a mark at its beginning, by which spreadsheets know that. A
spreadsheet takes some cells for formulas, whoever typed them: those get an apostrophe in front.
Times are in UTC, as ISO 8601 writes them; durations are seconds of somebody's own time. What the
columns and the JSON mean is written down in docs/export.md.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from workshop.course import Course
from workshop.models import AuditRow, EnrolmentRow, FacilitatorRow, HappeningRow, now
from workshop.room.event import Event
from workshop.room.past import PORTION, stories
from workshop.room.report import everybody
from workshop.room.room import Who
from workshop.room.story import HOLDS, Route, Span, Stop, Story
from workshop.watch.standing import Mark

FORMAT = "workshop-event/1"
MARK = "\ufeff"
# What spreadsheets begin a formula with; also in the full width of East Asian scripts.
FORMULA = tuple("=+-@＝＋－＠")
Cell = str | int | float | None

PEOPLE = (
    *("id", "handle", "name", "joined", "last_active", "finished", "steps_done", "tasks_done", "tasks"),
    *("by_themselves", "done_for_them", "looks", "hints", "hands", "own_seconds", "waited_seconds"),
)
STEPS = (
    *("id", "handle", "name", "number", "step", "title", "chapter", "mark", "how", "opened", "passed"),
    *("own_seconds", "waited_seconds", "looks", "hints", "claims_failed"),
)


@dataclass(frozen=True)
class Told:
    """An event's people and their stories."""

    route: Route
    people: Mapping[int, Who]
    stories: Mapping[int, Story]
    pauses: tuple[Span, ...]

    def each(self) -> Iterator[tuple[Who, Story]]:
        """Everybody who has joined, in that order."""
        for number, who in self.people.items():
            yield who, self.stories.get(number) or Story(self.route)


class Exports:
    """Writes the files, a piece at a time. Without `names` handles alone say who somebody is."""

    def __init__(self, engine: Engine, course: Course, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._course = course
        self._now = clock

    def people(self, event: Event, names: bool) -> Iterator[str]:
        """CSV, a row a person."""
        told = self._told(event)
        return _csv(PEOPLE, (_person(who, story, told.pauses) for who, story in told.each()), names)

    def steps(self, event: Event, names: bool) -> Iterator[str]:
        """CSV, a row a person and step."""
        told = self._told(event)
        rows = (
            _step(who, story, number, stop, told.pauses)
            for who, story in told.each()
            for number, stop in enumerate(told.route.stops, 1)
        )
        return _csv(STEPS, rows, names)

    def record(self, event: Event, names: bool) -> Iterator[str]:
        """JSON, everything that happened, in order; it is read while it is sent."""
        course = self._course.only(event.chapters)
        head = {"format": FORMAT, "exported": _at(self._now()), "event": _event(event)}
        yield json.dumps(head, ensure_ascii=False)[:-1]
        with self._engine.connect() as connection:
            yield from _list("steps", (_course_step(place, one) for place, one in enumerate(course.steps, 1)))
            yield from _list("people", _joined(connection, event.id, names))
            yield from _list("happenings", _happenings(connection, event.id, names))
            yield from _list("deeds", _deeds(connection, event.id))
        yield "}\n"

    def _told(self, event: Event) -> Told:
        route = Route.of(self._course.only(event.chapters))
        with self._engine.connect() as connection:
            people = everybody(connection, event.id)
        pauses = tuple((start, end or self._now()) for start, end in event.pauses)
        return Told(route, people, stories(self._engine, route, event.id), pauses)


def harmless(cell: Cell) -> Cell:
    """The cell so that no spreadsheet takes it for a formula."""
    if isinstance(cell, str) and (cell.lstrip().startswith(FORMULA) or cell[:1] in ("\t", "\r", "\n")):
        return f"'{cell}"
    return cell


def _csv(columns: tuple[str, ...], rows: Iterator[dict[str, Cell]], names: bool) -> Iterator[str]:
    shown = [column for column in columns if names or column != "name"]
    yield MARK + _line(list(shown))
    for row in rows:
        yield _line([harmless(row[column]) for column in shown])


def _line(cells: list[Cell]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _person(who: Who, story: Story, pauses: tuple[Span, ...]) -> dict[str, Cell]:
    tasks = story.route.tasks
    marks = [story.mark(slug) for slug in tasks]
    parts = story.parts.values()
    passed = {slug: part.passed for slug, part in story.parts.items() if part.passed}
    return {
        **_who(who),
        "joined": _at(story.joined),
        "last_active": _at(story.active),
        "finished": _at(story.finished),
        "steps_done": story.done(),
        "tasks_done": sum(mark in HOLDS for mark in marks),
        "tasks": len(tasks),
        "by_themselves": marks.count(Mark.DONE),
        "done_for_them": marks.count(Mark.HELPED),
        "looks": sum(part.looks for part in parts),
        "hints": sum(part.hints for part in parts),
        "hands": story.hands,
        "own_seconds": round(sum(story.took(slug, pauses) or 0 for slug in passed)),
        "waited_seconds": round(sum(story.waited(slug, at) for slug, at in passed.items())),
    }


def _step(who: Who, story: Story, number: int, stop: Stop, pauses: tuple[Span, ...]) -> dict[str, Cell]:
    part = story.part(stop.slug)
    took = story.took(stop.slug, pauses)
    return {
        **_who(who),
        "number": number,
        "step": stop.slug,
        "title": stop.title,
        "chapter": stop.chapter,
        "mark": part.mark.value,
        "how": _how(stop, part.mark) if part.passed else "",
        "opened": _at(part.opened),
        "passed": _at(part.passed),
        "own_seconds": None if took is None else round(took),
        "waited_seconds": round(story.waited(stop.slug, part.passed)) if part.passed else None,
        "looks": part.looks,
        "hints": part.hints,
        "claims_failed": len(part.gaps),
    }


def _who(who: Who) -> dict[str, Cell]:
    return {"id": who.id, "handle": who.handle, "name": who.name}


def _how(stop: Stop, mark: Mark) -> str:
    if not stop.claims:
        return "read"
    return "done for them" if mark == Mark.HELPED else "by themselves"


def _at(moment: datetime | None) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else ""


def _list(name: str, entries: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A list as a member of the object that has begun, an entry a line."""
    yield f',\n"{name}": ['
    for place, entry in enumerate(entries):
        yield ("," if place else "") + "\n" + json.dumps(entry, ensure_ascii=False)
    yield "\n]"


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "code": event.code,
        "name": event.name,
        "starts": _at(event.starts),
        "ends": _at(event.ends),
        "closed": _at(event.closed),
        "region": event.region,
        "prefix": event.prefix,
        "capacity": event.capacity,
        "pauses": [[_at(start), _at(end)] for start, end in event.pauses],
    }


def _course_step(number: int, step: Any) -> dict[str, Any]:
    return {
        "number": number,
        "slug": step.slug,
        "title": step.title,
        "chapter": step.chapter,
        "minutes": step.minutes,
        "claims": list(step.claims),
    }


def _joined(connection: Connection, event: int, names: bool) -> Iterator[dict[str, Any]]:
    columns = (EnrolmentRow.id, EnrolmentRow.handle, EnrolmentRow.name, EnrolmentRow.account)
    wanted = select(*columns, EnrolmentRow.backend, EnrolmentRow.joined)
    for row in connection.execute(wanted.where(EnrolmentRow.event == event).order_by(EnrolmentRow.id)):
        said = {"id": row.id, "handle": row.handle} | ({"name": row.name} if names else {})
        yield said | {"account": row.account, "backend": row.backend, "joined": _at(row.joined)}


def _happenings(connection: Connection, event: int, names: bool) -> Iterator[dict[str, Any]]:
    mine = select(EnrolmentRow.id).where(EnrolmentRow.event == event)
    table = HappeningRow.__table__
    wanted = select(table).where(HappeningRow.enrolment.in_(mine)).order_by(HappeningRow.id)
    for row in connection.execution_options(yield_per=PORTION).execute(wanted):
        kept = {key: value for key, value in row.details.items() if names or key != "name"}
        yield {
            "id": row.id,
            "at": _at(row.at),
            "person": row.enrolment,
            "kind": row.kind,
            "step": row.slug,
            "by": row.by,
            "claim": row.claim,
            "found": row.found,
            "details": kept,
        }


def _deeds(connection: Connection, event: int) -> Iterator[dict[str, Any]]:
    wanted = (
        select(AuditRow.at, AuditRow.what, AuditRow.enrolment, AuditRow.reason, FacilitatorRow.login)
        .outerjoin_from(AuditRow, FacilitatorRow, FacilitatorRow.id == AuditRow.facilitator)
        .where(AuditRow.event == event)
        .order_by(AuditRow.id)
    )
    for row in connection.execute(wanted):
        yield {
            "at": _at(row.at),
            "facilitator": row.login or "",
            "what": row.what,
            "person": row.enrolment,
            "reason": row.reason,
        }
