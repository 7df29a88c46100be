"""Words from facilitators: a banner for all, a note to one or to many, and an offer of help to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, bindparam, select, update
from sqlalchemy.orm import Session

from workshop.models import EnrolmentRow, FacilitatorRow, NoteRow, hold_event, hold_person, now

BANNER, NOTE, OFFER = "banner", "note", "offer"
READ, WITHDRAWN, ACCEPTED, DECLINED = "read", "withdrawn", "accepted", "declined"
LONGEST = 1000


@dataclass(frozen=True)
class Note:
    """One word: from whom (`by`), to whom (None: to all), and what became of it ("" while it stands)."""

    id: int
    kind: str
    enrolment: int | None
    by: str
    facilitator: int | None
    words: str
    slug: str
    help: str
    at: datetime
    ended: datetime | None
    outcome: str
    handle: str = ""


@dataclass(frozen=True)
class Sent:
    """One word as its facilitator sees it: to how many it went, and who has read it."""

    kind: str
    words: str
    by: str
    at: datetime
    to: tuple[Note, ...]

    @property
    def read(self) -> tuple[Note, ...]:
        """Those who have said that they have read it."""
        return tuple(one for one in self.to if one.outcome == READ)

    @property
    def stands(self) -> bool:
        """Whether somebody still sees it."""
        return any(one.ended is None for one in self.to)


class Notes:
    """All words of all events, in one database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._now = clock

    def banner(self, event: int, who: int, words: str) -> None:
        """Say something to all, also to those who come later; it takes the place of the last one."""
        with Session(self._engine) as session:
            hold_event(session, event)  # else of two that are said at once both stand
            session.execute(self._ending(WITHDRAWN, *_banner(event)))
            session.add(NoteRow(event=event, facilitator=who, kind=BANNER, words=words, at=self._now()))
            session.commit()

    def withdraw(self, event: int) -> bool:
        """Take the banner down; whether there was one."""
        return self._end(WITHDRAWN, *_banner(event))

    def write(self, event: int, who: int, words: str, to: Iterable[int]) -> int:
        """A note to each of these; to how many it went."""
        at = self._now()
        rows = [
            NoteRow(event=event, enrolment=one, facilitator=who, kind=NOTE, words=words, at=at) for one in to
        ]
        with Session(self._engine) as session:
            session.add_all(rows)
            session.commit()
        return len(rows)

    def offer(self, event: int, who: int, enrolment: int, slug: str, kind: str) -> None:
        """Offer help of this kind with a step; it takes the place of an offer that stands."""
        row = NoteRow(event=event, enrolment=enrolment, facilitator=who, kind=OFFER, slug=slug, help=kind)
        row.at = self._now()
        with Session(self._engine) as session:
            hold_person(session, enrolment)
            session.execute(self._ending(WITHDRAWN, *_offer(enrolment)))
            session.add(row)
            session.commit()

    def withdraw_offer(self, event: int, enrolment: int) -> bool:
        """Take back what was offered; whether it still stood."""
        return self._end(WITHDRAWN, NoteRow.event == event, *_offer(enrolment))

    def read(self, enrolment: int, number: int) -> bool:
        """They have read this note; whether it was still there to be read."""
        return self._end(READ, NoteRow.id == number, NoteRow.enrolment == enrolment, NoteRow.kind == NOTE)

    def answer(self, enrolment: int, number: int, outcome: str) -> Note | None:
        """Accept or decline an offer, once; None where it does not stand any more."""
        mine = (NoteRow.id == number, *_offer(enrolment))
        if not self._end(outcome, *mine):
            return None
        return next(iter(self._all(_told(NoteRow.id == number))), None)

    def standing(self, event: int, enrolment: int) -> list[Note]:
        """What somebody is to see now: banner, notes and offer, the oldest first."""
        return self._all(STANDING, event=event, who=enrolment)

    def to(self, enrolment: int) -> list[Note]:
        """All that was said to somebody alone, the newest first."""
        return self._all(_told(NoteRow.enrolment == enrolment).order_by(NoteRow.id.desc()))

    def sent(self, event: int) -> list[Sent]:
        """Banners and notes of an event, the newest first; one that went to many is one."""
        found: dict[tuple[str, datetime, str], list[Note]] = {}
        wanted = _told(NoteRow.event == event, NoteRow.kind != OFFER).order_by(NoteRow.id.desc())
        for note in self._all(wanted):
            found.setdefault((note.kind, note.at, note.words), []).append(note)
        return [
            Sent(kind, words, notes[0].by, at, tuple(reversed(notes)))
            for (kind, at, words), notes in found.items()
        ]

    def _ending(self, outcome: str, *conditions: Any) -> Any:
        change = update(NoteRow).where(NoteRow.ended.is_(None), *conditions)
        return change.values(ended=self._now(), outcome=outcome)

    def _end(self, outcome: str, *conditions: Any) -> bool:
        with Session(self._engine) as session:
            done = session.execute(self._ending(outcome, *conditions))
            session.commit()
            return bool(done.rowcount)  # type: ignore[attr-defined]

    def _all(self, wanted: Select[*tuple[Any, ...]], **values: object) -> list[Note]:
        with Session(self._engine) as session:
            return [_note(*found) for found in session.execute(wanted, values)]


def _banner(event: int) -> tuple[Any, ...]:
    return NoteRow.event == event, NoteRow.kind == BANNER


def _offer(enrolment: int) -> tuple[Any, ...]:
    return NoteRow.enrolment == enrolment, NoteRow.kind == OFFER


def _told(*conditions: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(NoteRow, FacilitatorRow.name, EnrolmentRow.handle)
        .outerjoin(FacilitatorRow, FacilitatorRow.id == NoteRow.facilitator)
        .outerjoin(EnrolmentRow, EnrolmentRow.id == NoteRow.enrolment)
        .where(*conditions)
    )


THEIRS = (NoteRow.enrolment == bindparam("who")) | NoteRow.enrolment.is_(None)
STANDING = _told(NoteRow.event == bindparam("event"), NoteRow.ended.is_(None), THEIRS).order_by(NoteRow.id)


def _note(row: NoteRow, by: str | None, handle: str | None) -> Note:
    return Note(
        row.id,
        row.kind,
        row.enrolment,
        by or "",
        row.facilitator,
        row.words,
        row.slug,
        row.help,
        row.at,
        row.ended,
        row.outcome,
        handle or "",
    )
