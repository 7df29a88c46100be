"""What attendees find prepared in their account."""

from typing import Any

import pytest

from tests.conftest import Account
from tests.course.conftest import ROOT
from workshop.ground import prepare
from workshop.lab import REFUSALS, Attendee, Aws, Keys, Lab


def test_the_attendee_is_who_the_course_says(lab: Lab) -> None:
    arn = lab.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{lab.account}:assumed-role/pg23meetuprole/paulf"


def test_the_repository_holds_the_application_as_its_first_commit(lab: Lab) -> None:
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName="pg23repo", branchName="master")["branch"]["commitId"]
    commit = codecommit.get_commit(repositoryName="pg23repo", commitId=tip)["commit"]
    file = codecommit.get_file(repositoryName="pg23repo", filePath="greeting.txt")
    assert commit["parents"] == []
    assert file["fileContent"] == (ROOT / "sample_app" / "greeting.txt").read_bytes()


def test_artifacts_are_kept_in_versions(lab: Lab, account: Account) -> None:
    versioning = account.client("s3").get_bucket_versioning(Bucket=lab.artifacts)
    assert versioning["Status"] == "Enabled"


def test_preparing_again_keeps_the_attendees_commits(
    lab: Lab, attendee: Attendee, aws: Aws, admin: Keys
) -> None:
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName="pg23repo", branchName="master")["branch"]["commitId"]
    made = codecommit.put_file(
        repositoryName="pg23repo",
        branchName="master",
        fileContent=b"Hi\n",
        filePath="greeting.txt",
        parentCommitId=tip,
    )
    keys = prepare(attendee, aws, admin, ROOT / "sample_app")
    again = Lab(attendee, aws, keys).client("codecommit")
    branch = again.get_branch(repositoryName="pg23repo", branchName="master")["branch"]
    assert branch["commitId"] == made["commitId"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("codebuild", "batch_get_projects", {"names": ["janed-pg23-build"]}),
        ("codepipeline", "get_pipeline", {"name": "janed-pg23-pipeline"}),
        ("iam", "get_role", {"RoleName": "admin"}),
        ("iam", "create_user", {"UserName": "more"}),
        ("s3", "create_bucket", {"Bucket": "mine"}),
    ],
)
def test_what_is_not_theirs_is_refused(
    lab: Lab, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(REFUSALS, match=r"AccessDenied|not authorized"):
        getattr(lab.client(service), operation)(**parameters)
