"""Takes somebody out of an event: their account is emptied, and all that is known of them is gone.

It is gone at once and for good, rather than with the event: who leaves a room has nothing to do with
its report any more, and the handle and the place are free for another. What a facilitator did stays on
record. Price: there is no way back; that is why the handle is asked for.
"""

from __future__ import annotations

import logging

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from workshop.jobs import Jobs
from workshop.labs import Labs, NoGround
from workshop.models import Base, DeliveryRow, HappeningRow
from workshop.progress import Enrolled
from workshop.room.pool import Account, keep_out
from workshop.room.purge import belonging

PEOPLE = Base.metadata.tables["enrolments"]
log = logging.getLogger(__name__)


class Busy(Exception):
    """A job is open for them: it would write what has just been taken away."""


class Departures:
    """Takes people out, in one database."""

    def __init__(self, engine: Engine, jobs: Jobs, labs: Labs) -> None:
        self._engine = engine
        self._jobs = jobs
        self._labs = labs

    def remove(self, who: Enrolled) -> bool:
        """Take them out; whether their account was emptied as well. Raises Busy."""
        if self._jobs.current(who.id):
            raise Busy
        emptied = self._emptied(who)
        with Session(self._engine) as session:
            theirs = select(HappeningRow.id).where(HappeningRow.enrolment == who.id)
            session.execute(delete(DeliveryRow).where(DeliveryRow.happening.in_(theirs)))
            for table in reversed(Base.metadata.sorted_tables):
                rows = belonging(table, who.id, PEOPLE)
                if rows is not None:
                    session.execute(delete(table).where(rows))
            if who.keys and not emptied and self._labs.pooled(who):
                keep_out(session, [Account(who.backend, who.account)])
            session.commit()
        return emptied

    def _emptied(self, who: Enrolled) -> bool:
        """Where that fails they leave all the same, and nobody is handed the account until it is empty."""
        if not self._labs.can_empty(who):
            return False
        try:
            self._labs.empty(who)
        except NoGround:
            log.warning("account %s was not emptied when its attendee left", who.account)
            return False
        return True
