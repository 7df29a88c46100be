"""One look asks AWS each question once."""

import pytest

from tests.conftest import Account
from workshop.lab import Lab, Refused, one_moment


@pytest.fixture
def asked(lab: Lab) -> list[str]:
    """The operations that have really gone over the wire."""
    seen: list[str] = []

    def note(event_name: str, **_: object) -> None:
        seen.append(event_name.rsplit(".", 1)[-1])

    for service in ("codecommit", "iam"):
        lab.client(service).meta.events.register("before-send.*.*", note)
    return seen


def test_a_question_is_asked_once_in_a_moment(lab: Lab, asked: list[str]) -> None:
    with one_moment():
        first = lab.client("codecommit").list_branches(repositoryName="pg23repo")
        again = lab.client("codecommit").list_branches(repositoryName="pg23repo")
    assert first["branches"] == again["branches"] == ["master"]
    assert asked == ["ListBranches"]


def test_another_question_is_another_one(lab: Lab, asked: list[str]) -> None:
    with one_moment():
        lab.client("codecommit").get_file(repositoryName="pg23repo", filePath="greeting.txt")
        lab.client("codecommit").get_file(repositoryName="pg23repo", filePath="README.md")
    assert asked == ["GetFile", "GetFile"]


def test_a_document_of_iam_is_read_the_same_twice(lab: Lab, asked: list[str]) -> None:
    with one_moment():
        first = lab.client("iam").get_role(RoleName=lab.pipeline_role)["Role"]
        again = lab.client("iam").get_role(RoleName=lab.pipeline_role)["Role"]
    assert first["AssumeRolePolicyDocument"] == again["AssumeRolePolicyDocument"]
    assert asked == ["GetRole"]


def test_a_refusal_is_the_same_twice(lab: Lab, asked: list[str]) -> None:
    with one_moment():
        for _ in range(2):
            with pytest.raises(Refused, match="NoSuchEntity"):
                lab.client("iam").get_role(RoleName="pg23nobody")
    assert asked == ["GetRole"]


def test_the_next_moment_asks_again(lab: Lab, account: Account, asked: list[str]) -> None:
    branches = []
    for _ in range(2):
        with one_moment():
            branches.append(lab.client("codecommit").list_branches(repositoryName="pg23repo")["branches"])
        tip = lab.client("codecommit").get_branch(repositoryName="pg23repo", branchName="master")
        account.client("codecommit").create_branch(
            repositoryName="pg23repo", branchName=f"b{len(branches)}", commitId=tip["branch"]["commitId"]
        )
    assert len(branches[1]) == len(branches[0]) + 1
