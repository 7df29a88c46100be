"""Takes deleted events away for good, once their minute is over: empties the accounts, then forgets.

A worker claims an event by a date until which it is to be heard of; it puts that off with each
account. One that is killed is followed by another when the date has passed. Which accounts are
empty stands in the record, so nothing is begun from the start. An account that cannot be emptied
after a few tries does not hold up the rest: its number goes on record. One of a pool is handed to nobody
until it is empty, which is tried again now and then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Flag

from sqlalchemy import ColumnElement, Engine, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.jobs import Jobs, Outcome
from workshop.labs import Labs, NoGround
from workshop.models import EventRow, HappeningRow, JobRow, now
from workshop.progress import Enrolled, Progress
from workshop.room.event import UNDO
from workshop.room.pool import Account, due, put_back
from workshop.room.purge import purge
from workshop.work.helping import AWAY

log = logging.getLogger(__name__)

ROUND = 5.0  # seconds
CLAIM = timedelta(minutes=2)  # longer than one account takes
AGAIN = timedelta(seconds=20)
TRIES = 3
PATIENCE = timedelta(minutes=10)  # with help that is under way
Conditions = tuple[ColumnElement[bool], ...]
EMPTIED, NOT_EMPTIED = "emptied", "not emptied"


class Janitor:
    """Goes round again and again, in every worker; each event is taken by one of them."""

    def __init__(
        self,
        engine: Engine,
        progress: Progress,
        labs: Labs,
        jobs: Jobs,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._engine = engine
        self._progress = progress
        self._labs = labs
        self._jobs = jobs
        self._now = clock

    def go_round(self, ended: Flag) -> None:
        """Until the worker ends."""
        while not ended.wait(ROUND):
            try:
                self.sweep()
            except AWAY as error:
                log.warning("the database does not answer: %s", error)
            except Exception:
                log.exception("a deleted event could not be taken away; it is tried again")

    def sweep(self) -> None:
        """Take away what can be taken away now."""
        for event in self._due():
            until = self._claim(event)
            if until:
                self._take_away(event, until)
        for account in due(self._engine, self._now()):
            self._empty_again(account)

    def _due(self) -> list[int]:
        wanted = select(EventRow.id).where(*self._gone())
        with Session(self._engine) as session:
            return list(session.scalars(wanted))

    def _gone(self) -> Conditions:
        unclaimed = or_(EventRow.purging.is_(None), EventRow.purging <= self._now())
        return EventRow.deleted <= self._now() - UNDO, unclaimed

    def _claim(self, event: int) -> datetime | None:
        """Until when it is ours; None where another worker was quicker, or it was had back."""
        until = self._now() + CLAIM
        mine = (EventRow.id == event, *self._gone())
        return until if self._set(mine, until) else None

    def _keep(self, event: int, until: datetime, for_: timedelta = CLAIM) -> datetime | None:
        """The claim, put off; None where it has been lost."""
        later = self._now() + for_
        return later if self._set((EventRow.id == event, EventRow.purging == until), later) else None

    def _set(self, conditions: Conditions, until: datetime) -> bool:
        with Session(self._engine) as session:
            done = session.execute(update(EventRow).where(*conditions).values(purging=until))
            session.commit()
            return bool(done.rowcount)  # type: ignore[attr-defined]

    def _take_away(self, event: int, claimed: datetime) -> None:
        until: datetime | None = claimed
        if self._busy(event):
            self._keep(event, claimed, AGAIN)
            return
        people = self._progress.of_event(event)
        for person in people:
            if until and self._to_empty(person):
                self._empty(person)
                until = self._keep(event, until)
        if until is None:  # it took too long, and another worker is at it
            return
        if any(self._to_empty(person) for person in people):
            self._keep(event, until, AGAIN)
        else:
            self._forget(event, until, people)

    def _busy(self, event: int) -> bool:
        """Whether somebody is being helped: it is stopped, and waited for, but not for ever."""
        people = {one.id for one in self._progress.of_event(event)}
        with Session(self._engine) as session:
            rows = list(
                session.scalars(select(JobRow).where(JobRow.ended.is_(None), JobRow.enrolment.in_(people)))
            )
            session.expunge_all()
        for row in rows:
            self._jobs.stop(row.enrolment)
            if row.queued is None or self._now() - row.asked > PATIENCE:
                self._jobs.end(row.id, Outcome.STOPPED)
        return any(row.queued is not None and self._now() - row.asked <= PATIENCE for row in rows)

    def _to_empty(self, person: Enrolled) -> bool:
        """Whether anything may be in their account, and it is worth a try."""
        if not person.keys:
            return False
        return not self._times(person, EMPTIED) and self._times(person, NOT_EMPTIED) < TRIES

    def _times(self, person: Enrolled, kind: str) -> int:
        wanted = select(func.count()).where(HappeningRow.enrolment == person.id, HappeningRow.kind == kind)
        with Session(self._engine) as session:
            return session.scalar(wanted) or 0

    def _empty(self, person: Enrolled) -> None:
        try:
            self._labs.empty(person)
        except NoGround as reason:
            log.warning("account %s could not be emptied: %s", person.account, reason)
            self._progress.record(person.id, NOT_EMPTIED)
        else:
            self._progress.record(person.id, EMPTIED)

    def _empty_again(self, account: Account) -> None:
        """Once more an account that is kept out of its pool; one that is empty goes back."""
        try:
            self._labs.empty_account(account.backend, account.number)
        except NoGround as reason:
            log.warning("account %s is still kept out of its pool: %s", account.number, reason)
        else:
            put_back(self._engine, account)
            log.info("account %s has been emptied and is handed out again", account.number)

    def _forget(self, event: int, until: datetime, people: list[Enrolled]) -> None:
        full = [one for one in people if one.keys and not self._times(one, EMPTIED)]
        told = {"people": len(people), "accounts_not_emptied": [one.account for one in full]}
        kept = [Account(one.backend, one.account) for one in full if self._labs.pooled(one)]
        try:
            done = purge(self._engine, event, until, kept, **told)
        except IntegrityError:  # something has just been added for one of them: next time
            self._keep(event, until, AGAIN)
        else:
            if done:
                log.info("event %s is gone for good, with %s people", event, len(people))
