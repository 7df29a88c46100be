"""CodeCommit's repositories and branches, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account


@pytest.fixture
def codecommit(account: Account) -> Any:
    return account.client("codecommit")


@pytest.fixture
def first(codecommit: Any) -> str:
    """The id of the first commit of `pg23repo`, on master."""
    codecommit.create_repository(repositoryName="pg23repo")
    made = codecommit.put_file(
        repositoryName="pg23repo", branchName="master", fileContent=b"hello\n", filePath="README.md"
    )
    return str(made["commitId"])


def test_a_new_repository_has_no_default_branch(codecommit: Any, account: Account) -> None:
    made = codecommit.create_repository(
        repositoryName="pg23repo", repositoryDescription="The course's", tags={"course": "pg23"}
    )["repositoryMetadata"]
    assert made["Arn"] == f"arn:aws:codecommit:eu-west-1:{account.id}:pg23repo"
    assert made["cloneUrlHttp"] == f"{account.server.sandbox.endpoint}/v1/repos/pg23repo"
    assert made["accountId"] == account.id
    assert "defaultBranch" not in made
    assert codecommit.list_tags_for_resource(resourceArn=made["Arn"])["tags"] == {"course": "pg23"}


def test_a_name_is_taken_once(codecommit: Any) -> None:
    codecommit.create_repository(repositoryName="pg23repo")
    with pytest.raises(codecommit.exceptions.RepositoryNameExistsException) as refused:
        codecommit.create_repository(repositoryName="pg23repo")
    assert refused.value.response["Error"]["Message"] == "Repository named pg23repo already exists"


@pytest.mark.parametrize("name", ["a b", "a.git", "ä", "a/b", "x" * 101])
def test_a_name_that_git_addresses_cannot_hold_is_refused(codecommit: Any, name: str) -> None:
    with pytest.raises(ClientError):
        codecommit.create_repository(repositoryName=name)


def test_accounts_and_regions_have_repositories_of_their_own(
    codecommit: Any, account: Account, sandbox: Any
) -> None:
    codecommit.create_repository(repositoryName="mine")
    other = Account(sandbox)
    assert other.client("codecommit").list_repositories()["repositories"] == []
    account.region = "us-east-1"
    assert account.client("codecommit").list_repositories()["repositories"] == []


def test_a_missing_repository_is_named(codecommit: Any) -> None:
    with pytest.raises(codecommit.exceptions.RepositoryDoesNotExistException) as refused:
        codecommit.get_repository(repositoryName="nowhere")
    assert refused.value.response["Error"]["Message"] == "nowhere does not exist"


def test_a_batch_tells_found_from_missing(codecommit: Any) -> None:
    codecommit.create_repository(repositoryName="here")
    found = codecommit.batch_get_repositories(repositoryNames=["here", "nowhere"])
    assert [each["repositoryName"] for each in found["repositories"]] == ["here"]
    assert found["repositoriesNotFound"] == ["nowhere"]


def test_a_renamed_repository_keeps_its_commits(codecommit: Any, first: str) -> None:
    codecommit.update_repository_name(oldName="pg23repo", newName="renamed")
    tip = codecommit.get_branch(repositoryName="renamed", branchName="master")["branch"]["commitId"]
    assert tip == first
    with pytest.raises(codecommit.exceptions.RepositoryDoesNotExistException):
        codecommit.get_repository(repositoryName="pg23repo")


def test_a_deleted_repository_is_gone_and_may_be_deleted_again(codecommit: Any, first: str) -> None:
    assert codecommit.delete_repository(repositoryName="pg23repo")["repositoryId"]
    assert "repositoryId" not in codecommit.delete_repository(repositoryName="pg23repo")
    codecommit.create_repository(repositoryName="pg23repo")
    assert codecommit.list_branches(repositoryName="pg23repo")["branches"] == []


def test_the_first_branch_becomes_the_default(codecommit: Any, first: str) -> None:
    shown = codecommit.get_repository(repositoryName="pg23repo")["repositoryMetadata"]
    assert shown["defaultBranch"] == "master"


def test_branches_are_made_listed_and_deleted(codecommit: Any, first: str) -> None:
    codecommit.create_branch(repositoryName="pg23repo", branchName="feature/one", commitId=first)
    assert codecommit.list_branches(repositoryName="pg23repo")["branches"] == ["feature/one", "master"]
    gone = codecommit.delete_branch(repositoryName="pg23repo", branchName="feature/one")
    assert gone["deletedBranch"] == {"branchName": "feature/one", "commitId": first}
    assert codecommit.list_branches(repositoryName="pg23repo")["branches"] == ["master"]


def test_deleting_an_absent_branch_changes_nothing(codecommit: Any, first: str) -> None:
    gone = codecommit.delete_branch(repositoryName="pg23repo", branchName="nothing")
    assert "deletedBranch" not in gone


def test_the_default_branch_cannot_be_deleted_until_another_is(codecommit: Any, first: str) -> None:
    with pytest.raises(codecommit.exceptions.DefaultBranchCannotBeDeletedException):
        codecommit.delete_branch(repositoryName="pg23repo", branchName="master")
    codecommit.create_branch(repositoryName="pg23repo", branchName="main", commitId=first)
    codecommit.update_default_branch(repositoryName="pg23repo", defaultBranchName="main")
    codecommit.delete_branch(repositoryName="pg23repo", branchName="master")
    assert codecommit.list_branches(repositoryName="pg23repo")["branches"] == ["main"]


BAD_BRANCHES = [
    ("master", "first", "BranchNameExistsException"),
    ("two words", "first", "InvalidBranchNameException"),
    ("new", "0" * 40, "CommitDoesNotExistException"),
    ("new", "master", "InvalidCommitIdException"),
]


@pytest.mark.parametrize(("name", "commit", "code"), BAD_BRANCHES)
def test_a_branch_that_cannot_be_is_refused(
    codecommit: Any, first: str, name: str, commit: str, code: str
) -> None:
    commit = first if commit == "first" else commit
    with pytest.raises(ClientError) as refused:
        codecommit.create_branch(repositoryName="pg23repo", branchName=name, commitId=commit)
    assert refused.value.response["Error"]["Code"] == code


def test_a_missing_branch_is_named(codecommit: Any, first: str) -> None:
    with pytest.raises(codecommit.exceptions.BranchDoesNotExistException):
        codecommit.get_branch(repositoryName="pg23repo", branchName="main")


def test_tags_are_added_and_taken_away(codecommit: Any) -> None:
    arn = codecommit.create_repository(repositoryName="r", tags={"a": "1"})["repositoryMetadata"]["Arn"]
    codecommit.tag_resource(resourceArn=arn, tags={"b": "2"})
    codecommit.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert codecommit.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_repositories_are_listed_as_asked(codecommit: Any) -> None:
    for name in ("b", "a"):
        codecommit.create_repository(repositoryName=name)
    names = codecommit.list_repositories(sortBy="lastModifiedDate", order="descending")["repositories"]
    assert [each["repositoryName"] for each in names] == ["a", "b"]
