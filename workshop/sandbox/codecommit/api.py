"""The CodeCommit service: all groups of its operations, and its two doors inside the sandbox.

Git objects lie on disk in bare repositories (dulwich), metadata in memory.  The groups are
classes built on one desk; what this costs is that each group can reach the others' methods,
which none of them does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar

from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.codecommit import aftermath, smartgit
from workshop.sandbox.codecommit.approvals import Approvals
from workshop.sandbox.codecommit.archive import zipped
from workshop.sandbox.codecommit.branches import Branches
from workshop.sandbox.codecommit.comments import Comments
from workshop.sandbox.codecommit.commits import Commits
from workshop.sandbox.codecommit.files import Files
from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.repositories import Repositories
from workshop.sandbox.codecommit.state import Repository
from workshop.sandbox.codecommit.templates import Templates
from workshop.sandbox.codecommit.triggering import Triggers
from workshop.sandbox.codecommit.words import no_commit, no_repository
from workshop.sandbox.identity.sessions import root_principal
from workshop.sandbox.snapshot.kept import Kept


class CodeCommit(Repositories, Branches, Commits, Files, Comments, Approvals, Templates, Triggers):
    """AWS CodeCommit, JSON 1.1; repositories live in the account and region of the caller."""

    name: ClassVar[str] = "codecommit"
    complete: ClassVar[bool] = True

    @property
    def kept(self) -> Kept:
        """What of it is saved; git objects are on disk anyway."""
        return self.store.kept

    def start(self) -> None:
        """Bring what is known and what is on disk together."""
        aftermath.tidy(self.store)

    def forget(self, account: str) -> None:
        """Drop the locks of an account; its git folders are deleted with its saved state."""
        self.store.forget(account)

    def resume(self) -> None:
        """Tell of pushes that came just before a crash, as if they came now."""
        states = list(self.store.states.values())
        for repository in [one for state in states for one in state.repositories.values()]:
            caller = root_principal(repository.account)
            with self.store.open(repository) as git, self.store.lock(repository):
                changes = aftermath.unnoticed(repository, git)
                told = self.settle(repository, git, changes, caller) if changes else []
            self.tell(repository, changes, caller, told)

    def archive(self, account: str, region: str, repository: str, commit: str) -> bytes:
        """The files of a commit as a zip, for CodePipeline's source action.

        In AWS the pipeline asks for it by UploadArchive, an operation outside the public API;
        whether its role may is for the pipeline to ask first.  AwsError if there is no such
        repository or commit.
        """
        found = self.store.find(account, region, repository)
        if found is None:
            raise no_repository(repository)
        with self.store.open(found) as git:
            if git.commit(commit) is None:
                raise no_commit(commit)
            return zipped(git, commit)

    @contextmanager
    def opened_for_git(self, repository: Repository) -> Iterator[Git]:
        """A repository's git side, for a git client to read."""
        with self.store.open(repository) as git:
            yield git

    def receive(
        self,
        repository: Repository,
        caller: Principal,
        body: BinaryIO,
        out: BinaryIO,
        refusal: str | None = None,
    ) -> None:
        """Takes in a git push and tells of it; git's reply goes to `out`."""

        def objection(reference: str, deletes: bool) -> str | None:
            if deletes and reference == f"refs/heads/{repository.default_branch}":
                return "deletion of the default branch prohibited"
            return self._denied(repository, caller, reference)

        with self.store.open(repository) as git, self.store.lock(repository):
            changes = smartgit.receive(git, body, out, objection, refusal)
            told = self.settle(repository, git, changes, caller) if changes else []
        self.tell(repository, changes, caller, told)

    def _denied(self, repository: Repository, caller: Principal, reference: str) -> str | None:
        """Why policies forbid a push to one reference; they see it as codecommit:References."""
        about = {"codecommit:References": reference}
        permissions = self.sandbox.permissions
        try:
            permissions.require(caller, "codecommit:GitPush", repository.arn, repository.region, about)
        except AwsError as error:
            return error.message
        return None
