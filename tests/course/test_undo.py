"""Starting a step over: what it takes away, and what it says of that first."""

from tests.course.conftest import ROOT
from workshop.catch_up import catch_up
from workshop.course import load
from workshop.lab import Lab
from workshop.step import Step, passed
from workshop.step import look as look_at
from workshop.undoing import undoing
from workshop.walk import difference, fingerprint

COURSE = load(ROOT / "steps")
LAST = COURSE.steps[-1]


def finish(lab: Lab) -> None:
    """Everything is done, to the end of the course."""
    list(catch_up(COURSE, lab, LAST.slug, lambda line: None))
    assert LAST.do
    LAST.do(lab)


def holding(lab: Lab, after: Step) -> set[str]:
    """The later steps that hold."""
    later = COURSE.steps[COURSE.steps.index(after) + 1 :]
    return {step.slug for step in later if step.checks and passed(look_at(step, lab))}


def test_no_later_step_is_lost_without_being_named(lab: Lab) -> None:
    finish(lab)
    undone = [step for step in COURSE.steps if step.undo]
    # The pipeline last: all runs go with it.
    for step in sorted(undone, key=lambda step: step.slug == "review-and-create"):
        before, held = fingerprint(lab), holding(lab, step)
        foreseen = undoing(step, lab, COURSE)
        assert set(difference(before, fingerprint(lab))) == set(), step.slug
        step.undo(lab)
        lost = held - holding(lab, step)
        assert lost <= {one.slug for one in foreseen.dependents}, step.slug
        finish(lab)
