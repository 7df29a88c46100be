"""Signs of life: whose page is open now, and at which step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import EnrolmentRow, PresenceRow, now

SPARE = timedelta(seconds=10)  # a sign that soon after the last one says nothing new


@dataclass(frozen=True)
class Sign:
    """When somebody's page was last seen to be open, and at which step."""

    seen: datetime
    slug: str


class Attendance:
    """Everybody's signs of life, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, enrolment: int, slug: str) -> None:
        """Somebody's page is open at this step ("" for none)."""
        change = (
            update(PresenceRow)
            .where(PresenceRow.enrolment == enrolment)
            .where((PresenceRow.seen < now() - SPARE) | (PresenceRow.slug != slug))
        )
        with Session(self._engine) as session:
            if session.execute(change.values(seen=now(), slug=slug)).rowcount:  # type: ignore[attr-defined]
                session.commit()
            elif session.get(PresenceRow, enrolment) is None:
                self._first(session, enrolment, slug)

    def _first(self, session: Session, enrolment: int, slug: str) -> None:
        session.add(PresenceRow(enrolment=enrolment, seen=now(), slug=slug))
        try:
            session.commit()
        except IntegrityError:  # another tab was first
            session.rollback()

    def of_event(self, event: int) -> dict[int, Sign]:
        """The last signs of everybody in an event, by enrolment."""
        wanted = (
            select(PresenceRow)
            .join(EnrolmentRow, EnrolmentRow.id == PresenceRow.enrolment)
            .where(EnrolmentRow.event == event)
        )
        with Session(self._engine) as session:
            return {row.enrolment: Sign(row.seen, row.slug) for row in session.scalars(wanted)}
