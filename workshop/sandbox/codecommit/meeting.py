"""Two commits that are to be merged: whether they can be, and the commit that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workshop.sandbox.codecommit.edits import LARGEST_FILE, mode_number, valid_path
from workshop.sandbox.codecommit.git import Author, Git
from workshop.sandbox.codecommit.merge import Merged, Policy, Resolution, merge
from workshop.sandbox.codecommit.tree import changed
from workshop.sandbox.codecommit.words import refusal

DETAILS = ("FILE_LEVEL", "LINE_LEVEL")
STRATEGIES = ("NONE", "ACCEPT_SOURCE", "ACCEPT_DESTINATION", "AUTOMERGE")
FAST_FORWARD, SQUASH, THREE_WAY = OPTIONS = ("FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE")
REPLACEMENTS = ("KEEP_BASE", "KEEP_SOURCE", "KEEP_DESTINATION", "USE_NEW_CONTENT")


@dataclass(frozen=True)
class Meeting:
    """A source and a destination commit, and the best commit from which both come (None: there is none)."""

    source: str
    destination: str
    base: str | None

    @classmethod
    def of(cls, git: Git, source: str, destination: str) -> Meeting:
        return cls(source, destination, git.merge_base(destination, source))

    @property
    def can_fast_forward(self) -> bool:
        """Whether the source already holds all of the destination."""
        return self.base == self.destination

    def merged(self, git: Git, policy: Policy) -> Merged:
        """The merge of the two trees."""
        base = git.root(self.base) if self.base else None
        return merge(git, base, git.root(self.destination), git.root(self.source), policy)

    def mergeable(self, git: Git, option: str, policy: Policy) -> bool:
        if option == FAST_FORWARD:
            return self.can_fast_forward
        return not self.merged(git, policy).conflicts

    def commit(
        self, git: Git, option: str, policy: Policy, author: Author, message: str, keep_empty: bool
    ) -> str:
        """Writes the commit of a squash or three-way merge, or names the source for a fast forward.

        ManualMergeRequiredException if conflicts stay.
        """
        if option == FAST_FORWARD:
            if not self.can_fast_forward:
                raise refusal("ManualMergeRequiredException")
            return self.source
        merged = self.merged(git, policy)
        if merged.conflicts:
            raise refusal("ManualMergeRequiredException")
        tree = changed(git, git.root(self.destination), merged.changes, keep_empty)
        parents = [self.destination] if option == SQUASH else [self.destination, self.source]
        return git.add_commit(tree, parents, author, message)

    def shown(self) -> dict[str, str]:
        """The three commits, as most answers about merges hold them."""
        commits = {"sourceCommitId": self.source, "destinationCommitId": self.destination}
        return commits | ({"baseCommitId": self.base} if self.base else {})


def policy_of(params: Mapping[str, Any]) -> Policy:
    """How a call wants conflicts met."""
    detail = params.get("conflictDetailLevel", "FILE_LEVEL")
    strategy = params.get("conflictResolutionStrategy", "NONE")
    if detail not in DETAILS:
        raise refusal("InvalidConflictDetailLevelException")
    if strategy not in STRATEGIES:
        raise refusal("InvalidConflictResolutionStrategyException")
    wishes = params.get("conflictResolution", {})
    if wishes and strategy != "AUTOMERGE":
        raise refusal("InvalidConflictResolutionException")
    return Policy(detail, strategy, _resolutions(wishes))


def _resolutions(wishes: Mapping[str, Any]) -> dict[str, Resolution]:
    found: dict[str, Resolution] = {}
    for wish in wishes.get("replaceContents", []):
        _add(found, wish["filePath"], _replacement(wish))
    for wish in wishes.get("deleteFiles", []):
        _add(found, wish["filePath"], Resolution(delete=True))
    for wish in wishes.get("setFileModes", []):
        before = found.pop(wish["filePath"], Resolution())
        mode = mode_number(wish["fileMode"])
        _add(found, wish["filePath"], Resolution(before.keep, before.content, mode, before.delete))
    return found


def _add(found: dict[str, Resolution], path: str, resolution: Resolution) -> None:
    if valid_path(path) in found:
        raise refusal("MultipleConflictResolutionEntriesException")
    found[path] = resolution


def _replacement(wish: Mapping[str, Any]) -> Resolution:
    kind, content = wish["replacementType"], wish.get("content")
    mode = mode_number(wish["fileMode"]) if "fileMode" in wish else None
    if kind not in REPLACEMENTS:
        raise refusal("InvalidReplacementTypeException")
    if kind != "USE_NEW_CONTENT":
        return Resolution(keep=kind.removeprefix("KEEP_"), mode=mode)
    if content is None:
        raise refusal("ReplacementContentRequiredException")
    if len(content) > LARGEST_FILE:
        raise refusal("FileContentSizeLimitExceededException")
    return Resolution(content=content, mode=mode)
