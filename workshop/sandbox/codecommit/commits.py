"""CodeCommit's operations that write and show commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codecommit.authors import author_of, message_of, shown_commit
from workshop.sandbox.codecommit.branches import valid_branch
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.edits import Edits, check_sizes, edits_of, mode_number
from workshop.sandbox.codecommit.git import FULL_ID, HEADS, Author, Entry, Git
from workshop.sandbox.codecommit.history import versions
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.tree import changed
from workshop.sandbox.codecommit.words import no_branch, no_path, refusal

MOST_IN_BATCH = 100
Planner = Callable[[Git, str | None], Edits]


class Commits(Desk):
    """Commits by API: each is written on the tip of its branch, or refused."""

    def create_commit(self, call: Call) -> dict[str, Any]:
        wishes = [call.params.get(kind, []) for kind in ("putFiles", "deleteFiles", "setFileModes")]
        commit, tree, edits = self._commit(
            call, author_of(call), lambda git, tree: edits_of(git, tree, *wishes)
        )
        return {"commitId": commit, "treeId": tree, **edits}

    def put_file(self, call: Call) -> dict[str, Any]:
        content, path = call.params["fileContent"], call.params["filePath"]
        if not content:
            raise refusal("FileContentRequiredException")
        check_sizes([content])
        mode = mode_number(call.params.get("fileMode"))

        def plan(git: Git, tree: str | None) -> Edits:
            edits = Edits(git, tree)
            edits.put(path, Entry(mode, git.add_blob(content)))
            if edits.before(path) == edits.changes[path]:
                raise refusal("SameFileContentException")
            edits.check()
            return edits

        commit, tree, edits = self._commit(call, author_of(call, "name"), plan)
        blob = (edits["filesAdded"] + edits["filesUpdated"])[0]["blobId"]
        return {"commitId": commit, "treeId": tree, "blobId": blob}

    def delete_file(self, call: Call) -> dict[str, Any]:
        path = call.params["filePath"]

        def plan(git: Git, tree: str | None) -> Edits:
            edits = Edits(git, tree)
            edits.delete(path)
            return edits

        commit, tree, edits = self._commit(call, author_of(call, "name"), plan)
        blob = edits["filesDeleted"][0]["blobId"]
        return {"commitId": commit, "treeId": tree, "blobId": blob, "filePath": path}

    def get_commit(self, call: Call) -> dict[str, Any]:
        wanted = call.params["commitId"]
        if not FULL_ID.fullmatch(wanted):
            raise refusal("InvalidCommitIdException")
        with self.opened(call) as (_, git):
            commit = git.commit(wanted)
        if commit is None:
            raise _unknown_id(wanted)
        return {"commit": shown_commit(commit)}

    def batch_get_commits(self, call: Call) -> dict[str, Any]:
        if len(ids := call.params["commitIds"]) > MOST_IN_BATCH:
            raise refusal("CommitIdsLimitExceededException")
        with self.opened(call) as (_, git):
            found = {wanted: git.commit(wanted) for wanted in ids}
        return {
            "commits": [shown_commit(commit) for commit in found.values() if commit],
            "errors": [_error(wanted) for wanted, commit in found.items() if commit is None],
        }

    def list_file_commit_history(self, call: Call) -> dict[str, Any]:
        path = call.params["filePath"].strip("/")
        with self.opened(call) as (repository, git):
            tip = self.commit_at(repository, git, call.params.get("commitSpecifier"))
            found = list(versions(git, tip, path))
        if not found:
            raise no_path("File", path)
        shown = [
            {
                "commit": shown_commit(each.commit),
                "blobId": each.blob,
                "path": path,
                "revisionChildren": each.children,
            }
            for each in found
        ]
        paging = call.params.get("nextToken"), call.params.get("maxResults")
        return paged("revisionDag", *page(shown, *paging))

    def _commit(
        self, call: Call, author: Author, plan: Planner
    ) -> tuple[str, str, dict[str, list[dict[str, str]]]]:
        """Plans and writes one commit; its id, its tree's id and the metadata of its files."""
        branch = valid_branch(call.params["branchName"])
        with self.opened(call) as (repository, git), self.store.lock(repository):
            tip = _parent(git, branch, call.params.get("parentCommitId"))
            before = git.root(tip) if tip else None
            edits = plan(git, before)
            tree = changed(git, before, edits.changes, call.params.get("keepEmptyFolders", False))
            if tree == before:
                raise refusal("NoChangeException")
            metadata = edits.metadata()
            message = message_of(call, _default_message(metadata))
            commit = git.add_commit(tree, [tip] if tip else [], author, message)
            if not git.move(branch, tip, commit):
                raise refusal("ParentCommitIdOutdatedException")
            change = RefChange(HEADS + branch, tip, commit)
            told = self.settle(repository, git, [change], call.caller)
        self.tell(repository, [change], call.caller, told)
        return commit, tree, metadata


def _parent(git: Git, branch: str, parent: str | None) -> str | None:
    """The commit to build on: the branch's tip, which the caller must have named."""
    if parent is not None and not FULL_ID.fullmatch(parent):
        raise refusal("InvalidParentCommitIdException")
    tip = git.tip(branch)
    if tip is None:
        if git.tag(branch):
            raise refusal("BranchNameIsTagNameException")
        if git.branches():
            raise no_branch(branch)
        if parent:
            raise refusal("ParentCommitDoesNotExistException")
        return None
    if parent is None:
        raise refusal("ParentCommitIdRequiredException")
    if git.commit(parent) is None:
        raise refusal("ParentCommitDoesNotExistException")
    if parent != tip:
        raise refusal("ParentCommitIdOutdatedException")
    return tip


def _default_message(metadata: dict[str, list[dict[str, str]]]) -> str:
    """AWS says only that there is a default; this is the console's form, ``Added README.md``."""
    verbs = {"filesAdded": "Added", "filesUpdated": "Edited", "filesDeleted": "Deleted"}
    parts = [
        f"{verb} {', '.join(file['absolutePath'] for file in metadata[kind])}"
        for kind, verb in verbs.items()
        if metadata[kind]
    ]
    return "; ".join(parts)


def _unknown_id(id: str) -> AwsError:
    return refusal("CommitIdDoesNotExistException", f"Commit ID {id} does not exist")


def _error(wanted: str) -> dict[str, str]:
    error = _unknown_id(wanted)
    return {"commitId": wanted, "errorCode": error.code, "errorMessage": error.message}
