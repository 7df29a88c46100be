"""Looks at attendees' work unasked: at the step that they are at, and at all that was done before.

The step they are at is glanced at: only its first gap, for what held is taken to hold until the gap
is closed. Whoever has not asked for a look is shown what holds, not what does not hold yet. Where
all of it held it is looked at as a whole, but seldom: it may have been undone by hand.
Steps that were done are looked at again when somebody comes back, or their account was started
afresh; one a request, so that the page tells of each and nothing goes on once it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from workshop import step as steps
from workshop.course import Course
from workshop.lab import REFUSALS
from workshop.labs import Labs, NoGround
from workshop.models import now
from workshop.operations.counters import looked
from workshop.progress import Enrolled, Progress
from workshop.step import Finding, State, Step
from workshop.watch.budget import AT_ONCE, THROTTLED, Budget
from workshop.watch.meter import metered
from workshop.watch.sights import Sights
from workshop.watch.standing import Mark

AWAY = timedelta(minutes=15)
T = TypeVar("T")

Look = Callable[[Enrolled, str], list[Finding]]


class Watch:
    """The looks that nobody asked for."""

    def __init__(
        self, course: Course, progress: Progress, labs: Labs, sights: Sights, budget: Budget, look: Look
    ) -> None:
        """`look` looks at a whole step and records what it finds."""
        self._course = course
        self._progress = progress
        self._labs = labs
        self._sights = sights
        self._budget = budget
        self._look = look

    def glance(self, enrolled: Enrolled, slug: str, eager: bool = False) -> None:
        """Look at the step where somebody is, if it is time and the account's budget allows it."""
        step = self._course.step(slug)
        known = self._progress.findings(enrolled.id, step)
        held = steps.passed(known)
        if not known or not self._budget.allows(enrolled.account):
            return
        waiting = any(finding.state == State.WAITING for finding in known)
        if not self._sights.turn(enrolled.id, slug, waiting, eager, holds=held):
            return
        with metered() as meter:
            found = self._glanced(enrolled, step, known)
        looked("page", (finding.state for finding in found))
        codes = {finding.code for finding in found if finding.state == State.UNKNOWN}
        self._budget.spend(enrolled.account, meter.calls, bool(codes & THROTTLED))
        if codes or not self._keep(enrolled, step, known, found):
            self._sights.note(enrolled.id, slug, news=False)

    def _glanced(self, enrolled: Enrolled, step: Step, known: list[Finding]) -> list[Finding]:
        try:
            return steps.glance(step, self._labs.open(enrolled), known)
        except (NoGround, *REFUSALS):  # the panel says so; here it is merely not the time to look
            return [Finding(known[0].claim, State.UNKNOWN, code="NoAnswer")]

    def _keep(self, enrolled: Enrolled, step: Step, known: list[Finding], found: list[Finding]) -> bool:
        """Record what is new; a gap that nobody has asked about is not held up to them."""
        asked = {finding.claim for finding in known if finding.state == State.NOT_YET}
        shown = steps.passed(known) or self._progress.mark(enrolled.id, step.slug) == Mark.LOST
        if not asked and not shown:
            found = [_unasked(finding) for finding in found]
        return found != known and self._progress.looked(enrolled.id, step.slug, found, by="watch")

    def lent(self, enrolled: Enrolled, look: Callable[[], T], otherwise: T) -> T:
        """What somebody else sees in their account; half of its budget is left to their own page."""
        if not self._budget.allows(enrolled.account, AT_ONCE / 2):
            return otherwise
        with metered() as meter:
            try:
                return look()
            finally:
                self._budget.spend(enrolled.account, meter.calls)

    def due(self, enrolled: Enrolled) -> list[Step]:
        """Steps that were done, and have not been looked at since somebody came back."""
        marks = self._progress.marks(enrolled.id)
        seen = self._sights.seen(enrolled.id)
        since = max(now() - AWAY, self._progress.afresh_at(enrolled.id) or now() - AWAY)
        return [
            step
            for step in self._course.steps
            if step.checks and marks.get(step.slug, Mark.TODO) != Mark.TODO and _before(seen, step, since)
        ]

    def again(self, enrolled: Enrolled) -> str:
        """Look again at the next step that is due: its slug, or "" where none was looked at."""
        due = self.due(enrolled)
        if not due or not self._budget.allows(enrolled.account):
            return ""
        with metered() as meter:
            found = self._look(enrolled, due[0].slug)
        codes = {finding.code for finding in found}
        self._budget.spend(enrolled.account, meter.calls, bool(codes & THROTTLED))
        return due[0].slug


def _before(seen: dict[str, datetime], step: Step, since: datetime) -> bool:
    return step.slug not in seen or seen[step.slug] < since


def _unasked(finding: Finding) -> Finding:
    if finding.state != State.NOT_YET:
        return finding
    return replace(finding, state=State.NOT_LOOKED_AT, saw="", hint="", hints=())
