"""When each step was last looked at, and how soon it is worth looking again unasked."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import SightRow, now

# Seconds to the next look, by how many in a row found nothing new: who is at work is looked at often,
# whose page merely stands open seldom.
PAUSES = (3, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30)
SOON = 2.5  # while AWS is at work, for that comes to an end
SELDOM = 60  # where all holds; who comes back to the page has it looked at as soon as any other


class Sights:
    """The looks at everybody's steps, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seen(self, enrolment: int) -> dict[str, datetime]:
        """When each step was last looked at."""
        wanted = select(SightRow.slug, SightRow.at).where(SightRow.enrolment == enrolment)
        with Session(self._engine) as session:
            return {row.slug: row.at for row in session.execute(wanted)}

    def turn(
        self, enrolment: int, slug: str, waiting: bool = False, eager: bool = False, holds: bool = False
    ) -> bool:
        """Whether it is time to look again; True to one asker only, however many tabs are open."""
        with Session(self._engine) as session:
            row = session.get(SightRow, (enrolment, slug))
            if row is None:
                return self._first(session, enrolment, slug)
            still = 0 if eager else row.still
            pause = SOON if waiting else PAUSES[min(still, len(PAUSES) - 1)]
            pause = SELDOM if holds and not eager else pause
            if now() - row.at < timedelta(seconds=pause):
                return False
            mine = (
                update(SightRow)
                .where(SightRow.enrolment == enrolment, SightRow.slug == slug, SightRow.at == row.at)
                .values(at=now(), still=still)
            )
            taken = session.execute(mine)
            session.commit()
            return bool(taken.rowcount)  # type: ignore[attr-defined]

    def _first(self, session: Session, enrolment: int, slug: str) -> bool:
        session.add(SightRow(enrolment=enrolment, slug=slug, still=0))
        try:
            session.commit()
        except IntegrityError:  # another tab was first
            return False
        return True

    def note(self, enrolment: int, slug: str, news: bool) -> None:
        """A step has been looked at, and there was something new or not."""
        mine = update(SightRow).where(SightRow.enrolment == enrolment, SightRow.slug == slug)
        with Session(self._engine) as session:
            noted = session.execute(mine.values(at=now(), still=0 if news else SightRow.still + 1))
            if noted.rowcount:  # type: ignore[attr-defined]
                session.commit()
            else:
                self._first(session, enrolment, slug)
