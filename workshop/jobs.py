"""Long work for an attendee: asked for in the database, done by a worker, one at a time for each.

Asking is adding a row, so a click is kept even while no worker runs. A worker hands open rows to
DBOS, which brings a job to its end even if the worker is killed in the middle of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import DeedRow, FacilitatorRow, HappeningRow, JobRow, LineRow, WorkerRow, now

ALIVE = timedelta(seconds=5)
LINES_SHOWN = 200
LONGEST_LINE = 500


class Outcome(StrEnum):
    """How a job ended; OPEN is not yet."""

    OPEN = ""
    DONE = "done"
    STOPPED = "stopped"  # because the attendee asked for that
    NOT_YET = "not yet"  # something has to come first
    REFUSED = "refused"  # AWS refused or did not answer
    BUG = "bug"


class Kind(StrEnum):
    """What a job is asked to do with its step."""

    DO = "do"
    CATCH_UP = "catch up"  # do all steps before it
    START_OVER = "start over"  # remove what it made
    RESET = "reset"  # empty the account, so that it is prepared afresh


@dataclass(frozen=True)
class Deed:
    """One thing that was done in AWS, or was there already, and the command that does the same."""

    kind: str
    sentence: str
    command: str


@dataclass(frozen=True)
class Behalf:
    """Who asks for a job in an attendee's stead, and why ("" where the attendee has agreed).

    `batch` is shared by what was asked for many in one go.
    """

    facilitator: int
    name: str
    reason: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Job:
    """One piece of help, and how it ended: its outcome, what to say of it, what to do.

    `by` is the facilitator who had it done ("": the attendee themselves), `reason` what they said.
    """

    id: str
    enrolment: int
    slug: str
    asked: datetime
    outcome: Outcome
    words: str = ""
    hint: str = ""
    kind: Kind = Kind.DO
    stopping: bool = False
    by: str = ""
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.outcome == Outcome.OPEN


class Jobs:
    """Everybody's jobs, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, enrolment: int, slug: str, kind: Kind = Kind.DO) -> Job:
        """Ask for help with a step; where a job is open already, that one is the answer."""
        # Between our try and our look the other one may have ended: then ask again.
        return self._add(enrolment, slug, kind) or self.current(enrolment) or self.ask(enrolment, slug, kind)

    def ask_for(self, enrolment: int, slug: str, kind: Kind, behalf: Behalf) -> Job | None:
        """The same in somebody's stead; None where a job is open, for that one may be another's wish."""
        return self._add(enrolment, slug, kind, behalf)

    def _add(self, enrolment: int, slug: str, kind: Kind, behalf: Behalf | None = None) -> Job | None:
        row = JobRow(id=str(uuid.uuid4()), enrolment=enrolment, slug=slug, kind=kind.value, asked=now())
        if behalf:
            row.facilitator, row.reason, row.batch = behalf.facilitator, behalf.reason, behalf.batch
        with Session(self._engine) as session:
            session.add(row)
            if kind == Kind.DO:
                session.add(_helped(row, behalf))
            try:
                session.flush()
            except IntegrityError:
                return None
            asked = _job(row, behalf.name if behalf else "")
            session.commit()
            return asked

    def batch(self, number: str) -> list[Job]:
        """What was asked for many in one go, in the order in which it was."""
        return self._all(_told(JobRow.batch == number).order_by(JobRow.asked))

    def of(self, enrolment: int) -> list[Job]:
        """All that was ever asked for somebody, the newest first."""
        return self._all(_told(JobRow.enrolment == enrolment).order_by(JobRow.asked.desc()))

    def _all(self, wanted: Select[*tuple[Any, ...]]) -> list[Job]:
        with Session(self._engine) as session:
            return [_job(*found) for found in session.execute(wanted)]

    def current(self, enrolment: int) -> Job | None:
        """The job that is open."""
        return next(iter(self._all(_told(JobRow.enrolment == enrolment, JobRow.ended.is_(None)))), None)

    def last(self, enrolment: int, slug: str) -> Job | None:
        """The newest job for this step."""
        wanted = _told(JobRow.enrolment == enrolment, JobRow.slug == slug)
        return next(iter(self._all(wanted.order_by(JobRow.asked.desc()).limit(1))), None)

    def get(self, job: str) -> Job | None:
        """The job of this id."""
        return next(iter(self._all(_told(JobRow.id == job))), None)

    def lines(self, job: str) -> list[str]:
        """What it has said, in order: the last 200 lines."""
        return [words for _, words in self.lines_by_step(job)]

    def lines_by_step(self, job: str) -> list[tuple[str, str]]:
        """The same, each with the step that it was at."""
        wanted = select(LineRow.slug, LineRow.words).where(LineRow.job == job).order_by(LineRow.id.desc())
        with Session(self._engine) as session:
            return [(slug, words) for slug, words in session.execute(wanted.limit(LINES_SHOWN))][::-1]

    def stop(self, enrolment: int) -> None:
        """Ask the open job to stop before its next step; what it is at, it brings to its end."""
        change = update(JobRow).where(JobRow.enrolment == enrolment, JobRow.ended.is_(None))
        with Session(self._engine) as session:
            session.execute(change.values(stopping=now()))
            session.commit()

    def stopping(self, job: str) -> bool:
        """Whether it has been asked to stop."""
        found = self.get(job)
        return found is not None and found.stopping

    def did(self, job: str, slug: str, deed: Deed) -> None:
        """Keep one thing that it did in AWS."""
        with Session(self._engine) as session:
            session.add(
                DeedRow(job=job, slug=slug, kind=deed.kind, words=deed.sentence, command=deed.command)
            )
            session.commit()

    def deeds(self, enrolment: int, slug: str) -> list[Deed]:
        """What was done for somebody at this step, by the newest job that did something there."""
        newest = (
            select(DeedRow.job)
            .join(JobRow, JobRow.id == DeedRow.job)
            .where(JobRow.enrolment == enrolment, DeedRow.slug == slug)
            .order_by(DeedRow.id.desc())
            .limit(1)
        )
        with Session(self._engine) as session:
            wanted = select(DeedRow).where(DeedRow.job == session.scalar(newest), DeedRow.slug == slug)
            return [
                Deed(row.kind, row.words, row.command) for row in session.scalars(wanted.order_by(DeedRow.id))
            ]

    def begin(self, job: Job) -> bool:
        """Note that a worker takes it up; whether one had before, and was cut off in the middle."""
        tries = select(HappeningRow.details).where(
            HappeningRow.enrolment == job.enrolment,
            HappeningRow.slug == job.slug,
            HappeningRow.kind == "begun",
        )
        note = HappeningRow(enrolment=job.enrolment, kind="begun", slug=job.slug, details={"job": job.id})
        with Session(self._engine) as session:
            before = any(begun["job"] == job.id for begun in session.scalars(tries))
            session.add(note)
            session.commit()
        return before

    def say(self, job: str, words: str, slug: str = "") -> None:
        """Add a line to what it has said; the same of a step twice in a row is said once."""
        said = select(LineRow.slug, LineRow.words).where(LineRow.job == job)
        line = words.strip()[:LONGEST_LINE]
        with Session(self._engine) as session:
            newest = session.execute(said.order_by(LineRow.id.desc()).limit(1)).first()
            if newest is None or tuple(newest) != (slug, line):
                session.add(LineRow(job=job, slug=slug, words=line))
                session.commit()

    def end(self, job: str, outcome: Outcome, words: str = "", hint: str = "") -> bool:
        """Close a job, once; whether it was open."""
        change = (
            update(JobRow)
            .where(JobRow.id == job, JobRow.ended.is_(None))
            .values(ended=now(), outcome=outcome.value, words=words, hint=hint)
        )
        with Session(self._engine) as session:
            changed = bool(session.execute(change).rowcount)  # type: ignore[attr-defined]
            row = session.get(JobRow, job) if changed else None
            if row:
                session.add(
                    HappeningRow(enrolment=row.enrolment, kind="ended", slug=row.slug, found=outcome.value)
                )
            session.commit()
            return changed

    def unqueued(self) -> list[str]:
        """Jobs that no worker has handed to its engine yet, the oldest first."""
        return self._open(JobRow.queued.is_(None))

    def queued(self) -> list[str]:
        """Jobs that are with an engine and not over."""
        return self._open(JobRow.queued.is_not(None))

    def _open(self, condition: object) -> list[str]:
        wanted = select(JobRow.id).where(JobRow.ended.is_(None), condition).order_by(JobRow.asked)  # type: ignore[arg-type]
        with Session(self._engine) as session:
            return list(session.scalars(wanted))

    def mark_queued(self, job: str) -> None:
        """Remember that it has been handed over."""
        with Session(self._engine) as session:
            session.execute(update(JobRow).where(JobRow.id == job).values(queued=now()))
            session.commit()

    def mark_unqueued(self, job: str) -> None:
        """Remember that no engine has it: it is to be handed over anew."""
        with Session(self._engine) as session:
            session.execute(update(JobRow).where(JobRow.id == job).values(queued=None))
            session.commit()

    def worker_alive(self) -> bool:
        """Whether some worker has given a sign of life just now."""
        with Session(self._engine) as session:
            seen = session.scalar(select(func.max(WorkerRow.seen)))
            return seen is not None and now() - seen < ALIVE


def _told(*conditions: Any) -> Select[*tuple[Any, ...]]:
    """Jobs, each with the name of the facilitator who had it done."""
    named = FacilitatorRow.id == JobRow.facilitator
    return select(JobRow, FacilitatorRow.name).outerjoin(FacilitatorRow, named).where(*conditions)


def _helped(row: JobRow, behalf: Behalf | None) -> HappeningRow:
    why = {"by": behalf.name, "facilitator": behalf.facilitator, "reason": behalf.reason} if behalf else {}
    return HappeningRow(enrolment=row.enrolment, kind="helped", slug=row.slug, details=why)


def _job(row: JobRow, by: str | None = "") -> Job:
    return Job(
        id=row.id,
        enrolment=row.enrolment,
        slug=row.slug,
        asked=row.asked,
        outcome=Outcome(row.outcome or ""),
        words=row.words or "",
        hint=row.hint or "",
        kind=Kind(row.kind),
        stopping=row.stopping is not None,
        by=by or "",
        reason=row.reason or "",
    )
