"""Tells the world what happened to a repository: EventBridge events in CodeCommit's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import Principal
from workshop.sandbox.codecommit.state import PullRequest, Repository

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SOURCE = "aws.codecommit"


@dataclass(frozen=True)
class RefChange:
    """A branch or tag that was made (`old` is None), moved or removed (`new` is None).

    `merge` holds what a merge adds to the event: the three commits and the option.
    """

    ref: str
    old: str | None
    new: str | None
    merge: tuple[tuple[str, str], ...] = ()

    @property
    def branch(self) -> str | None:
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None

    @property
    def event(self) -> str:
        if self.old is None:
            return "referenceCreated"
        return "referenceUpdated" if self.new else "referenceDeleted"

    def detail(self) -> dict[str, str]:
        """The part of the event that tells of the reference (form: AWS's CodeCommit event reference)."""
        kind, name = ("branch", self.branch) if self.branch else ("tag", self.ref.removeprefix("refs/tags/"))
        commits = {"commitId": self.new, "oldCommitId": self.old}
        return {
            "event": self.event,
            "referenceType": kind,
            "referenceName": name or "",
            "referenceFullName": self.ref,
            **{key: commit for key, commit in commits.items() if commit},
            **dict(self.merge),
        }


class News:
    """Emits CodeCommit's events; never while a lock is held."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._events = sandbox.events

    def references(self, repository: Repository, changes: Sequence[RefChange], caller: Principal) -> None:
        """One `CodeCommit Repository State Change` for each reference."""
        for change in changes:
            self._emit(repository, "CodeCommit Repository State Change", caller, change.detail())

    def pull_request(
        self, repository: Repository, request: PullRequest, event: str, caller: Principal
    ) -> None:
        """`CodeCommit Pull Request State Change`; `event` is e.g. pullRequestCreated."""
        detail = {
            "event": event,
            "pullRequestId": request.id,
            "title": request.title,
            "author": request.author,
            "pullRequestStatus": request.status.title(),
            "isMerged": str(request.merge is not None),
            "repositoryNames": [repository.name],
            "sourceReference": request.source,
            "sourceCommit": request.source_commit,
            "destinationReference": request.destination,
            "destinationCommit": request.destination_commit,
            "revisionId": request.revision,
            "creationDate": request.created.ctime(),
            "lastModifiedDate": request.active.ctime(),
        }
        if request.description:
            detail["description"] = request.description
        self._emit(repository, "CodeCommit Pull Request State Change", caller, detail)

    def _emit(self, repository: Repository, kind: str, caller: Principal, detail: dict[str, Any]) -> None:
        named = {
            "repositoryName": repository.name,
            "repositoryId": repository.id,
            "callerUserArn": caller.arn,
        }
        self._events.emit(
            repository.account, repository.region, SOURCE, kind, [repository.arn], detail | named
        )
