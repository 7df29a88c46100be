"""CodeCommit's operations on branches."""

from __future__ import annotations

from typing import Any

from dulwich.refs import Ref, check_ref_format

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.git import FULL_ID, HEADS
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.words import no_branch, no_commit, refusal

LONGEST_NAME = 256


def valid_branch(name: str) -> str:
    """`name` if git would take it as a branch; InvalidBranchNameException if not."""
    well_formed = check_ref_format(Ref((HEADS + name).encode()))
    if not well_formed or len(name) > LONGEST_NAME or FULL_ID.fullmatch(name) or name.startswith("-"):
        raise refusal("InvalidBranchNameException")
    return name


class Branches(Desk):
    """Branches by API; git pushes come in through githttp."""

    def create_branch(self, call: Call) -> dict[str, Any]:
        name, commit = valid_branch(call.params["branchName"]), call.params["commitId"]
        if not FULL_ID.fullmatch(commit):
            raise refusal("InvalidCommitIdException")
        with self.opened(call) as (repository, git), self.store.lock(repository):
            if git.commit(commit) is None:
                raise no_commit(commit)
            if git.obstacle(HEADS + name) or not git.move(name, None, commit):
                raise refusal("BranchNameExistsException", f"Branch named {name} already exists")
            change = RefChange(HEADS + name, None, commit)
            told = self.settle(repository, git, [change], call.caller)
        self.tell(repository, [change], call.caller, told)
        return {}

    def get_branch(self, call: Call) -> dict[str, Any]:
        for name in ("repository", "branch"):
            if not call.params.get(f"{name}Name"):
                missing = f"A {name} name is required, but was not specified."
                raise refusal(f"{name.title()}NameRequiredException", missing)
        name = call.params["branchName"]
        with self.opened(call) as (_, git):
            tip = git.tip(name)
        if tip is None:
            raise no_branch(name)
        return {"branch": {"branchName": name, "commitId": tip}}

    def list_branches(self, call: Call) -> dict[str, Any]:
        with self.opened(call) as (_, git):
            names = list(git.branches())
        return paged("branches", *page(names, call.params.get("nextToken"), None))

    def delete_branch(self, call: Call) -> dict[str, Any]:
        """A branch that is not there is no error; the default branch stays."""
        name = call.params["branchName"]
        with self.opened(call) as (repository, git), self.store.lock(repository):
            tip = git.tip(name)
            if tip is None:
                return {}
            if name == repository.default_branch:
                raise refusal("DefaultBranchCannotBeDeletedException")
            git.drop(name, tip)
            change = RefChange(HEADS + name, tip, None)
            told = self.settle(repository, git, [change], call.caller)
        self.tell(repository, [change], call.caller, told)
        return {"deletedBranch": {"branchName": name, "commitId": tip}}
