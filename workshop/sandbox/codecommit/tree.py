"""Writes a changed tree: the folders that changed anew, all others as they are."""

from __future__ import annotations

from collections.abc import Mapping

from workshop.sandbox.codecommit.git import FOLDER, NORMAL, Entry, Git

KEEP = ".gitkeep"

Changes = Mapping[str, Entry | None]
"""New entries by path; None takes the path away."""


def changed(git: Git, tree: str | None, changes: Changes, keep_empty: bool = False) -> str:
    """The id of `tree` (None: empty) with `changes` made.

    Folders that become empty go, as in git; with `keep_empty` they get a .gitkeep file.
    """
    entry = _folder(git, tree, changes, keep_empty)
    return entry.id if entry else git.add_tree({})


def _folder(git: Git, tree: str | None, changes: Changes, keep_empty: bool) -> Entry | None:
    entries = git.entries(tree) if tree else {}
    for name, below in _by_name(changes).items():
        entry = _entry(git, entries.get(name), below, keep_empty)
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
    if not entries and keep_empty:
        entries[KEEP] = Entry(NORMAL, git.add_blob(b""))
    return Entry(FOLDER, git.add_tree(entries)) if entries else None


def _entry(git: Git, there: Entry | None, below: dict[str, Entry | None], keep_empty: bool) -> Entry | None:
    """What becomes of one name; a file may make way for a folder within the same change."""
    itself = below.pop("", None) if "" in below else there
    if not below:
        return itself
    tree = itself.id if itself and itself.is_folder else None
    return _folder(git, tree, below, keep_empty)


def _by_name(changes: Changes) -> dict[str, dict[str, Entry | None]]:
    """Changes by the first part of their path; the rest of the path is "" for the thing itself."""
    grouped: dict[str, dict[str, Entry | None]] = {}
    for path, entry in changes.items():
        name, _, rest = path.partition("/")
        grouped.setdefault(name, {})[rest] = entry
    return grouped
