"""Walks the whole course with a fresh attendee, as the check that every step holds.

For each step: not passed, do, passed, do again, and nothing has changed by that; start over, not
passed, do, passed. A step that does nothing itself has to pass by what the ones before have done, and
a page without claims is rendered.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workshop.course import Course, render
from workshop.lab import Lab, Refused, code_of
from workshop.step import Do, Finding, State, Step, look, passed, settled

MOVING = {"runs", "stack"}  # a commit sets a run going, whatever is undone meanwhile


@dataclass(frozen=True)
class Walked:
    """How one step went: what was wrong with it ("" where nothing was), and seconds by part."""

    step: Step
    trouble: str
    did: float
    looked: float


def walk(course: Course, lab: Lab, tell: Callable[[Walked], None]) -> bool:
    """Walk every step in order, telling how each went; True if all held. Ends at the first trouble.

    `lab` is that of an attendee who has done nothing yet, in an account that has been prepared.
    """
    known: list[Finding] | None = None
    for step in course.steps:
        # What the step before has set going may end soon: its successor was looked at right then.
        went, known = _step(step, course.after(step.slug), lab, known)
        tell(went)
        if went.trouble:
            return False
    return True


def _step(
    step: Step, following: Step | None, lab: Lab, before: list[Finding] | None
) -> tuple[Walked, list[Finding] | None]:
    render(step, lab)
    step.questions(lab)
    if before is None:
        before = look(step, lab)
    if not step.do:
        seconds, trouble = _timed(lambda: _comes_true(step, lab))
        return Walked(step, trouble, 0.0, seconds), None
    if passed(before):
        return Walked(step, "It passed before anything was done.", 0.0, 0.0), None
    return _by_doing(step, following, lab)


def _by_doing(step: Step, following: Step | None, lab: Lab) -> tuple[Walked, list[Finding] | None]:
    assert step.do
    did, trouble = _timed(lambda: _do(step, lab))
    looked, gap = _timed(lambda: trouble or _gap(look(step, lab)))
    if gap:
        return Walked(step, gap, did, looked), None
    ahead = None if step.undo or not following else look(following, lab)
    trouble = _again(step, lab) or _over(step, lab)
    if step.undo and following and not trouble:
        ahead = look(following, lab)
    return Walked(step, trouble, did, looked), ahead


def _again(step: Step, lab: Lab) -> str:
    """What is wrong with doing it again where it is done."""
    made = fingerprint(lab)
    trouble = _do(step, lab) or _gap(look(step, lab))
    changed = difference(made, fingerprint(lab))
    if changed and not trouble:
        return f"Doing it again changed {', '.join(changed)}."
    return trouble


def _over(step: Step, lab: Lab) -> str:
    """What is wrong with starting it over, twice, and doing it then."""
    if not step.undo:
        return "" if step.follows else "It has neither undo nor FOLLOWS."
    trouble = _try(step.undo, lab, "Start over")
    if trouble:
        return trouble
    if passed(look(step, lab)):
        return "It still passes after it was started over."
    left = fingerprint(lab)
    trouble = _try(step.undo, lab, "Start over again")
    changed = set(difference(left, fingerprint(lab))) - MOVING
    if changed and not trouble:
        return f"Starting over again changed {', '.join(sorted(changed))}."
    return trouble or _do(step, lab) or _gap(look(step, lab))


def _do(step: Step, lab: Lab) -> str:
    assert step.do
    return _try(step.do, lab, "Do it for me")


def _try(act: Do, lab: Lab, what: str) -> str:
    try:
        act(lab)
    except Exception as error:  # whatever a step raises is what the author has to see
        return f"{what}: {type(error).__name__}: {error}"
    return ""


def _comes_true(step: Step, lab: Lab) -> str:
    """Look until nothing is waited for any more."""
    return _gap(settled(step, lab))


def _gap(findings: list[Finding]) -> str:
    for one in findings:
        if one.state != State.PASSED:
            words = (one.code, one.saw, one.hint)
            return f"{one.claim} {one.state}: {' · '.join(word for word in words if word)}"
    return ""


def _timed(part: Callable[[], str]) -> tuple[float, str]:
    began = time.monotonic()
    answer = part()
    return time.monotonic() - began, answer


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of what differs."""
    names = sorted(before.keys() | after.keys())
    return [name for name in names if before.get(name) != after.get(name)]


def fingerprint(lab: Lab) -> dict[str, Any]:
    """What an attendee has made, by name: definitions and identities, not what still moves."""
    return dict(_made(lab)) | {"answers": dict(lab.answers)}


def _made(lab: Lab) -> Iterator[tuple[str, Any]]:
    codepipeline, pipeline = lab.client("codepipeline"), lab.name("pipeline")
    yield "projects", lab.client("codebuild").batch_get_projects(names=[lab.name("build")])["projects"]
    yield "pipeline", _known(lambda: codepipeline.get_pipeline(name=pipeline)["pipeline"])
    yield "runs", _known(lambda: _runs(codepipeline, pipeline))
    yield (
        "branch",
        lab.client("codecommit").get_branch(repositoryName=lab.repository, branchName=lab.branch)["branch"],
    )
    iam = lab.client("iam")
    yield lab.build_role, _known(lambda: _role(iam, lab.build_role))
    yield lab.rule_role, _known(lambda: _role(iam, lab.rule_role))
    yield "rules", _rules(lab.client("events"))
    yield "stack", _known(lambda: _stack(lab.client("cloudformation"), lab.name("stack")))


def _known(ask: Callable[[], Any]) -> Any:
    """The answer, or the code with which AWS says that there is none."""
    try:
        return ask()
    except Refused as error:
        return code_of(error)


def _runs(codepipeline: Any, pipeline: str) -> list[str]:
    answer = codepipeline.list_pipeline_executions(pipelineName=pipeline)
    return [run["pipelineExecutionId"] for run in answer["pipelineExecutionSummaries"]]


def _role(iam: Any, name: str) -> dict[str, Any]:
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "role": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
        "inline": [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in inline
        ],
    }


def _rules(events: Any) -> list[Any]:
    rules = events.list_rules(NamePrefix="codepipeline-")["Rules"]
    return [[rule, events.list_targets_by_rule(Rule=rule["Name"])["Targets"]] for rule in rules]


def _stack(cloudformation: Any, name: str) -> Any:
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return [stack["StackId"], str(stack.get("LastUpdatedTime")), stack.get("Outputs")]
