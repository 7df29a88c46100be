"""Which of CodeCommit's doors policies open, by repository and by branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.test_codecommit_git import Learner
from tests.sandbox.test_codecommit_merges import BOTH, R, Work
from workshop.sandbox.permissions.catalog.code import ASKED_LATER

SERVICE = "codebuild.amazonaws.com"
NOT_MAIN = {
    "Effect": "Deny",
    "Action": ["codecommit:GitPush", "codecommit:PutFile", "codecommit:Merge*"],
    "Resource": "*",
    "Condition": {
        "StringEqualsIfExists": {"codecommit:References": ["refs/heads/main"]},
        "Null": {"codecommit:References": "false"},
    },
}
ALL = {"Effect": "Allow", "Action": "codecommit:*", "Resource": "*"}


@pytest.fixture
def work(account: Account) -> Work:
    return Work(account.client("codecommit"))


def role(account: Account, *statements: dict[str, Any]) -> str:
    return account.role("somebody", SERVICE, {"Version": "2012-10-17", "Statement": list(statements)})


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**params)
    return str(error.value.response["Error"]["Code"])


def test_a_policy_on_one_repository_opens_its_pull_requests(work: Work, account: Account) -> None:
    work.put("feature", "new", b"new")
    number = work.ask()["pullRequestId"]
    mine = {**ALL, "Resource": f"arn:aws:codecommit:eu-west-1:{account.id}:r"}
    client = account.client("codecommit", as_role=role(account, mine))
    assert client.get_pull_request(pullRequestId=number)["pullRequest"]["title"] == "Please"
    assert refused(client.get_pull_request, pullRequestId="99") == "AccessDeniedException"


def test_a_policy_on_another_repository_does_not(work: Work, account: Account) -> None:
    work.put("feature", "new", b"new")
    number = work.ask()["pullRequestId"]
    other = {**ALL, "Resource": f"arn:aws:codecommit:eu-west-1:{account.id}:other"}
    client = account.client("codecommit", as_role=role(account, other))
    assert refused(client.get_pull_request, pullRequestId=number) == "AccessDeniedException"
    assert refused(client.get_branch, **R, branchName="main") == "AccessDeniedException"


@pytest.mark.parametrize("operation", ASKED_LATER)
def test_nobody_without_permission_reaches_a_pull_request_or_comment(
    work: Work, account: Account, operation: str
) -> None:
    client = account.client("codecommit", as_role=account.role("nobody", SERVICE))
    wanted = client.meta.service_model.operation_model(operation).input_shape.required_members
    call = getattr(client, xform_name(operation))
    assert refused(call, **dict.fromkeys(wanted, "1")) == "AccessDeniedException"


def test_a_branch_can_be_closed_to_the_api(work: Work, account: Account) -> None:
    client = account.client("codecommit", as_role=role(account, ALL, NOT_MAIN))
    file = {**R, "filePath": "new", "fileContent": b"new"}
    client.put_file(**file, branchName="feature", parentCommitId=work.base)
    code = refused(client.put_file, **file, branchName="main", parentCommitId=work.base)
    assert code == "AccessDeniedException"
    assert refused(client.merge_branches_by_fast_forward, **BOTH) == "AccessDeniedException"
    number = work.ask()["pullRequestId"]
    code = refused(client.merge_pull_request_by_fast_forward, **R, pullRequestId=number)
    assert code == "AccessDeniedException"
    assert work.tip("main") == work.base


def test_a_branch_can_be_closed_to_pushes(work: Work, account: Account, tmp_path: Path) -> None:
    learner = Learner(tmp_path, account)
    url = learner.url(who=account.assume(role(account, ALL, NOT_MAIN)))
    learner.git("clone", "-q", url, "work")
    made = learner.commit("more", "more")
    learner.git("push", "-q", url, "HEAD:feature", at="work")
    said = learner.git("push", url, "HEAD:main", at="work", fails=True)
    assert "codecommit:GitPush" in said
    assert "explicit deny" in said
    assert (work.tip("feature"), work.tip("main")) == (made, work.base)
