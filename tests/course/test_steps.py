"""What the steps say of work that is not right yet, and how they adopt what is half done."""

import json
from typing import Any

import pytest

from steps import (
    add_a_stage,
    blueprint,
    choose_a_service_role,
    define_the_build,
    define_the_source,
    execute_the_change_set,
    generate_a_change_set,
    look,
    name_the_pipeline,
    review_and_create,
    sign_in,
)
from steps.diagnose_the_build import Refusal, refused_in
from tests.course.hints import gap
from workshop.lab import Lab

USER = "arn:aws:iam::424200000007:user/paul"
REFUSED = (
    "An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::1:"
    "assumed-role/r/s is not authorized to perform: s3:PutObject on resource:"
    ' "arn:aws:s3:::pg23-packages-1/0abc" because no identity-based policy allows it'
)
TERSE = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"


@pytest.mark.parametrize(
    ("said", "saw", "hint"),
    [
        ("", "no answer", "paste its Arn"),
        (USER, USER, "a user, not the role"),
        ("arn:aws:sts::1:assumed-role/other/paulf", "other", "another role"),
        ("arn:aws:sts::1:assumed-role/pg23meetuprole/paulf", "sts::1:", "another account"),
    ],
)
def test_another_identity_is_told_apart(lab: Lab, said: str, saw: str, hint: str) -> None:
    lab.answers["caller"] = said
    missing = gap(sign_in.check_you_have_seen_who_you_are, lab)
    assert saw in missing.saw
    assert hint in missing.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Paulf-pg23-pipeline", "Capitals count"),
        ("my-pg23-pipeline", "begin with your handle"),
        ("paulf-pipeline", "belongs in the middle"),
        ("paulf-pg23-pipe", "end with what it is"),
    ],
)
def test_a_name_beside_the_convention_is_corrected(lab: Lab, name: str, hint: str) -> None:
    lab.answers["pipeline-name"] = name
    assert hint in gap(name_the_pipeline.check_it_follows_the_convention, lab).hint


@pytest.mark.parametrize(
    ("name", "saw"),
    [("", "no name"), ("my pipeline", "' '"), ("päulf", "'ä'"), ("x" * 101, "101 characters")],
)
def test_what_is_no_name_is_said(lab: Lab, name: str, saw: str) -> None:
    lab.answers["pipeline-name"] = name
    assert saw in gap(name_the_pipeline.check_it_is_a_name, lab).saw


def test_the_default_of_new_repositories_is_explained(lab: Lab) -> None:
    lab.answers["source-branch"] = "main"
    assert "2021" in gap(define_the_source.check_the_branch_is_there, lab).hint


def test_a_role_of_another_service_is_told_by_its_trust(lab: Lab) -> None:
    lab.answers["pipeline-role"] = lab.deploy_role
    missing = gap(choose_a_service_role.check_the_role_trusts_codepipeline, lab)
    assert "cloudformation.amazonaws.com" in missing.saw


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"environment": {"image": "aws/codebuild/standard:5.0"}}, "check_its_image_has_a_current_node"),
        ({"environment": {"environmentVariables": []}}, "check_the_build_knows_the_bucket"),
        ({"source": {"buildspec": "version: 0.2\n"}}, "check_the_buildspec_comes_with_the_source"),
        ({"cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]}}, "check_no_cache_and_no_network"),
    ],
)  # fmt: skip
def test_a_project_that_is_half_right_is_named_and_adopted(
    lab: Lab, change: dict[str, Any], check: str
) -> None:
    define_the_build.do(lab)
    wanted = blueprint.project(lab)
    changed = {
        key: {**wanted[key], **value} if key in ("environment", "source") else value
        for key, value in change.items()
    }
    lab.client("codebuild").update_project(**{**wanted, **changed})
    gap(getattr(define_the_build, check), lab)
    define_the_build.do(lab)
    assert getattr(define_the_build, check)(lab)


def test_the_attendees_own_variables_survive_adoption(lab: Lab) -> None:
    define_the_build.do(lab)
    wanted = blueprint.project(lab)
    wanted["environment"]["environmentVariables"] = [{"name": "MINE", "value": "1"}]
    lab.client("codebuild").update_project(**wanted)
    define_the_build.do(lab)
    variables = look.project(lab)["environment"]["environmentVariables"]
    assert {variable["name"] for variable in variables} == {"MINE", "PACKAGE_BUCKET"}


def test_polling_beside_the_event_is_found_and_mended(lab: Lab) -> None:
    define_the_build.do(lab)
    declared = blueprint.pipeline(lab)
    del declared["stages"][0]["actions"][0]["configuration"]["PollForSourceChanges"]
    lab.client("codepipeline").create_pipeline(pipeline=declared)
    assert "left out" in gap(review_and_create.check_nothing_polls, lab).saw
    review_and_create.do(lab)
    assert review_and_create.check_nothing_polls(lab)


def test_a_rule_for_another_branch_does_not_count(lab: Lab) -> None:
    define_the_build.do(lab)
    review_and_create.do(lab)
    pattern = blueprint.event_pattern(lab)
    pattern["detail"]["referenceName"] = ["main"]
    lab.client("events").put_rule(Name=blueprint.rule_name(lab), EventPattern=json.dumps(pattern))
    assert "would not fire" in gap(review_and_create.check_an_event_starts_it, lab).saw


def complete(lab: Lab) -> dict[str, Any]:
    """The pipeline with its whole Deploy stage, made by the steps."""
    define_the_build.do(lab)
    for step in (review_and_create, add_a_stage, generate_a_change_set, execute_the_change_set):
        step.do(lab)
    return look.pipeline(lab)


@pytest.mark.parametrize(
    ("key", "value", "check"),
    [
        ("StackName", "other-stack", "check_an_action_makes_a_change_set"),
        ("TemplatePath", "BuildArtifact::template.yaml", "check_it_takes_the_packaged_template"),
        ("Capabilities", "CAPABILITY_AUTO_EXPAND", "check_it_may_make_roles"),
        ("ActionMode", "CREATE_UPDATE", "check_an_action_makes_a_change_set"),
    ],
)  # fmt: skip
def test_a_change_set_action_that_is_half_right_is_named_and_adopted(
    lab: Lab, key: str, value: str, check: str
) -> None:
    declared = complete(lab)
    declared["stages"][2]["actions"][0]["configuration"][key] = value
    lab.client("codepipeline").update_pipeline(pipeline=declared)
    gap(getattr(generate_a_change_set, check), lab)
    generate_a_change_set.do(lab)
    assert getattr(generate_a_change_set, check)(lab)


def test_executing_beside_the_first_action_is_found_and_mended(lab: Lab) -> None:
    declared = complete(lab)
    declared["stages"][2]["actions"][1]["runOrder"] = 1
    lab.client("codepipeline").update_pipeline(pipeline=declared)
    assert "run at once" in gap(execute_the_change_set.check_it_comes_after_the_first, lab).hint
    execute_the_change_set.do(lab)
    assert execute_the_change_set.check_it_comes_after_the_first(lab)


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (f"first\n{REFUSED}\nlast", ("s3:PutObject", "pg23-packages-1")),
        (f"aws … --s3-bucket b-1 …\n{TERSE}", ("s3:PutObject", "b-1")),
        ("npm error", None),
    ],
)  # fmt: skip
def test_the_refused_call_is_read_out_of_the_log(log: str, found: tuple[str, str] | None) -> None:
    refusal = refused_in(log)
    assert (refusal and (refusal.action, refusal.bucket)) == found
    assert refusal is None or isinstance(refusal, Refusal)
