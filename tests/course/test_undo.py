"""Starting a step over: what it takes away, and what it says of that first."""

import json
from collections.abc import Callable

import pytest

from steps import blueprint, fix_the_build, look
from tests.course.conftest import ROOT
from workshop.course import load
from workshop.lab import Lab
from workshop.plan.catch_up import catch_up
from workshop.plan.plan import plan
from workshop.plan.undoing import undoing
from workshop.step import NotYet, Step, passed
from workshop.step import look as look_at
from workshop.walk import difference, fingerprint

COURSE = load(ROOT / "steps")
LAST = COURSE.steps[-1]


def finish(lab: Lab) -> None:
    """Everything is done, to the end of the course."""
    list(catch_up(COURSE, lab, LAST.slug, lab.say))
    do(lab, LAST.slug)


def do(lab: Lab, *slugs: str) -> None:
    """Have these steps done."""
    for slug in slugs:
        act = COURSE.step(slug).do
        assert act
        act(lab)


def undo(lab: Lab, slug: str) -> None:
    """Start a step over."""
    act = COURSE.step(slug).undo
    assert act
    act(lab)


def holding(lab: Lab, after: Step) -> set[str]:
    """The later steps that hold."""
    later = COURSE.steps[COURSE.steps.index(after) + 1 :]
    return {step.slug for step in later if step.checks and passed(look_at(step, lab))}


def test_no_later_step_is_lost_without_being_named(lab: Lab) -> None:
    # Those that change AWS; the pipeline last, because all runs go with it.
    undone = [step for step in COURSE.steps if step.undo and not step.asks]
    for step in sorted(undone, key=lambda step: step.slug == "review-and-create"):
        finish(lab)
        before, held = fingerprint(lab), holding(lab, step)
        foreseen = undoing(step, lab, COURSE)
        assert difference(before, fingerprint(lab)) == [], step.slug
        undo(lab, step.slug)
        lost = held - holding(lab, step)
        assert lost <= {one.slug for one in foreseen.dependents}, step.slug


def test_what_will_be_removed_is_said_first(lab: Lab) -> None:
    do(lab, "define-the-build")
    what = undoing(COURSE.step("define-the-build"), lab, COURSE)
    assert what.removes == (
        "Delete the project paulf-pg23-build",
        "Take the policy CodeBuildBasePolicy-paulf-pg23-build-eu-west-1"
        " from the role codebuild-paulf-pg23-build-service-role",
        "Delete the role codebuild-paulf-pg23-build-service-role",
        "Delete the policy CodeBuildBasePolicy-paulf-pg23-build-eu-west-1",
    )


def test_nothing_is_removed_where_nothing_is_there(lab: Lab) -> None:
    before = fingerprint(lab)
    for step in COURSE.steps:
        if step.undo:
            assert undoing(step, lab, COURSE).removes == ()
            undo(lab, step.slug)
    assert difference(before, fingerprint(lab)) == []


def test_each_step_can_be_seen_anew(lab: Lab) -> None:
    for step in COURSE.steps:
        what = undoing(step, lab, COURSE)
        assert what.possible or not step.do or (what.instead and what.instead.undo), step.slug


def test_a_history_is_never_rewritten(lab: Lab) -> None:
    do(lab, "define-the-build", "review-and-create", "commit-a-change")
    mine = look.tip(lab)
    undo(lab, "commit-a-change")
    again = look.commit(lab, look.tip(lab))
    assert again["parents"] == [mine]
    assert look.greeting(lab, look.tip(lab)) == "Hello, serverless world!"


def document(lab: Lab, **more: object) -> str:
    """A policy that lets the build write its package."""
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{lab.packages}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def in_the_role(lab: Lab) -> None:
    lab.client("iam").put_role_policy(
        RoleName=lab.build_role, PolicyName="put-packages", PolicyDocument=document(lab)
    )


def in_the_bucket(lab: Lab) -> None:
    role = lab.arn("iam", f"role/service-role/{lab.build_role}")
    policy = document(lab, Principal={"AWS": role})
    lab.client("s3").put_bucket_policy(Bucket=lab.packages, Policy=policy)


def in_a_policy_of_their_own(lab: Lab) -> None:
    iam = lab.client("iam")
    made = iam.create_policy(PolicyName=lab.name("packages"), PolicyDocument=document(lab))
    iam.attach_role_policy(RoleName=lab.build_role, PolicyArn=made["Policy"]["Arn"])


@pytest.mark.parametrize("allow", [in_the_role, in_the_bucket, in_a_policy_of_their_own])
def test_a_permission_given_in_another_way_is_taken_as_well(lab: Lab, allow: Callable[[Lab], None]) -> None:
    do(lab, "define-the-build")
    allow(lab)
    assert fix_the_build.check_the_role_may_write(lab)
    undo(lab, "fix-the-build")
    with pytest.raises(NotYet, match="not allowed"):
        fix_the_build.check_the_role_may_write(lab)


def test_what_the_bucket_says_of_others_stays(lab: Lab) -> None:
    do(lab, "define-the-build")
    in_the_bucket(lab)
    s3 = lab.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=lab.packages)["Policy"])
    role = lab.arn("iam", f"role/{lab.deploy_role}")
    others = json.loads(document(lab, Principal={"AWS": role}))["Statement"]
    policy["Statement"] += others
    s3.put_bucket_policy(Bucket=lab.packages, Policy=json.dumps(policy))
    undo(lab, "fix-the-build")
    assert json.loads(s3.get_bucket_policy(Bucket=lab.packages)["Policy"])["Statement"] == others


def test_a_rule_of_the_consoles_making_goes_with_the_pipeline(lab: Lab) -> None:
    do(lab, "define-the-build", "review-and-create")
    events, target = lab.client("events"), lab.arn("codepipeline", lab.name("pipeline"))
    name = "codepipeline-pg23rep-master-301234-rule"
    events.put_rule(Name=name, EventPattern=json.dumps(blueprint.event_pattern(lab)))
    role = lab.arn("iam", f"role/service-role/{lab.rule_role}")
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target, "RoleArn": role}])
    undo(lab, "review-and-create")
    assert events.list_rules(NamePrefix="codepipeline-")["Rules"] == []


def test_a_build_with_no_way_to_fail_is_given_one_to_be_observed(lab: Lab) -> None:
    do(lab, "define-the-build", "fix-the-build", "review-and-create", "rerun-the-pipeline")
    shown = plan(COURSE.step("observe-the-failure"), lab)
    assert [call.operation for call in shown.changes] == ["DetachRolePolicy", "StartPipelineExecution"]
    do(lab, "observe-the-failure")
    assert passed(look_at(COURSE.step("observe-the-failure"), lab))
