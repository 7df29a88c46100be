"""Shows conflicts of a merge in AWS's form: metadata of each file, and its hunks."""

from __future__ import annotations

import base64
from typing import Any

from workshop.sandbox.codecommit.edits import mode_name
from workshop.sandbox.codecommit.git import Entry, Git
from workshop.sandbox.codecommit.hunks import Part, is_binary
from workshop.sandbox.codecommit.merge import Sides, parts

NAMES = ("base", "destination", "source")


def shown_conflict(git: Git, sides: Sides) -> dict[str, Any]:
    """A ConflictMetadata."""
    there = {name: entry for name, entry in zip(NAMES, sides[1:], strict=True) if entry}
    found = parts(git, sides)
    kinds = {_kind(entry) for entry in there.values()}
    modes = {entry.mode for name, entry in there.items() if name != "base"}
    content = len({entry.id if entry else None for entry in sides[2:]}) > 1
    hunks = sum(part.merged is None for part in found or [])
    return {
        "filePath": sides.path,
        "fileSizes": {name: git.size(entry.id) for name, entry in there.items()},
        "fileModes": {name: mode_name(entry.mode) for name, entry in there.items()},
        "objectTypes": {name: _kind(entry) for name, entry in there.items()},
        "numberOfConflicts": content * max(hunks, 1) + (len(modes) > 1),
        "isBinaryFile": {name: is_binary(git.blob(entry.id) or b"") for name, entry in there.items()},
        "contentConflict": content,
        "fileModeConflict": len(modes) > 1,
        "objectTypeConflict": len(kinds) > 1,
        "mergeOperations": {
            "source": _operation(sides.base, sides.source),
            "destination": _operation(sides.base, sides.destination),
        },
    }


def shown_hunks(git: Git, sides: Sides) -> list[dict[str, Any]]:
    """The MergeHunks of a text in which something changed; none for what is not text."""
    entries = {name: entry for name, entry in zip(NAMES, sides[1:], strict=True) if entry}
    lines = {name: (git.blob(entry.id) or b"").splitlines(keepends=True) for name, entry in entries.items()}
    return [_hunk(part, lines) for part in parts(git, sides) or [] if not _untouched(part, lines)]


def _hunk(part: Part, lines: dict[str, list[bytes]]) -> dict[str, Any]:
    spans = {"base": part.base, "destination": part.ours, "source": part.theirs}
    return {"isConflict": part.merged is None} | {
        name: {
            "startLine": start + 1,
            "endLine": end,
            "hunkContent": base64.b64encode(b"".join(lines.get(name, [])[start:end])).decode(),
        }
        for name, (start, end) in spans.items()
    }


def _untouched(part: Part, lines: dict[str, list[bytes]]) -> bool:
    spans = {"base": part.base, "destination": part.ours, "source": part.theirs}
    texts = [lines.get(name, [])[start:end] for name, (start, end) in spans.items()]
    return all(text == texts[0] for text in texts)


def _operation(base: Entry | None, side: Entry | None) -> str:
    return "D" if side is None else "M" if base else "A"


def _kind(entry: Entry) -> str:
    if entry.is_submodule:
        return "GIT_LINK"
    return "SYMBOLIC_LINK" if entry.is_symlink else "DIRECTORY" if entry.is_folder else "FILE"
