"""The history of one file: the commits that made it what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dulwich.objects import Commit

from workshop.sandbox.codecommit.git import Git


class Version(NamedTuple):
    """A commit that changed the file, the blob it left, and the next versions built on it."""

    commit: Commit
    blob: str
    children: list[str]


def versions(git: Git, tip: str, path: str) -> Iterator[Version]:
    """The versions of `path`, the newest first.

    As `git log` does: a commit that agrees with one of its parents about the file is not a
    version, and only that parent is followed.
    """
    waiting: dict[str, list[str]] = {tip: []}
    for commit in git.history(tip):
        here = commit.id.decode()
        if here not in waiting:
            continue
        children = waiting.pop(here)
        blob = _blob(git, here, path)
        parents = {parent: _blob(git, parent, path) for parent in git.parents(here)}
        same = next((parent for parent, before in parents.items() if before == blob), None)
        if same:
            _add(waiting, same, children)
            continue
        if blob:
            yield Version(commit, blob, children)
        for parent in parents:
            _add(waiting, parent, [here] if blob else [])


def _blob(git: Git, commit: str, path: str) -> str | None:
    entry = git.find(git.root(commit), path)
    return entry.id if entry and not entry.is_folder else None


def _add(waiting: dict[str, list[str]], parent: str, children: list[str]) -> None:
    there = waiting.setdefault(parent, [])
    there.extend(child for child in children if child not in there)
