"""Signs of life: whose page is open now, and at which step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import EnrolmentRow, HappeningRow, PresenceRow, now

SPARE = timedelta(seconds=10)  # a sign that soon after the last one says nothing new
AWAY = timedelta(minutes=2)  # without a sign for so long, somebody is away


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
        """Somebody's page is open at this step ("" for none); who was away is back."""
        at = now()
        with Session(self._engine) as session:
            last = session.get(PresenceRow, enrolment)
            if last is None:
                self._first(session, enrolment, slug)
            elif last.seen < at - SPARE or last.slug != slug:
                self._again(session, Sign(last.seen, last.slug), enrolment, Sign(at, slug))

    def _again(self, session: Session, last: Sign, enrolment: int, sign: Sign) -> None:
        """The next sign; of two tabs that give it at once, one tells of the return."""
        change = update(PresenceRow).where(PresenceRow.enrolment == enrolment, PresenceRow.seen == last.seen)
        given = session.execute(change.values(seen=sign.seen, slug=sign.slug))
        if given.rowcount and last.seen < sign.seen - AWAY:  # type: ignore[attr-defined]
            session.add(HappeningRow(enrolment=enrolment, kind="left", at=last.seen))
            session.flush()  # in this order
            session.add(HappeningRow(enrolment=enrolment, kind="back", at=sign.seen))
        session.commit()

    def _first(self, session: Session, enrolment: int, slug: str) -> None:
        session.add(PresenceRow(enrolment=enrolment, seen=now(), slug=slug))
        try:
            session.commit()
        except IntegrityError:  # another tab was first
            session.rollback()

    def of(self, enrolment: int) -> Sign | None:
        """Somebody's last sign."""
        with Session(self._engine) as session:
            row = session.get(PresenceRow, enrolment)
            return Sign(row.seen, row.slug) if row else None

    def of_event(self, event: int) -> dict[int, Sign]:
        """The last signs of everybody in an event, by enrolment."""
        wanted = (
            select(PresenceRow)
            .join(EnrolmentRow, EnrolmentRow.id == PresenceRow.enrolment)
            .where(EnrolmentRow.event == event)
        )
        with Session(self._engine) as session:
            return {row.enrolment: Sign(row.seen, row.slug) for row in session.scalars(wanted)}
