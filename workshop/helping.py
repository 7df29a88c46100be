"""Does a step for an attendee, and looks at the result: what a job is made of."""

from __future__ import annotations

import logging
import secrets

from sqlalchemy.exc import InterfaceError, OperationalError

from workshop.course import Course
from workshop.jobs import Job, Jobs, Outcome
from workshop.lab import REFUSALS, Lab, refusal
from workshop.labs import Labs, NoGround
from workshop.progress import Enrolled, Progress
from workshop.step import NotYet, Step, Waiting, look

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)  # the database does not answer: nobody's mistake, try again
INTERRUPTED = "It was interrupted, and goes on now: what is there already stays."


class Helper:
    """Does one job after another, each to an end that can be told."""

    def __init__(self, course: Course, progress: Progress, labs: Labs, jobs: Jobs) -> None:
        self._course = course
        self._progress = progress
        self._labs = labs
        self._jobs = jobs

    def help(self, number: str) -> None:
        """Do the job; harmless for one that has ended. Raises AWAY when there is no database."""
        job = self._jobs.get(number)
        if job is None or not job.open:
            return
        if self._jobs.begin(job):
            self._jobs.say(number, INTERRUPTED)
        try:
            outcome, words, hint = self._do(job)
        except AWAY:
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("reference %s: doing %s failed", reference, job.slug)
            outcome, words, hint = Outcome.BUG, reference, ""
        self._jobs.end(number, outcome, words, hint)

    def _do(self, job: Job) -> tuple[Outcome, str, str]:
        """How it ended, what to say of that, and what to do. Bugs propagate."""
        enrolled, step = self._progress.by_id(job.enrolment), self._course.step(job.slug)
        if enrolled is None or step.do is None:
            return Outcome.DONE, "", ""
        try:
            lab = self._labs.open(enrolled, lambda line: self._jobs.say(job.id, line))
            step.do(lab)
        except NotYet as gap:
            return Outcome.NOT_YET, gap.saw, gap.hint
        except Waiting as pause:
            return Outcome.NOT_YET, pause.what, "Wait for it to end, then try again."
        except NoGround as reason:
            return Outcome.REFUSED, str(reason), "Nothing is lost: try again in a moment."
        except REFUSALS as error:
            code, message, advice = refusal(error)
            return Outcome.REFUSED, f"{code}: {message}", advice
        self._look(enrolled, step, lab, job)
        return Outcome.DONE, "", ""

    def _look(self, enrolled: Enrolled, step: Step, lab: Lab, job: Job) -> None:
        self._jobs.say(job.id, "Done. Looking at the result …")
        self._progress.looked(enrolled.id, step.slug, look(step, lab), by="helper")
