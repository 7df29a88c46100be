"""Certificates for those who have finished: issued once, under a name, and confirmed to whoever asks.

That one was issued is a happening as all others; the first one counts. The address that confirms it
is signed with the installation's secret, and confirms nothing once the event is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from workshop.course import Course
from workshop.models import EnrolmentRow, EventRow, HappeningRow, hold_person, now
from workshop.progress import Enrolled, Mark
from workshop.room.past import story
from workshop.room.story import HOLDS, Route, Story
from workshop.step import Step

KIND = "certified"
LONGEST_NAME = 120


class NotFinished(Exception):
    """Something is still to be done before a certificate can be issued."""


class NoName(Exception):
    """A certificate says somebody's name, and none was given."""


class NoCertificate(Exception):
    """The address confirms nothing: it is not one of ours, or its event is deleted."""


@dataclass(frozen=True)
class Certificate:
    """What is certified: who, in which event ("" for somebody alone), since when they have finished.

    `own` is how many of all tasks they have done by themselves.
    """

    name: str
    handle: str
    event: str
    finished: datetime
    course: Course
    own: int
    tasks: int


@dataclass(frozen=True)
class Standing:
    """How far somebody is from a certificate: what is missing, or the one that they have.

    `due` is one that could be issued now, under the name that they joined with.
    """

    missing: tuple[Step, ...] = ()
    due: Certificate | None = None
    issued: Certificate | None = None


class Certificates:
    """The certificates of this installation."""

    def __init__(
        self, engine: Engine, course: Course, secret: str, clock: Callable[[], datetime] = now
    ) -> None:
        self._engine = engine
        self._course = course
        self._now = clock
        self._signer = URLSafeSerializer(secret, salt="certificate")

    def of(self, enrolled: Enrolled) -> Standing:
        """How far somebody is."""
        with Session(self._engine) as session:
            return self._standing(session, enrolled.id)

    def issue(self, enrolled: Enrolled, name: str) -> None:
        """Certify it under this name, once. Raises NotFinished, NoName."""
        name = " ".join(name.split())[:LONGEST_NAME]
        if not name:
            raise NoName
        with Session(self._engine) as session:
            hold_person(session, enrolled.id)
            found = self._standing(session, enrolled.id)
            if not found.due:
                raise NotFinished
            if not found.issued:
                details = {"name": name, "finished": found.due.finished.isoformat()}
                row = HappeningRow(enrolment=enrolled.id, kind=KIND, at=self._now(), details=details)
                session.add(row)
                session.commit()

    def token(self, enrolled: Enrolled) -> str:
        """What the address has that confirms their certificate."""
        return str(self._signer.dumps(enrolled.id))

    def confirmed(self, token: str) -> Certificate:
        """The certificate that an address speaks of. Raises NoCertificate."""
        try:
            number = int(self._signer.loads(token))
        except (BadSignature, ValueError, TypeError):
            raise NoCertificate from None
        with Session(self._engine) as session:
            issued = self._standing(session, number).issued
        if issued is None:
            raise NoCertificate
        return issued

    def _standing(self, session: Session, enrolment: int) -> Standing:
        whose = select(EnrolmentRow, EventRow).outerjoin(EventRow, EventRow.id == EnrolmentRow.event)
        row = session.execute(whose.where(EnrolmentRow.id == enrolment)).first()
        if row is None or (row.EventRow and row.EventRow.deleted):
            return Standing()
        course = self._course.only(tuple(row.EventRow.chapters)) if row.EventRow else self._course
        told = story(session.connection(), Route.of(course), enrolment)
        if told.finished is None:
            tasks = (step for step in course.steps if step.checks)
            return Standing(missing=tuple(step for step in tasks if told.mark(step.slug) not in HOLDS))
        event = row.EventRow.name if row.EventRow else ""

        def certificate(name: str, finished: datetime) -> Certificate:
            own = sum(_by_themselves(told, slug) for slug in told.route.tasks)
            handle, tasks = row.EnrolmentRow.handle, len(told.route.tasks)
            return Certificate(name, handle, event, finished, course, own, tasks)

        first = select(HappeningRow.details).where(
            HappeningRow.enrolment == enrolment, HappeningRow.kind == KIND
        )
        issued = session.scalar(first.order_by(HappeningRow.id).limit(1))
        return Standing(
            due=certificate(row.EnrolmentRow.name, told.finished),
            issued=certificate(issued["name"], datetime.fromisoformat(issued["finished"]))
            if issued
            else None,
        )


def _by_themselves(told: Story, slug: str) -> bool:
    return told.mark(slug) != Mark.HELPED
