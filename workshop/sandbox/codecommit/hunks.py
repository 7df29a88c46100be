"""Compares and merges texts line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

BINARY_PROBE = 8000
Step = tuple[str, int, int, int, int]


class Part(NamedTuple):
    """A stretch of a three-way merge: what each side has there (line numbers from 0, end exclusive).

    `merged` is what both sides agree on, or None where they conflict.
    """

    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]
    merged: list[bytes] | None


def is_binary(content: bytes) -> bool:
    """Git's own rule: a null byte near the beginning."""
    return b"\0" in content[:BINARY_PROBE]


def merge3(base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]) -> Iterator[Part]:
    """The parts of a three-way merge of lines, in order.

    Stretches that all three share stand between stretches in which one side, or both,
    changed the base.  A part in which both changed it differently is a conflict.
    """
    at_base = at_ours = at_theirs = 0
    for start, in_ours, in_theirs, length in [
        *_shared(base, ours, theirs),
        (len(base), len(ours), len(theirs), 0),
    ]:
        if start > at_base or in_ours > at_ours or in_theirs > at_theirs:
            spans = (at_base, start), (at_ours, in_ours), (at_theirs, in_theirs)
            texts = base[slice(*spans[0])], ours[slice(*spans[1])], theirs[slice(*spans[2])]
            yield Part(*spans, _agreed(*texts))
        at_base, at_ours, at_theirs = start + length, in_ours + length, in_theirs + length
        if length:
            spans = (start, at_base), (in_ours, at_ours), (in_theirs, at_theirs)
            yield Part(*spans, list(base[start:at_base]))


def hunks(before: bytes, after: bytes, context: int, ignore_whitespace: bool) -> list[dict[str, Any]]:
    """The DiffHunks of GetBlobDifferences: changed lines with `context` lines around them."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    kept = _squeezed if ignore_whitespace else list
    matcher = SequenceMatcher(None, kept(old), kept(new), autojunk=False)
    groups = matcher.get_grouped_opcodes(context)
    return [_hunk(old, new, group) for group in groups if any(step[0] != "equal" for step in group)]


def _squeezed(lines: list[bytes]) -> list[bytes]:
    return [b"".join(line.split()) for line in lines]


def _hunk(old: list[bytes], new: list[bytes], steps: Sequence[Step]) -> dict[str, Any]:
    (_, i1, _, j1, _), (_, _, i2, _, j2) = steps[0], steps[-1]
    changes: list[dict[str, Any]] = []
    for kind, a1, a2, b1, b2 in steps:
        if kind == "equal":
            changes += [
                _line("CONTEXT", old[a1 + i], before=a1 + i + 1, after=b1 + i + 1) for i in range(a2 - a1)
            ]
            continue
        changes += [_line("DELETE", old[i], before=i + 1) for i in range(a1, a2)]
        changes += [_line("ADD", new[j], after=j + 1) for j in range(b1, b2)]
    return {
        "beforeStartLine": i1 + 1,
        "beforeLineCount": i2 - i1,
        "afterStartLine": j1 + 1,
        "afterLineCount": j2 - j1,
        "changes": changes,
    }


def _line(kind: str, text: bytes, before: int | None = None, after: int | None = None) -> dict[str, Any]:
    numbers = {"beforeLineNumber": before, "afterLineNumber": after}
    shown = {key: number for key, number in numbers.items() if number}
    return {"type": kind, "content": text.decode(errors="replace"), **shown}


def _agreed(base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]) -> list[bytes] | None:
    if ours == theirs or theirs == base:
        return list(ours)
    return list(theirs) if ours == base else None


def _shared(
    base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]
) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of the base that both sides kept: where it is in each, and how long."""
    in_ours, in_theirs = _blocks(base, ours), _blocks(base, theirs)
    i = j = 0
    while i < len(in_ours) and j < len(in_theirs):
        (a_base, a, a_length), (b_base, b, b_length) = in_ours[i], in_theirs[j]
        start, end = max(a_base, b_base), min(a_base + a_length, b_base + b_length)
        if start < end:
            yield start, a + start - a_base, b + start - b_base, end - start
        if a_base + a_length < b_base + b_length:
            i += 1
        else:
            j += 1


def _blocks(base: Sequence[bytes], side: Sequence[bytes]) -> list[tuple[int, int, int]]:
    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks()]
