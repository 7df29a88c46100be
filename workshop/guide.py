"""Leads an attendee through the course: looks at their work, helps, and knows where they stand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from workshop import course as pages
from workshop import step as steps
from workshop.course import Course
from workshop.jobs import Deed, Job, Jobs, Kind
from workshop.lab import REFUSALS, Lab, refusal
from workshop.labs import STALE, Labs, NoGround
from workshop.language import tongue
from workshop.operations import counters
from workshop.plan.catch_up import ahead
from workshop.plan.hints import Hints, hints, open_next, tried
from workshop.plan.offer import Offer, offer
from workshop.plan.plan import Plan, plan
from workshop.plan.undoing import Undoing, undoing
from workshop.progress import Enrolled, Mark, Progress
from workshop.room.events import Events
from workshop.step import Finding, Question, State, Step
from workshop.watch.budget import Budget
from workshop.watch.sights import Sights
from workshop.watch.watch import Watch
from workshop.work.journey import Leg, journey

OPEN = (Mark.TODO, Mark.LOST)
MOST_ANSWERS = 20
LONGEST_ANSWER = 200


@dataclass(frozen=True)
class Task:
    """What an attendee has to do on a page, and how far it is: claims, findings, and help."""

    step: Step
    findings: tuple[Finding, ...]
    mark: Mark
    questions: tuple[Question, ...]
    answers: dict[str, str]
    job: Job | None
    elsewhere: Job | None
    lines: tuple[tuple[str, str], ...]
    deeds: tuple[Deed, ...]
    worker: bool
    hints: Hints
    answer: Offer[Plan] | None = None
    ahead: tuple[Step, ...] = ()
    way: tuple[Step, ...] = ()
    unasked: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.findings) and steps.passed(list(self.findings))

    @property
    def waiting(self) -> bool:
        """Whether it is worth looking again by itself."""
        return any(finding.state == State.WAITING for finding in self.findings)

    @property
    def watched(self) -> bool:
        """Whether its page looks at it by itself; what only answers decide is judged when asked."""
        return bool(self.findings) and not self.passed and (self.waiting or not self.step.asks)

    @property
    def journey(self) -> tuple[Leg, ...]:
        """The steps that catching up goes through; empty for other help."""
        return journey(self.job, self.way, self.lines) if self.job and self.job.kind == Kind.CATCH_UP else ()

    @property
    def running(self) -> bool:
        return self.job is not None and self.job.open

    @property
    def version(self) -> str:
        """Changes when, and only when, there is something new to show."""
        shown = (self.findings, self.mark, self.job, self.elsewhere, self.lines, self.worker, self.hints)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


class Guide:
    """What the pages ask: one call for each thing that an attendee may do."""

    def __init__(
        self,
        course: Course,
        progress: Progress,
        labs: Labs,
        jobs: Jobs,
        sights: Sights,
        budget: Budget,
        events: Events,
    ) -> None:
        self.course = course
        self.events = events
        self.progress = progress
        self.labs = labs
        self.jobs = jobs
        self.watch = Watch(course, progress, labs, sights, budget, self.look)

    def course_of(self, enrolled: Enrolled) -> Course:
        """The chapters that somebody walks: those of their event."""
        return self.course.only(enrolled.chapters)

    def lab_of(self, enrolled: Enrolled) -> Lab:
        """The attendee's lab, with credentials that AWS accepts. Raises NoGround."""
        return self.labs.open(enrolled)

    def page(self, enrolled: Enrolled, step: Step) -> str:
        """The step's page as HTML, with this attendee's names; AWS is not asked."""
        return pages.render(step, self.labs.lab(enrolled), tongue.spoken())

    def page_language(self, step: Step) -> str:
        """The language of that page: the reader's, or English where it is not written in theirs."""
        return pages.written_in(step, tongue.spoken())

    def look(self, enrolled: Enrolled, slug: str) -> list[Finding]:
        """Look at the attendee's work, and remember what was found.

        Where AWS does not answer, that is a finding too. Raises NoGround for an account that has
        never been prepared.
        """
        step = self.course.step(slug)
        findings = steps.look(step, self._lab_at_hand(enrolled))
        if _refused_as_stranger(findings) and self.labs.mend(enrolled):
            again = self.progress.by_id(enrolled.id) or enrolled
            findings = steps.look(step, self.labs.open(again))
        self.progress.looked(enrolled.id, slug, findings)
        counters.looked("attendee", (finding.state for finding in findings))
        return findings

    def check(self, enrolled: Enrolled, slug: str) -> None:
        """Look because somebody pressed the button: what fails again and again is worth help."""
        findings = self.look(enrolled, slug)
        tried(self.progress, enrolled, self.course.step(slug), findings)

    def _lab_at_hand(self, enrolled: Enrolled) -> Lab:
        """The lab, even where AWS does not answer: then the checks find that out."""
        try:
            return self.labs.open(enrolled)
        except (NoGround, *REFUSALS):
            return self.labs.lab(enrolled)

    def answer(self, enrolled: Enrolled, slug: str, given: dict[str, str]) -> None:
        """Keep the answers to this step's questions; what was not asked is left out."""
        step = self.course.step(slug)
        if not step.asks:
            return
        asked, unasked = self._questions(enrolled, step)
        # What was answered while AWS was there is not lost because it is not there now.
        keys = set(given) - {"csrf_token"} if unasked else {question.key for question in asked}
        answers = self.progress.answers(enrolled.id)
        for key in sorted(keys & set(given))[:MOST_ANSWERS]:
            answers[key[:LONGEST_ANSWER]] = given[key].strip()[:LONGEST_ANSWER]

    def do(self, enrolled: Enrolled, slug: str) -> Job:
        """Ask for the step to be done; the job that is open already, if there is one."""
        return self.help(enrolled, slug, Kind.DO)

    def help(self, enrolled: Enrolled, slug: str, kind: Kind) -> Job:
        """Ask for any kind of help with a step; the job that is open already, if there is one."""
        self.course.step(slug)
        return self.jobs.ask(enrolled.id, slug, kind)

    def plan(self, enrolled: Enrolled, slug: str) -> Offer[Plan]:
        """What doing the step would change now."""
        step = self.course.step(slug)
        return offer(lambda: plan(step, self.labs.open(enrolled)))

    def undoing(self, enrolled: Enrolled, slug: str) -> Offer[Undoing]:
        """What starting the step over would take away now, and which later steps stand on that."""
        step = self.course.step(slug)
        return offer(lambda: undoing(step, self.labs.open(enrolled), self.course))

    def ahead(self, enrolled: Enrolled, slug: str) -> tuple[Step, ...]:
        """The steps before this one that do not hold, as far as is known; those left out as well."""
        marks = self.progress.marks(enrolled.id)
        way = ahead(self.course, slug)
        return tuple(step for step in way if marks.get(step.slug, Mark.TODO) in OPEN)

    def hint(self, enrolled: Enrolled, slug: str) -> None:
        """One more hint for what does not hold."""
        step = self.course.step(slug)
        open_next(self.progress, enrolled, step, self.progress.findings(enrolled.id, step))

    def read(self, enrolled: Enrolled, slug: str) -> None:
        """The attendee has read a page on which nothing is to be done."""
        if not self.course.step(slug).checks:
            self.progress.record_once(enrolled.id, "read", slug)

    def task(self, enrolled: Enrolled, slug: str, asking: bool = True) -> Task:
        """How far the attendee is on this page. AWS is asked only where a question needs it."""
        step = self.course.step(slug)
        current = self.jobs.current(enrolled.id)
        helped = self.progress.trail(enrolled.id).ever("begun")
        last = self.jobs.last(enrolled.id, slug) if helped else None
        job = current if current and current.slug == slug else last
        asked, unasked = self._questions(enrolled, step) if asking else ([], "")
        findings = self.progress.findings(enrolled.id, step)
        shown = hints(self.progress, enrolled, step, findings)
        return Task(
            step=step,
            findings=tuple(findings),
            mark=self.progress.mark(enrolled.id, slug),
            questions=tuple(asked),
            answers=dict(self.progress.answers(enrolled.id)) if asked else {},
            job=job,
            elsewhere=current if current and current.slug != slug else None,
            lines=tuple(self.jobs.lines_by_step(job.id)) if job else (),
            deeds=tuple(self.jobs.deeds(enrolled.id, slug)) if helped else (),
            worker=self.jobs.worker_alive() if current else True,
            hints=shown,
            answer=self.plan(enrolled, slug) if asking and shown.answer else None,
            ahead=self.ahead(enrolled, slug),
            way=ahead(self.course, slug),
            unasked=unasked,
        )

    def _questions(self, enrolled: Enrolled, step: Step) -> tuple[list[Question], str]:
        """What the step asks, or why that could not be put together: AWS may have been asked."""
        if not step.asks:
            return [], ""
        try:
            return step.questions(self.labs.open(enrolled)), ""
        except NoGround as reason:
            return [], str(reason)
        except REFUSALS as error:
            return [], ": ".join(refusal(error)[:2])

    def states(self, enrolled: Enrolled) -> dict[str, Mark]:
        """Where the attendee stands, by slug; every step of the course is in it."""
        return self._states(enrolled, self.progress.marks(enrolled.id))

    def states_of(self, people: list[Enrolled]) -> dict[int, dict[str, Mark]]:
        """The same of several at once, by enrolment."""
        marks = self.progress.marks_of([one.id for one in people])
        return {one.id: self._states(one, marks[one.id]) for one in people}

    def _states(self, enrolled: Enrolled, marks: dict[str, Mark]) -> dict[str, Mark]:
        return {step.slug: marks.get(step.slug, Mark.TODO) for step in self.course_of(enrolled).steps}

    def lost(self, enrolled: Enrolled) -> dict[str, str]:
        """Why what was done no longer holds, by slug; "" where it has not been looked at yet."""
        lost = [slug for slug, mark in self.states(enrolled).items() if mark == Mark.LOST]
        found = {slug: self.progress.findings(enrolled.id, self.course.step(slug)) for slug in lost}
        gaps = {slug: (one.saw for one in found[slug] if one.state == State.NOT_YET) for slug in lost}
        return {slug: next(gaps[slug], "") for slug in lost}

    def next_to_do(self, enrolled: Enrolled) -> Step:
        """The first step that is not done; the last one when all are.

        Whoever has gone beyond a page that is only to be read is not sent back to it.
        """
        states, steps = self.states(enrolled), self.course_of(enrolled).steps
        beyond = max((at for at, step in enumerate(steps, 1) if states[step.slug] not in OPEN), default=0)
        todo = [(at, step) for at, step in enumerate(steps) if states[step.slug] in OPEN]
        return next((step for at, step in todo if step.checks or at >= beyond), steps[-1])


def _refused_as_stranger(findings: list[Finding]) -> bool:
    return any(finding.state == State.UNKNOWN and finding.code in STALE for finding in findings)
