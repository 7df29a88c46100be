"""What counts as a change, and what is made up of things that are only planned."""

import pytest

from workshop.lab import Lab, Refused
from workshop.plan.recording import Rehearsed, Unseen, asks_only


@pytest.mark.parametrize(
    ("operation", "asks"),
    [
        ("GetRole", True),
        ("BatchGetProjects", True),
        ("ListRuleNamesByTarget", True),
        ("SimulatePrincipalPolicy", True),
        ("TestEventPattern", True),
        ("HeadObject", True),
        ("TestInvokeMethod", False),
        ("CreateRole", False),
        ("BatchDeleteBuilds", False),
        ("StartPipelineExecution", False),
        ("PutRule", False),
        ("AssumeRole", False),
    ],
)
def test_questions_are_told_from_changes(operation: str, asks: bool) -> None:
    assert asks_only(operation) == asks


def test_what_is_planned_can_be_read_in_the_rehearsal_only(lab: Lab) -> None:
    name, rehearsed = lab.build_role, Rehearsed(lab)
    made = rehearsed.client("iam").create_role(
        Path="/service-role/", RoleName=name, AssumeRolePolicyDocument='{"Statement": []}'
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{lab.account}:role/service-role/{name}"
    read = rehearsed.client("iam").get_role(RoleName=name)["Role"]
    assert (read["Arn"], read["AssumeRolePolicyDocument"]) == (made["Arn"], {"Statement": []})
    with pytest.raises(Refused, match="NoSuchEntity"):
        lab.client("iam").get_role(RoleName=name)


def test_what_nobody_planned_is_missing_as_ever(lab: Lab) -> None:
    rehearsed = Rehearsed(lab)
    rehearsed.client("iam").create_role(RoleName=lab.build_role, AssumeRolePolicyDocument="{}")
    with pytest.raises(Refused, match="NoSuchEntity"):
        rehearsed.client("iam").get_role(RoleName=lab.rule_role)


def test_a_planned_commit_leaves_the_branch_where_it_is(lab: Lab) -> None:
    place = {"repositoryName": lab.repository, "branchName": lab.branch}
    tip = lab.client("codecommit").get_branch(**place)["branch"]["commitId"]
    codecommit = Rehearsed(lab).client("codecommit")
    made = codecommit.put_file(**place, filePath="a", fileContent=b"a\n", parentCommitId=tip)["commitId"]
    assert len(made) == 40
    assert codecommit.get_branch(**place)["branch"]["commitId"] == tip


def test_what_makes_calls_of_its_own_is_refused(lab: Lab) -> None:
    with pytest.raises(Unseen, match="upload_file"):
        Rehearsed(lab).client("s3").upload_file("a", lab.packages, "a")


def test_an_answer_is_planned_and_not_given(lab: Lab) -> None:
    rehearsed = Rehearsed(lab)
    rehearsed.answers["pipeline-name"] = "mine"
    assert lab.answers == {}
    assert [call.sentence for call in rehearsed.done] == ["Answer “pipeline name” with mine"]
