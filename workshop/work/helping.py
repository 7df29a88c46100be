"""Does a step for an attendee, or all before it, or takes it away, and looks at the result."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError

from workshop.course import Course
from workshop.jobs import Deed, Job, Jobs, Kind, Outcome
from workshop.lab import REFUSALS, Lab, refusal
from workshop.labs import STALE, Labs, NoGround
from workshop.operations import counters
from workshop.operations.reference import about
from workshop.plan.catch_up import How, catch_up
from workshop.plan.plan import PlannedCall, recorded
from workshop.plan.recording import Recorded
from workshop.plan.undoing import undoing
from workshop.progress import Enrolled, Progress
from workshop.step import Finding, NotYet, Step, Waiting, look

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)  # the database does not answer: nobody's mistake, try again
Ending = tuple[Outcome, str, str]
DONE: Ending = (Outcome.DONE, "", "")
INTERRUPTED = "It was interrupted, and goes on now: what is there already stays."
AFRESH = "The account was started afresh: it is prepared again, then this goes on."


class Helper:
    """Does one job after another, each to an end that can be told."""

    def __init__(self, course: Course, progress: Progress, labs: Labs, jobs: Jobs) -> None:
        self._course = course
        self._progress = progress
        self._labs = labs
        self._jobs = jobs
        self._kinds = {
            Kind.DO: self._do_step,
            Kind.CATCH_UP: self._catch_up,
            Kind.START_OVER: self._start_over,
        }

    def help(self, number: str) -> None:
        """Do the job; harmless for one that has ended. Raises AWAY when there is no database."""
        job = self._jobs.get(number)
        if job is None or not job.open:
            return
        with about(job=number, attendee=job.enrolment):
            self._help(job)

    def _help(self, job: Job) -> None:
        number = job.id
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

    def _do(self, job: Job, mended: bool = False) -> Ending:
        """How it ended, what to say of that, and what to do. Bugs propagate.

        An account that no longer knows us is prepared again once, then the job is begun anew.
        """
        enrolled = self._progress.by_id(job.enrolment)
        if enrolled is None:
            return Outcome.DONE, "", ""
        try:
            if job.kind == Kind.RESET:
                return self._reset(job, enrolled)
            step = self._course.step(job.slug)
            lab = recorded(self._labs.open(enrolled, self._sayer(job, job.slug)))
            return self._kinds[job.kind](job, step, lab)
        except NotYet as gap:
            return Outcome.NOT_YET, gap.saw, gap.hint
        except Waiting as pause:
            return Outcome.NOT_YET, pause.what, "Wait for it to end, then try again."
        except NoGround as reason:
            return Outcome.REFUSED, str(reason), "Nothing is lost: try again in a moment."
        except REFUSALS as error:
            code, message, advice = refusal(error)
            if code in STALE and not mended and self._mend(enrolled):
                self._jobs.say(job.id, AFRESH, job.slug)
                return self._do(job, mended=True)
            return Outcome.REFUSED, f"{code}: {message}", advice

    def _mend(self, enrolled: Enrolled) -> bool:
        try:
            return self._labs.mend(enrolled)
        except (NoGround, *REFUSALS):
            return False

    def _sayer(self, job: Job, slug: str) -> Callable[[str], None]:
        return lambda line: self._jobs.say(job.id, line, slug)

    def _do_step(self, job: Job, step: Step, lab: Recorded) -> Ending:
        if step.do:
            lab.done = Diary(self._jobs, job, step)
            step.do(lab)
            self._jobs.say(job.id, "Done. Looking at the result …", step.slug)
            self._look(job, step, lab)
        return DONE

    def _start_over(self, job: Job, step: Step, lab: Recorded) -> Ending:
        """Take away what the step made; then look at it, and at what stood on that."""
        what = undoing(step, lab, self._course)
        if not step.undo:
            return Outcome.NOT_YET, "This step makes nothing that could be taken away.", ""
        lab.done = Diary(self._jobs, job, step)
        step.undo(lab)
        self._progress.record(job.enrolment, "undone", step.slug)
        self._jobs.say(job.id, "It is gone. Looking at what stood on it …", step.slug)
        for one in (step, *what.dependents):
            self._look(job, one, lab)
        return DONE

    def _reset(self, job: Job, enrolled: Enrolled) -> Ending:
        """Empty the account and prepare it afresh; what was done in it no longer counts."""
        self._jobs.say(job.id, "Emptying the account …")
        self._labs.empty(enrolled)
        self._progress.emptied(enrolled.id, by=job.by, reason=job.reason)
        self._jobs.say(job.id, "Preparing it afresh …")
        self._labs.open(self._progress.by_id(enrolled.id) or enrolled)
        return DONE

    def _catch_up(self, job: Job, step: Step, lab: Recorded) -> Ending:
        """Do all earlier steps; the words of each are kept with that step."""
        diary = lab.done = Diary(self._jobs, job, step)
        lab._say = lambda line: self._jobs.say(job.id, line, diary.step.slug)
        going = catch_up(self._course, lab, step.slug, lambda _: None, lambda: self._jobs.stopping(job.id))
        for one in going:
            diary.step = one.step
            if one.how == How.BEGUN:
                self._jobs.say(job.id, "Begun", one.step.slug)
                self._progress.record(job.enrolment, "helped", one.step.slug)
            if one.how in (How.HELD, How.DONE, How.MISSED):
                self._found(job, one.step, list(one.findings))
                self._jobs.say(job.id, one.how.value, one.step.slug)
            if one.how == How.CANCELLED:
                return Outcome.STOPPED, f"Stopped before “{one.step.title}”, as you asked.", ""
            if one.how == How.MISSED:
                return Outcome.NOT_YET, f"“{one.step.title}” does not hold yet.", "Its page says why."
        return DONE

    def _look(self, job: Job, step: Step, lab: Lab) -> None:
        self._found(job, step, look(step, lab))

    def _found(self, job: Job, step: Step, findings: list[Finding]) -> None:
        if step.checks:
            self._progress.looked(job.enrolment, step.slug, findings, by="helper")
            counters.looked("helper", (finding.state for finding in findings))


class Diary(list[PlannedCall]):
    """Keeps each thing that a job does with the step it is at, as soon as it is done."""

    def __init__(self, jobs: Jobs, job: Job, step: Step) -> None:
        super().__init__()
        self.step = step
        self._jobs = jobs
        self._job = job

    def append(self, call: PlannedCall) -> None:
        """One thing has been done, or was found there."""
        super().append(call)
        self._jobs.did(self._job.id, self.step.slug, Deed(call.kind.value, call.sentence, call.command))
