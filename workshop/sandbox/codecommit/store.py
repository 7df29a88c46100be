"""Where CodeCommit keeps things: what it knows in memory, git objects on disk, a lock a repository."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from workshop.sandbox.codecommit import git
from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.state import Repository, State
from workshop.sandbox.codecommit.words import no_repository
from workshop.sandbox.snapshot.kept import Kept, Lock


class Store:
    """All repositories of all accounts, below one folder: account / region / repository id.

    A repository's lock is held while its branches or its pull requests change, and never
    while another service is called.
    """

    def __init__(self, folder: Path) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self._folder = folder
        self._guard = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}

    def state(self, account: str, region: str) -> State:
        """What is known of an account in a region; it comes into being when first asked for."""
        with self._guard:
            return self.states.setdefault((account, region), State())

    def find(self, account: str, region: str, name: str) -> Repository | None:
        state = self.states.get((account, region))
        return state.repositories.get(name) if state else None

    def regions_with(self, account: str, name: str) -> list[str]:
        """The regions in which an account has a repository of that name."""
        with self._guard:
            places = list(self.states.items())
            owned = [(place[1], state) for place, state in places if place[0] == account]
        return [region for region, state in owned if name in state.repositories]

    def create(self, account: str, region: str, name: str) -> Repository:
        """A new, empty repository; None of that name may exist."""
        repository = Repository(str(uuid.uuid4()), name, account, region)
        git.create(self.folder(repository))
        self.state(account, region).repositories[name] = repository
        return repository

    def delete(self, repository: Repository) -> None:
        """Removes a repository, its pull requests and its objects."""
        state = self.state(repository.account, repository.region)
        with self.lock(repository):
            state.repositories.pop(repository.name, None)
            _forget(state.pull_requests, repository.id)
            _forget(state.comments, repository.id)
            shutil.rmtree(self.folder(repository), ignore_errors=True)
        with self._guard:
            self._locks.pop(repository.id, None)

    def forget(self, account: str) -> None:
        """Drop the locks of an account that is gone, while its folders still tell what it had."""
        ids = [folder.name for folder in (self._folder / account).glob("*/*")]
        with self._guard:
            for name in [*ids, *(name for name in self._locks if name.startswith(f"{account}/"))]:
                self._locks.pop(name, None)

    def open(self, repository: Repository) -> Git:
        """The repository's git side; RepositoryDoesNotExistException if it was deleted meanwhile."""
        folder = self.folder(repository)
        if not folder.exists():
            raise no_repository(repository.name)
        return Git(folder)

    def folder(self, repository: Repository) -> Path:
        return self._folder / repository.account / repository.region / repository.id

    def folders(self, account: str, region: str) -> list[Path]:
        """The folders of an account's repositories in a region."""
        return list((self._folder / account / region).glob("*"))

    def lock(self, repository: Repository) -> threading.RLock:
        return self._lock(repository.id)

    def _lock(self, repository_id: str) -> threading.RLock:
        with self._guard:
            return self._locks.setdefault(repository_id, threading.RLock())

    @property
    def kept(self) -> Kept:
        """The states, which change only under a repository's lock or under that of the names."""
        return Kept(self.states, self._locks_of)

    def _locks_of(self, account: str) -> list[Lock]:
        places = [place for place in list(self.states) if place[0] == account]
        of = [one.id for place in places for one in list(self.states[place].repositories.values())]
        return [*(self.names(*place) for place in places), *map(self._lock, of)]

    def names(self, account: str, region: str) -> threading.RLock:
        """The lock under which an account's repositories get and change their names."""
        with self._guard:
            return self._locks.setdefault(f"{account}/{region}", threading.RLock())


def _forget(kind: MutableMapping[str, Any], repository_id: str) -> None:
    for key in [key for key, thing in kind.items() if getattr(thing, "repository", None) == repository_id]:
        del kind[key]
