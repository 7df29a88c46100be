"""Hints, one at a time and only when asked for; the last is the answer.

What was asked for, and how often a claim failed the same way, stands in the record of what happened.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from workshop.progress import Enrolled, Progress
from workshop.step import Finding, State, Step

OFFERED_AFTER = 3


@dataclass(frozen=True)
class Hints:
    """The hints to the gap of a step: those that are shown, and what may be asked for next."""

    shown: tuple[str, ...] = ()
    of: int = 0
    answer: bool = False  # whether the last one has been asked for: what would be done, as commands
    offered: bool = False  # whether it has failed the same way so often that help is offered

    @property
    def more(self) -> bool:
        """Whether there is another one."""
        return self.of > len(self.shown) + self.answer

    @property
    def next_is_answer(self) -> bool:
        return self.more and len(self.shown) + 1 == self.of


def hints(progress: Progress, enrolled: Enrolled, step: Step, findings: list[Finding]) -> Hints:
    """How far the hints to the first gap have been opened."""
    gap = _gap(findings)
    if gap is None:
        return Hints()
    happened = progress.happened(enrolled.id, step.slug, "hinted", "tried")
    opened = sum(one.get("hint") == _mark(gap, *gap.hints) for one in happened)
    written = len(gap.hints)
    return Hints(
        shown=gap.hints[:opened],
        of=written + (step.do is not None),
        answer=step.do is not None and opened > written,
        offered=_tries([one["gap"] for one in happened if "gap" in one], _mark(gap, gap.saw)),
    )


def open_next(progress: Progress, enrolled: Enrolled, step: Step, findings: list[Finding]) -> None:
    """Show one more, if there is one."""
    gap = _gap(findings)
    if gap:
        mark = _mark(gap, *gap.hints)
        progress.record_while(
            lambda: hints(progress, enrolled, step, findings).more,
            enrolled.id,
            "hinted",
            step.slug,
            hint=mark,
        )


def tried(progress: Progress, enrolled: Enrolled, step: Step, findings: list[Finding]) -> None:
    """Somebody has pressed the button; what it found the gap to be."""
    gap = _gap(findings)
    progress.record(enrolled.id, "tried", step.slug, gap=_mark(gap, gap.saw) if gap else "")


def _tries(gaps: list[str], current: str) -> bool:
    return len(gaps) >= OFFERED_AFTER and set(gaps[-OFFERED_AFTER:]) == {current}


def _gap(findings: list[Finding]) -> Finding | None:
    return next((one for one in findings if one.state == State.NOT_YET), None)


def _mark(gap: Finding, *words: str) -> str:
    return hashlib.sha256(repr((gap.claim, words)).encode()).hexdigest()[:16]
