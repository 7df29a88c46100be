"""Catches an attendee up: all steps before the one they want to be at, in order, one after another.

What holds already is left alone, so catching up twice, or after it was broken off, is as good as once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workshop.course import Course
from workshop.lab import Lab
from workshop.step import Finding, Step, look, passed, settled


class How(StrEnum):
    """What has become of one step."""

    HELD = "held already"
    BEGUN = "begun"
    DONE = "done"
    MISSED = "does not hold"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Caught:
    """One step on the way: which of how many, and what has become of it."""

    step: Step
    place: int
    of: int
    how: How
    findings: tuple[Finding, ...] = ()


def ahead(course: Course, slug: str) -> tuple[Step, ...]:
    """The steps to be done before this one; pages that are only read are left out."""
    before = course.steps[: course.steps.index(course.step(slug))]
    return tuple(step for step in before if step.checks)


def catch_up(
    course: Course,
    lab: Lab,
    slug: str,
    say: Callable[[str], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Caught]:
    """Do every step before `slug` that does not hold, telling of each as it begins and ends.

    It ends early at a step that does not hold even then (MISSED), and between two steps where
    `cancelled` says so (CANCELLED: that step has not been begun). Raises what a `do` raises.
    """
    steps = ahead(course, slug)
    for place, step in enumerate(steps, 1):
        if cancelled():
            yield Caught(step, place, len(steps), How.CANCELLED)
            return
        for one in _one(step, lab, place, len(steps), say):
            yield one
            if one.how == How.MISSED:
                return


def _one(step: Step, lab: Lab, place: int, of: int, say: Callable[[str], None]) -> Iterator[Caught]:
    findings = look(step, lab)
    if passed(findings):
        yield Caught(step, place, of, How.HELD, tuple(findings))
        return
    say(f"Step {place} of {of}: {step.title}")
    yield Caught(step, place, of, How.BEGUN, tuple(findings))
    if step.do:
        step.do(lab)
    findings = settled(step, lab)
    yield Caught(step, place, of, How.DONE if passed(findings) else How.MISSED, tuple(findings))
