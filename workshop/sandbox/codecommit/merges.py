"""CodeCommit's operations that merge branches, and that tell how a merge would go."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit.authors import author_of, message_of
from workshop.sandbox.codecommit.conflicts import shown_conflict, shown_hunks
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.git import HEADS, Git
from workshop.sandbox.codecommit.meeting import (
    FAST_FORWARD,
    OPTIONS,
    SQUASH,
    THREE_WAY,
    Meeting,
    policy_of,
)
from workshop.sandbox.codecommit.merge import Policy, Sides
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.state import Repository
from workshop.sandbox.codecommit.words import no_branch, no_path, refusal


class Merges(Desk):
    """Merging by API; nothing is merged that has conflicts left."""

    def merge_branches_by_fast_forward(self, call: Call) -> dict[str, Any]:
        return self._merge_branches(call, FAST_FORWARD)

    def merge_branches_by_squash(self, call: Call) -> dict[str, Any]:
        return self._merge_branches(call, SQUASH)

    def merge_branches_by_three_way(self, call: Call) -> dict[str, Any]:
        return self._merge_branches(call, THREE_WAY)

    def create_unreferenced_merge_commit(self, call: Call) -> dict[str, Any]:
        """Writes the merge to no branch, for a look at its result."""
        option = _valid_option(call.params["mergeOption"], but=FAST_FORWARD)
        with self.opened(call) as (repository, git):
            commit = self.written(call, git, self._meeting(call, repository, git), option)
            return {"commitId": commit, "treeId": git.root(commit)}

    def get_merge_commit(self, call: Call) -> dict[str, Any]:
        """Finds the commit that once merged the two; a fast forward or squash leaves none to find."""
        policy_of(call.params)
        with self.opened(call) as (repository, git):
            meeting = self._meeting(call, repository, git)
            pair = [meeting.destination, meeting.source]
            found = next((each for each in _commits(git) if git.parents(each) == pair), None)
        return meeting.shown() | ({"mergedCommitId": found} if found else {})

    def get_merge_options(self, call: Call) -> dict[str, Any]:
        policy = policy_of(call.params)
        with self.opened(call) as (repository, git):
            meeting = self._meeting(call, repository, git)
            possible = [option for option in OPTIONS if meeting.mergeable(git, option, policy)]
        return {"mergeOptions": possible, "baseCommitId": "", **meeting.shown()}

    def get_merge_conflicts(self, call: Call) -> dict[str, Any]:
        option = _valid_option(call.params["mergeOption"])
        policy = policy_of(call.params)
        with self.opened(call) as (repository, git):
            meeting = self._meeting(call, repository, git)
            conflicts = _conflicts(git, meeting, option, policy)
            paging = call.params.get("nextToken"), call.params.get("maxConflictFiles")
            found, token = page(conflicts, *paging)
            shown = [shown_conflict(git, sides) for sides in found]
            mergeable = meeting.mergeable(git, option, policy)
        return {"mergeable": mergeable, **meeting.shown(), **paged("conflictMetadataList", shown, token)}

    def describe_merge_conflicts(self, call: Call) -> dict[str, Any]:
        option, path = _valid_option(call.params["mergeOption"]), call.params["filePath"]
        with self.opened(call) as (repository, git):
            meeting = self._meeting(call, repository, git)
            conflicts = _conflicts(git, meeting, option, policy_of(call.params))
            sides = next((each for each in conflicts if each.path == path), None)
            if sides is None:
                raise no_path("File", path)
            hunks = shown_hunks(git, sides)
            metadata = shown_conflict(git, sides)
        found, token = page(hunks, call.params.get("nextToken"), call.params.get("maxMergeHunks"))
        return {"conflictMetadata": metadata, **meeting.shown(), **paged("mergeHunks", found, token)}

    def batch_describe_merge_conflicts(self, call: Call) -> dict[str, Any]:
        option, wanted = _valid_option(call.params["mergeOption"]), call.params.get("filePaths")
        most = call.params.get("maxMergeHunks")
        with self.opened(call) as (repository, git):
            meeting = self._meeting(call, repository, git)
            every = _conflicts(git, meeting, option, policy_of(call.params))
            asked = [sides for sides in every if not wanted or sides.path in wanted]
            found, token = page(asked, call.params.get("nextToken"), call.params.get("maxConflictFiles"))
            shown = [
                {
                    "conflictMetadata": shown_conflict(git, sides),
                    "mergeHunks": shown_hunks(git, sides)[:most],
                }
                for sides in found
            ]
        missing = set(wanted or []) - {sides.path for sides in every}
        errors = [_no_conflict(path) for path in sorted(missing)]
        return {**meeting.shown(), **paged("conflicts", shown, token), "errors": errors}

    def written(
        self, call: Call, git: Git, meeting: Meeting, option: str, default_message: str = "Merge"
    ) -> str:
        """Writes the commit that a merging call asks for; its id."""
        return meeting.commit(
            git,
            option,
            policy_of(call.params),
            author_of(call),
            message_of(call, default_message),
            call.params.get("keepEmptyFolders", False),
        )

    def advance(self, git: Git, branch: str, meeting: Meeting, commit: str, option: str) -> RefChange:
        """Points `branch` from the destination to the merge's commit, under the repository's lock."""
        if git.tip(branch) != meeting.destination or not git.move(branch, meeting.destination, commit):
            raise refusal("ConcurrentReferenceUpdateException")
        merge = (*meeting.shown().items(), ("mergeOption", option))
        return RefChange(HEADS + branch, meeting.destination, commit, merge)

    def _merge_branches(self, call: Call, option: str) -> dict[str, Any]:
        with self.opened(call) as (repository, git), self.store.lock(repository):
            branch = _target(call, git)
            meeting = self._meeting(call, repository, git)
            source = call.params["sourceCommitSpecifier"]
            commit = self.written(call, git, meeting, option, f"Merge {source} into {branch}")
            change = self.advance(git, branch, meeting, commit, option)
            told = self.settle(repository, git, [change], call.caller)
            tree = git.root(commit)
        self.tell(repository, [change], call.caller, told)
        return {"commitId": commit, "treeId": tree}

    def _meeting(self, call: Call, repository: Repository, git: Git) -> Meeting:
        names = call.params["sourceCommitSpecifier"], call.params["destinationCommitSpecifier"]
        source, destination = (self.commit_at(repository, git, name) for name in names)
        return Meeting.of(git, source, destination)


def _target(call: Call, git: Git) -> str:
    """The branch that a merge moves: the one named, or the destination if that is a branch."""
    named = call.params.get("targetBranch")
    branch = (named or call.params["destinationCommitSpecifier"]).removeprefix(HEADS)
    if git.tip(branch) is None:
        raise no_branch(branch) if named else refusal("InvalidTargetBranchException")
    return str(branch)


def _conflicts(git: Git, meeting: Meeting, option: str, policy: Policy) -> list[Sides]:
    """The conflicts that a merge would leave; a fast forward that can be made has none."""
    if option == FAST_FORWARD and meeting.can_fast_forward:
        return []
    return meeting.merged(git, policy).conflicts


def _valid_option(option: str, but: str | None = None) -> str:
    if option not in OPTIONS or option == but:
        raise refusal("InvalidMergeOptionException")
    return option


def _commits(git: Git) -> list[str]:
    """Every commit that a branch holds."""
    return list(
        dict.fromkeys(commit.id.decode() for tip in git.branches().values() for commit in git.history(tip))
    )


def _no_conflict(path: str) -> dict[str, str]:
    code = "FileDoesNotExistException"
    return {"filePath": path, "exceptionName": code, "message": no_path("File", path).message}
