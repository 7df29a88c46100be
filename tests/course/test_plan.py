"""What "Do it for me" would do, shown before it acts."""

import contextlib
import shlex
from pathlib import Path

import pytest

from tests.conftest import Account
from tests.course.conftest import ROOT
from tests.course.test_by_hand import by_hand, environment, until_settled
from workshop.course import load
from workshop.lab import Lab, Refused
from workshop.plan.plan import Kind, Plan, plan, recorded
from workshop.step import NotYet, passed
from workshop.walk import difference, fingerprint

COURSE = load(ROOT / "steps")
# Where every other step is planned as well: a failed run, a green one, a whole pipeline.
STAGES = {"fix-the-build", "add-a-stage", "commit-a-change"}


def do(lab: Lab, *slugs: str) -> None:
    """Have these steps done."""
    for slug in slugs:
        act = COURSE.step(slug).do
        assert act
        act(lab)


def planned(lab: Lab, slug: str) -> Plan:
    """The plan of a step."""
    return plan(COURSE.step(slug), lab)


def plan_everything(lab: Lab) -> None:
    """Ask for the plan of every step, in its turn or not."""
    for step in COURSE.steps:
        with contextlib.suppress(NotYet):
            plan(step, lab)


def answer(lab: Lab, planned: Plan) -> None:
    """Fill in the form as the plan says."""
    for call in planned.calls:
        if call.kind == Kind.ANSWER:
            lab.answers[call.params["key"]] = call.params["value"]


def test_the_commands_of_every_plan_do_what_do_does(lab: Lab, account: Account, tmp_path: Path) -> None:
    env = environment(lab, tmp_path, account)
    for step in COURSE.steps:
        before = fingerprint(lab)
        found = plan(step, lab)
        if step.slug in STAGES:
            plan_everything(lab)
        moved = {"runs", "stack"} if found.waits else set()
        assert set(difference(before, fingerprint(lab))) <= moved, f"planning {step.slug} changed something"
        answer(lab, found)
        ran = by_hand(found.script, tmp_path, env)
        assert ran.returncode == 0, f"{step.slug}: {ran.stderr}"
        findings = until_settled(step, lab)
        assert passed(findings), f"{step.slug}: {findings}"
        assert plan(step, lab).nothing_to_do, step.slug


def test_planning_before_its_turn_changes_nothing(lab: Lab) -> None:
    before = fingerprint(lab)
    plan_everything(lab)
    assert difference(before, fingerprint(lab)) == []


def test_what_is_made_is_planned_in_words_and_commands(lab: Lab) -> None:
    found = planned(lab, "define-the-build")
    assert [call.kind for call in found.calls] == [Kind.CREATE, Kind.CREATE, Kind.CHANGE, Kind.CREATE]
    assert found.calls[-1].sentence == "Create the project paulf-pg23-build"
    assert shlex.split(found.calls[-1].command.replace("\\\n", ""))[:5] == [
        *("aws", "codebuild", "create-project"),
        *("--name", "paulf-pg23-build"),
    ]


def test_what_is_there_already_is_shown_as_such(lab: Lab) -> None:
    do(lab, "define-the-build")
    lab.client("codebuild").delete_project(name=lab.name("build"))
    found = planned(lab, "define-the-build")
    assert [call.sentence for call in found.calls if call.kind == Kind.THERE] == [
        "The role codebuild-paulf-pg23-build-service-role is there",
        "The policy CodeBuildBasePolicy-paulf-pg23-build-eu-west-1 is there",
    ]
    assert [call.operation for call in found.changes] == ["CreateProject"]


def test_a_plan_ends_where_the_outcome_is_not_known(lab: Lab) -> None:
    do(lab, "define-the-build", "review-and-create")
    found = planned(lab, "observe-the-failure")
    assert (found.calls, found.waits) == ((), "paulf-pg23-pipeline to come to an end")


def test_what_has_to_come_first_is_said_instead_of_a_plan(lab: Lab) -> None:
    with pytest.raises(NotYet, match="There is no pipeline"):
        planned(lab, "add-a-stage")


def test_what_was_done_is_the_plan_that_was_shown(lab: Lab) -> None:
    shown = planned(lab, "define-the-build")
    keeping = recorded(lab)
    do(keeping, "define-the-build")
    assert [call.command for call in keeping.done] == [call.command for call in shown.calls]
    assert lab.client("codebuild").batch_get_projects(names=[lab.name("build")])["projects"]


def test_only_what_aws_has_done_is_on_the_list(lab: Lab) -> None:
    keeping = recorded(lab)
    with pytest.raises(Refused, match="PipelineNotFound"):
        keeping.client("codepipeline").start_pipeline_execution(name=lab.name("pipeline"))
    assert keeping.done == []
