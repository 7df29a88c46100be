"""What every group of CodeCommit's operations shares: finding the repository, moving a branch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workshop.sandbox.call import Call, Principal
from workshop.sandbox.codecommit import requests
from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.news import News, RefChange
from workshop.sandbox.codecommit.state import Repository, State, now
from workshop.sandbox.codecommit.store import Store
from workshop.sandbox.codecommit.triggers import fire
from workshop.sandbox.codecommit.words import no_commit, no_repository, refusal

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

NO_DEFAULT = (
    "The specified commit does not exist or no commit was specified, "
    "and the specified repository has no default branch."
)


class Desk:
    """Holds the store and the news; groups of operations are built upon it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = Store(sandbox.settings.state / "codecommit")
        self.news = News(sandbox)

    def state_of(self, call: Call) -> State:
        return self.store.state(call.account, call.region)

    def repository(self, call: Call, name: str | None = None) -> Repository:
        """The repository a call names; RepositoryDoesNotExistException if there is none."""
        name = name or str(call.params["repositoryName"])
        found = self.store.find(call.account, call.region, name)
        if found is None:
            raise no_repository(name)
        return found

    def permit(self, call: Call, repository: Repository | None, reference: str | None = None) -> None:
        """Asks for the permission of a call whose repository, or branch, its parameters do not name.

        AccessDenied unless the caller has it; `reference` is what policies see as codecommit:References.
        """
        resource = repository.arn if repository else "*"
        about = {"codecommit:References": reference} if reference else {}
        action = f"codecommit:{call.operation}"
        self.sandbox.permissions.require(call.caller, action, resource, call.region, about)

    @contextmanager
    def opened(self, call: Call, name: str | None = None) -> Iterator[tuple[Repository, Git]]:
        """The repository a call names and its git side, for reading."""
        repository = self.repository(call, name)
        with self.store.open(repository) as git:
            yield repository, git

    def commit_at(self, repository: Repository, git: Git, specifier: str | None) -> str:
        """The commit that `specifier` names, or the default branch's tip; CommitDoesNotExistException."""
        wanted = specifier or repository.default_branch
        if not wanted:
            raise refusal("CommitDoesNotExistException", NO_DEFAULT)
        found = git.resolve(wanted, repository.default_branch)
        if found is None:
            raise no_commit(wanted)
        return found

    def settle(
        self, repository: Repository, git: Git, changes: Sequence[RefChange], caller: Principal
    ) -> list[requests.Told]:
        """Takes note of references that changed, under the repository's lock.

        The first branch becomes the default one; open pull requests follow their source branch.
        """
        repository.modified = now()
        for change in changes:
            repository.note(change.ref, change.new)
        born = next((change.branch for change in changes if change.branch and change.new), None)
        if repository.default_branch is None and born:
            repository.default_branch = born
            git.set_head(born)
        state = self.store.state(repository.account, repository.region)
        return requests.follow(state, repository, git, changes, caller.arn)

    def tell(
        self,
        repository: Repository,
        changes: Sequence[RefChange],
        caller: Principal,
        told: Sequence[requests.Told] = (),
    ) -> None:
        """Emits the events of changes that were settled, and fires the repository's triggers."""
        self.news.references(repository, changes, caller)
        for request, event in told:
            self.news.pull_request(repository, request, event, caller)
        fire(self.sandbox.clients, repository, changes, caller)
