"""Pull requests as data: how they follow their branches, and what is noted of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from workshop.sandbox.codecommit.git import HEADS, Git
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.rules import shown_rule
from workshop.sandbox.codecommit.state import Merge, PullRequest, Repository, State, now

Told = tuple[PullRequest, str]
"""A pull request and the name of the event to emit about it."""


def note(request: PullRequest, kind: str, actor: str, **metadata: dict[str, Any]) -> None:
    """Adds an entry to what DescribePullRequestEvents answers, and marks the request active."""
    request.active = now()
    request.events.append(
        {
            "pullRequestId": request.id,
            "eventDate": request.active,
            "pullRequestEventType": kind,
            "actorArn": actor,
            **metadata,
        }
    )


def follow(
    state: State, repository: Repository, git: Git, changes: Sequence[RefChange], actor: str
) -> list[Told]:
    """Lets the repository's open pull requests follow branches that moved.

    A source branch that moves makes a new revision; a request whose source has come into its
    destination by a push is merged.
    """
    moved = {change.ref: change.new for change in changes if change.new}
    told: list[Told] = []
    for request in list(state.pull_requests.values()):
        if request.repository != repository.id or request.status != "OPEN":
            continue
        if request.source in moved:
            told.append(_source_moved(repository, request, git, moved[request.source], actor))
        if request.destination in moved:
            request.destination_commit = moved[request.destination]
            if git.contains(request.source_commit, request.destination_commit):
                merge = Merge(request.destination_commit, "FAST_FORWARD_MERGE", actor)
                told.append(merged(repository, request, merge))
    return told


def merged(repository: Repository, request: PullRequest, merge: Merge) -> Told:
    """Closes a request as merged."""
    request.merge, request.status = merge, "CLOSED"
    shown = {
        "repositoryName": repository.name,
        "destinationReference": request.destination,
        "mergeMetadata": shown_merge(request),
    }
    note(
        request,
        "PULL_REQUEST_MERGE_STATE_CHANGED",
        merge.user,
        pullRequestMergedStateChangedEventMetadata=shown,
    )
    return request, "pullRequestMergeStatusUpdated"


def shown_merge(request: PullRequest) -> dict[str, Any]:
    """A MergeMetadata."""
    merge = request.merge
    if merge is None:
        return {"isMerged": False}
    return {
        "isMerged": True,
        "mergedBy": merge.user,
        "mergeCommitId": merge.commit,
        "mergeOption": merge.option,
    }


def shown_request(request: PullRequest, repository: Repository) -> dict[str, Any]:
    """A PullRequest as AWS shows it."""
    target = {
        "repositoryName": repository.name,
        "sourceReference": request.source,
        "destinationReference": request.destination,
        "sourceCommit": request.source_commit,
        "destinationCommit": request.destination_commit,
        "mergeBase": request.merge_base,
        "mergeMetadata": shown_merge(request),
    }
    shown = {
        "pullRequestId": request.id,
        "title": request.title,
        "description": request.description,
        "lastActivityDate": request.active,
        "creationDate": request.created,
        "pullRequestStatus": request.status,
        "authorArn": request.author,
        "pullRequestTargets": [target],
        "clientRequestToken": request.token,
        "revisionId": request.revision,
        "approvalRules": [shown_rule(rule) for rule in request.rules],
    }
    return {key: value for key, value in shown.items() if value is not None}


def new_revision() -> str:
    """A revision's id: 64 hexadecimal digits."""
    return uuid.uuid4().hex + uuid.uuid4().hex


def full_reference(name: str) -> str:
    """``refs/heads/main`` for ``main``."""
    return name if name.startswith("refs/") else HEADS + name


def _source_moved(repository: Repository, request: PullRequest, git: Git, commit: str, actor: str) -> Told:
    before, request.source_commit = request.source_commit, commit
    request.merge_base = git.merge_base(request.destination_commit, commit) or request.merge_base
    request.revision = new_revision()
    shown = {
        "repositoryName": repository.name,
        "beforeCommitId": before,
        "afterCommitId": commit,
        "mergeBase": request.merge_base,
    }
    note(
        request,
        "PULL_REQUEST_SOURCE_REFERENCE_UPDATED",
        actor,
        pullRequestSourceReferenceUpdatedEventMetadata=shown,
    )
    return request, "pullRequestSourceBranchUpdated"
