"""What CodeCommit remembers about an account in a region, apart from the git objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> datetime:
    """The present moment, as AWS time stamps it."""
    return datetime.now(UTC)


@dataclass
class Repository:
    """A repository's metadata; its objects lie on disk under `id`.

    `references` repeats what git has, as far as it has been told of in events.
    """

    id: str
    name: str
    account: str
    region: str
    description: str | None = None
    default_branch: str | None = None
    kms_key: str | None = None
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)
    tags: dict[str, str] = field(default_factory=dict)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    triggers_id: str = ""
    templates: list[str] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)  # full names and what they point to

    def note(self, reference: str, target: str | None) -> None:
        """A reference points to `target` now, or is gone."""
        if target:
            self.references[reference] = target
        else:
            self.references.pop(reference, None)

    @property
    def arn(self) -> str:
        return f"arn:aws:codecommit:{self.region}:{self.account}:{self.name}"


@dataclass
class Rule:
    """An approval rule of a pull request, or the template that such rules are made from."""

    id: str
    name: str
    content: str
    user: str
    description: str | None = None
    template: tuple[str, str] | None = None
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)


@dataclass
class Merge:
    """How a pull request was merged, and by whom."""

    commit: str
    option: str
    user: str


@dataclass
class PullRequest:
    """A request to merge one branch of a repository into another.

    `source` and `destination` are full reference names; `source_commit` and `destination_commit`
    are the tips last seen, and stay as they were once the request is closed.
    """

    id: str
    repository: str
    title: str
    description: str | None
    author: str
    source: str
    destination: str
    source_commit: str
    destination_commit: str
    merge_base: str
    revision: str
    token: str | None = None
    status: str = "OPEN"
    merge: Merge | None = None
    created: datetime = field(default_factory=now)
    active: datetime = field(default_factory=now)
    rules: list[Rule] = field(default_factory=list)
    approvals: dict[str, dict[str, str]] = field(default_factory=dict)
    overriders: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Comment:
    """A comment on a comparison of two commits or on a pull request, or a reply to one."""

    id: str
    content: str
    author: str
    repository: str
    after: str
    before: str | None = None
    pull_request: str | None = None
    location: dict[str, Any] | None = None
    reply_to: str | None = None
    token: str | None = None
    deleted: bool = False
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)
    reactions: dict[str, str] = field(default_factory=dict)


@dataclass
class State:
    """All of CodeCommit in one account and region; repositories and templates by name."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    pull_requests: dict[str, PullRequest] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    templates: dict[str, Rule] = field(default_factory=dict)

    def by_id(self, repository_id: str) -> Repository | None:
        """The repository with this id, whatever its name is now."""
        return next((r for r in self.repositories.values() if r.id == repository_id), None)
