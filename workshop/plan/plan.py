"""What "Do it for me" would create or change right now, and the commands that would do the same.

Nothing is written a second time: the step's own `do` runs, with a lab that asks AWS but changes
nothing, and its calls are the plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workshop.lab import Lab, one_moment
from workshop.plan.recording import Paused, PlannedCall, Recorded, Rehearsed
from workshop.plan.sentences import Kind, answered
from workshop.step import Do, Step, claim_of

__all__ = ["Kind", "Plan", "PlannedCall", "plan", "recorded", "rehearse"]


@dataclass(frozen=True)
class Plan:
    """What would be done, in order; `waits` says what is waited for then ("" where nothing is).

    What follows a wait depends on how it ends, so the plan ends there. `summary` is what the author
    says that it does, whatever is there: one line.
    """

    calls: tuple[PlannedCall, ...] = ()
    waits: str = ""
    summary: str = ""

    @property
    def changes(self) -> tuple[PlannedCall, ...]:
        """The plan without what is there already."""
        return tuple(call for call in self.calls if call.kind != Kind.THERE)

    @property
    def nothing_to_do(self) -> bool:
        """Whether everything is there already."""
        return not self.changes and not self.waits

    @property
    def script(self) -> str:
        """All commands, to be copied at once."""
        return "\n".join(call.command for call in self.calls if call.command)


def plan(step: Step, lab: Lab) -> Plan:
    """The plan of a step's `do`; empty for a step that does nothing.

    AWS is asked, never changed. Raises what the `do` raises: NotYet where something has to come
    first, and botocore's errors.
    """
    return rehearse(step.do, step, lab) if step.do else Plan()


def rehearse(act: Do, step: Step, lab: Lab) -> Plan:
    """The plan of one of a step's acts (`do`, `undo`), called with a lab that changes nothing."""
    rehearsed, waits = Rehearsed(lab), ""
    with one_moment():
        try:
            act(rehearsed)
        except Paused as pause:
            waits = str(pause)
        calls = tuple(_worded(rehearsed.done, step, lab))
    return Plan(calls, waits, claim_of(act))


def recorded(lab: Lab) -> Recorded:
    """This lab, keeping in `.done` the list of what is changed through it, as it is changed."""
    return Recorded(lab)


def _worded(calls: list[PlannedCall], step: Step, lab: Lab) -> Iterator[PlannedCall]:
    """The calls, with the answers put into the words of the questions."""
    if not any("key" in call.params for call in calls if not call.operation):
        yield from calls
        return
    labels = {question.key: question.label for question in step.questions(lab)}
    for call in calls:
        if call.operation or "key" not in call.params:
            yield call
            continue
        label = labels.get(call.params["key"], call.params["key"])
        yield replace(call, sentence=answered(call.kind, label, call.params["value"]))
