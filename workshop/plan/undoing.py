"""What "Start this step over" would take away, and which later steps stand on that.

Both are found, not written down: the step's `undo` is rehearsed, and the later steps that hold now
are looked at, to see which of them ask AWS about something that it would remove or change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workshop.course import Course
from workshop.lab import Lab, one_moment
from workshop.plan.plan import Kind, Plan, PlannedCall, rehearse
from workshop.plan.recording import Call, Watched, words
from workshop.step import Step, look, passed

VERBS = re.compile(r"^(Batch)?[A-Z][a-z]+")


@dataclass(frozen=True)
class Undoing:
    """What starting a step over means right now.

    `possible` is False for a step that makes nothing, or nothing that can be taken back (AWS keeps
    what ran): then `instead` is the step that can be started over to see this one anew, if any.
    """

    possible: bool
    plan: Plan = field(default_factory=Plan)
    dependents: tuple[Step, ...] = ()
    instead: Step | None = None

    @property
    def removes(self) -> tuple[str, ...]:
        """What will be done, in sentences: "Delete the project …"; empty where nothing is there."""
        return tuple(call.sentence for call in self.plan.changes)


def undoing(step: Step, lab: Lab, course: Course) -> Undoing:
    """Say first what starting over takes away; AWS is asked, nothing is changed.

    Raises what the `undo` raises: NotYet, and botocore's errors.
    """
    if not step.undo:
        return Undoing(False, instead=course.step(step.follows) if step.follows else None)
    with one_moment():
        plan = rehearse(step.undo, step, lab)
        return Undoing(True, plan, tuple(_dependents(plan, step, lab, course)))


def _dependents(plan: Plan, step: Step, lab: Lab, course: Course) -> Iterator[Step]:
    later = course.steps[course.steps.index(step) + 1 :]
    changes = [call for call in plan.changes if call.operation]
    for one in later if changes else ():
        looking = Watched(lab)
        if one.checks and passed(look(one, looking)) and _touched(changes, looking.asked):
            yield one


def _touched(changes: list[PlannedCall], asked: list[Call]) -> bool:
    return any(_touches(change, question) for change in changes for question in asked)


def _touches(change: PlannedCall, question: Call) -> bool:
    """Whether the answer to a question may be another one after a change.

    What is removed takes with it all that is asked by its name; what is changed answers otherwise
    only where itself is asked for: UpdatePipeline and GetPipeline, not ListPipelineExecutions.
    """
    if change.service != question.service:
        return False
    if change.kind != Kind.REMOVE and _noun(change.operation) != _noun(question.model.name):
        return False
    return any(_same(one, other) for one in words(dict(change.params)) for other in words(question.params))


def _same(name: str, other: str) -> bool:
    """Whether two names mean the same thing, or one thing and its part: "build" and "build:1"."""
    parts = re.split(r"[:/]", other)
    return name == other or name in (parts[0], parts[-1])


def _noun(operation: str) -> str:
    """What an operation is about: "Project" of UpdateProject and of BatchGetProjects."""
    return VERBS.sub("", operation).removesuffix("s")
