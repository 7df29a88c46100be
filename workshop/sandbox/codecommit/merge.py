"""Merges two trees that come from one: decides, file by file, what the result holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workshop.sandbox.codecommit.git import Entry, Git
from workshop.sandbox.codecommit.hunks import Part, is_binary, merge3
from workshop.sandbox.codecommit.tree import Changes


class Sides(NamedTuple):
    """One path in the merge base and on both sides; None where it does not exist."""

    path: str
    base: Entry | None
    destination: Entry | None
    source: Entry | None


@dataclass(frozen=True)
class Resolution:
    """What the caller wants at a conflicting path.

    `keep` is BASE, SOURCE or DESTINATION; otherwise `content` is the new content, None for what
    merges by itself; `mode` overrides the file's mode; `delete` takes the path away.
    """

    keep: str | None = None
    content: bytes | None = None
    mode: int | None = None
    delete: bool = False


@dataclass(frozen=True)
class Policy:
    """How to meet conflicts: AWS's conflictDetailLevel, conflictResolutionStrategy and conflictResolution."""

    detail: str = "FILE_LEVEL"
    strategy: str = "NONE"
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)

    @property
    def by_line(self) -> bool:
        return self.detail == "LINE_LEVEL" or self.strategy == "AUTOMERGE"

    @property
    def accepts(self) -> str | None:
        """The side that wins conflicts: SOURCE, DESTINATION or None."""
        kind, _, side = self.strategy.partition("_")
        return side if kind == "ACCEPT" else None


class Merged(NamedTuple):
    """Changes to make to the destination's tree, and the paths that stay in conflict."""

    changes: Changes
    conflicts: list[Sides]


def merge(git: Git, base: str | None, destination: str, source: str, policy: Policy) -> Merged:
    """The merge of the trees `destination` and `source`, whose common ancestor's tree is `base`."""
    trees = [git.files(tree) if tree else {} for tree in (base, destination, source)]
    changes: dict[str, Entry | None] = {}
    conflicts = []
    for path in sorted(set().union(*trees)):
        sides = Sides(path, *(tree.get(path) for tree in trees))
        if sides.source in (sides.destination, sides.base):
            continue
        if sides.destination == sides.base:
            changes[path] = sides.source
        elif (settled := _settled(git, sides, policy)) is None:
            conflicts.append(sides)
        else:
            changes[path] = settled.entry
    conflicts += _in_the_way(trees[1], trees[2], changes)
    return Merged(changes, conflicts)


def parts(git: Git, sides: Sides) -> list[Part] | None:
    """The line by line merge of a path's contents; None if they are not three texts."""
    texts = [_text(git, entry) for entry in sides[1:]]
    if any(text is None for text in texts) or not (sides.destination and sides.source):
        return None
    lines = [(text or b"").splitlines(keepends=True) for text in texts]
    return list(merge3(*lines))


class _Settled(NamedTuple):
    entry: Entry | None


def _settled(git: Git, sides: Sides, policy: Policy) -> _Settled | None:
    """What becomes of a path that both sides changed; None if that is for a person to say."""
    resolution = policy.resolutions.get(sides.path)
    if resolution and (chosen := _chosen(git, sides, resolution)):
        return chosen
    if policy.by_line and sides.source and sides.destination:
        content = _joined(git, sides, policy.accepts)
        mode = resolution.mode if resolution and resolution.mode else _mode(sides, policy.accepts)
        if content is not None and mode is not None:
            return _Settled(Entry(mode, git.add_blob(content)))
    if policy.accepts:
        return _Settled(sides.source if policy.accepts == "SOURCE" else sides.destination)
    return None


def _chosen(git: Git, sides: Sides, resolution: Resolution) -> _Settled | None:
    if resolution.delete:
        return _Settled(None)
    kept = {"BASE": sides.base, "SOURCE": sides.source, "DESTINATION": sides.destination}
    if resolution.keep:
        entry = kept[resolution.keep]
        return _Settled(entry and Entry(resolution.mode or entry.mode, entry.id))
    if resolution.content is None:
        return None
    there = sides.destination or sides.source or sides.base
    mode = resolution.mode or (there.mode if there else 0o100644)
    return _Settled(Entry(mode, git.add_blob(resolution.content)))


def _joined(git: Git, sides: Sides, accepts: str | None) -> bytes | None:
    """The content after a line by line merge; None if it is not text or lines stay in conflict."""
    found = parts(git, sides)
    if found is None:
        return None
    side = sides.source if accepts == "SOURCE" else sides.destination
    lines = ((side and git.blob(side.id)) or b"").splitlines(keepends=True)
    merged: list[bytes] = []
    for part in found:
        span = part.theirs if accepts == "SOURCE" else part.ours
        if part.merged is None and accepts is None:
            return None
        merged += lines[slice(*span)] if part.merged is None else part.merged
    return b"".join(merged)


def _mode(sides: Sides, accepts: str | None) -> int | None:
    """The mode of a file on which both sides worked; None if they disagree about it."""
    base, ours, theirs = (entry.mode if entry else None for entry in sides[1:])
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    return {"SOURCE": theirs, "DESTINATION": ours}.get(accepts or "")


def _text(git: Git, entry: Entry | None) -> bytes | None:
    """A file's content if it is text; an absent file counts as empty."""
    if entry is None:
        return b""
    content = git.blob(entry.id) if entry.is_file else None
    return None if content is None or is_binary(content) else content


def _in_the_way(
    destination: Mapping[str, Entry], source: Mapping[str, Entry], changes: Changes
) -> Sequence[Sides]:
    """Paths that would be a file and a folder at once."""
    result = {path for path, entry in {**destination, **changes}.items() if entry}
    folders = {path[:cut] for path in result for cut, letter in enumerate(path) if letter == "/"}
    return [Sides(path, None, destination.get(path), source.get(path)) for path in sorted(result & folders)]
