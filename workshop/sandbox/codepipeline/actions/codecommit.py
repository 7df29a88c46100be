"""Source from CodeCommit: the newest commit of a branch, as a zip without its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError
from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.state import Revision
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Work, denied


def run(work: Work) -> Outcome:
    """Take the branch's head, or the commit that the execution was started with."""
    commit = _commit(work, work.override[1] if work.override else latest(work.client, work.configuration))
    artifacts.write(work, work.outputs[0], _archive(work, commit["commitId"]))
    message = commit.get("message", "").strip()
    return Outcome(
        summary=message,
        external_id=commit["commitId"],
        revision=Revision(
            commit["commitId"], commit["commitId"], message, _url(work, commit), datetime.now(UTC)
        ),
        variables=_variables(work, commit),
    )


def latest(client: Any, configuration: Mapping[str, str]) -> str:
    """The commit id at the head of the branch; ActionFailed in CodePipeline's words."""
    repository, branch = configuration["RepositoryName"], configuration["BranchName"]
    try:
        found = client("codecommit").get_branch(repositoryName=repository, branchName=branch)
    except ClientError as error:
        raise _failure(repository, branch, error) from error
    commit: str = found["branch"]["commitId"]
    return commit


def _commit(work: Work, id: str) -> dict[str, Any]:
    repository = work.configuration["RepositoryName"]
    try:
        found = work.client("codecommit").get_commit(repositoryName=repository, commitId=id)
    except ClientError as error:
        raise _failure(repository, work.configuration["BranchName"], error) from error
    commit: dict[str, Any] = found["commit"]
    return commit


def _archive(work: Work, commit: str) -> bytes:
    """The commit's files; CodePipeline needs codecommit:UploadArchive for them."""
    repository = work.configuration["RepositoryName"]
    arn = f"arn:aws:codecommit:{work.region}:{work.account}:{repository}"
    try:
        for action in ("codecommit:UploadArchive", "codecommit:GetUploadArchiveStatus"):
            work.sandbox.permissions.require(work.credentials.principal, action, arn, work.region)
    except AwsError as error:
        raise _no_access(repository) from error
    codecommit = work.sandbox.service("codecommit")
    body: bytes = codecommit.archive(work.account, work.region, repository, commit)
    return body


def _failure(repository: str, branch: str, error: ClientError) -> ActionFailed:
    code = error.response["Error"]["Code"]
    if denied(error):
        return _no_access(repository)
    if code == "BranchDoesNotExistException":
        return _not_found(
            f"no branch named {branch} was found in the selected AWS CodeCommit repository {repository}",
            "branch",
        )
    if code == "RepositoryDoesNotExistException":
        return _not_found(f"no AWS CodeCommit repository named {repository} was found", "repository")
    return ActionFailed("ConfigurationError", error.response["Error"]["Message"])


def _not_found(what: str, kind: str) -> ActionFailed:
    return ActionFailed(
        "ConfigurationError",
        f"The action failed because {what}. "
        f"Make sure you are using the correct {kind} name, and then try again. Error: null",
    )


def _no_access(repository: str) -> ActionFailed:
    return ActionFailed(
        "PermissionError",
        f"Could not access the CodeCommit repository {repository}. Make sure that the pipeline IAM role "
        "has sufficient permissions to access the repository.",
    )


def _variables(work: Work, commit: Mapping[str, Any]) -> dict[str, str]:
    return {
        "RepositoryName": work.configuration["RepositoryName"],
        "BranchName": work.configuration["BranchName"],
        "CommitId": commit["commitId"],
        "CommitMessage": commit.get("message", "").strip(),
        "AuthorDate": _moment(commit["author"]["date"]),
        "CommitterDate": _moment(commit["committer"]["date"]),
    }


def _moment(date: str) -> str:
    """CodeCommit's "1484167798 -0800" as CodePipeline writes it."""
    return datetime.fromtimestamp(int(date.split()[0]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _url(work: Work, commit: Mapping[str, Any]) -> str:
    return (
        f"https://{work.region}.console.aws.amazon.com/codesuite/codecommit/repositories/"
        f"{work.configuration['RepositoryName']}/commit/{commit['commitId']}?region={work.region}"
    )
