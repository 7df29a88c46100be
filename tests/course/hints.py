"""The hints as they are written in the steps: found in their source, with samples in place of names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from workshop.lab import Lab
from workshop.language import tongue
from workshop.step import Check, NotYet

STEPS = Path(__file__).parents[2] / "steps"
GAPS = ("NotYet", "TookTooLong")
SENTENCES = {"greeting", "said", "where", "UPDATE", "made[name]"}
COMMAND = "`aws codepipeline start-pipeline-execution --name x1`"


def gap(check: Check, lab: Lab) -> NotYet:
    """What a check misses; that it is told in hints that lead to the answer step by step."""
    with pytest.raises(NotYet) as missing:
        check(lab)
    found = missing.value
    assert len(found.hints) >= 2, f"{found.saw} {found.hints}"
    assert len(set(found.hints)) == len(found.hints)
    assert in_english_only(found.hints) == []
    return found


def in_english_only(hints: tuple[str, ...]) -> list[str]:
    """Those of the hints that German does not say."""
    tongue.speak("de")
    try:
        return [words for words in hints if tongue.told(words) == words]
    finally:
        tongue.speak(tongue.DEFAULT)


@cache
def _trees() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text()) for path in sorted(STEPS.glob("*.py"))}


@cache
def _functions() -> dict[str, ast.FunctionDef]:
    """The functions of all steps that give hints, by name; those names are used once."""
    return {
        node.name: node
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("check_")
    }


def gaps() -> Iterator[tuple[str, ast.expr]]:
    """Where each NotYet stands ("look.py:48"), and its hints as they are written."""
    for name, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GAPS:
                given = [one.value for one in node.keywords if one.arg == "hint"]
                # What only ends a job (TookTooLong) needs none.
                if given or node.func.id == "NotYet":
                    yield f"{name}:{node.lineno}", given[0] if given else ast.Constant("")


def number(hints: ast.expr) -> int:
    """How many hints an expression gives at least."""
    if isinstance(hints, ast.Tuple):
        return sum(number(one.value) if isinstance(one, ast.Starred) else 1 for one in hints.elts)
    if isinstance(hints, ast.Call):
        returned = [node for node in ast.walk(_called(hints)) if isinstance(node, ast.Return)]
        return min(number(one.value) for one in returned if one.value)
    return 1


def _called(call: ast.Call) -> ast.FunctionDef:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    return _functions()[name]


def samples() -> Iterator[tuple[str, str]]:
    """Each hint, with where it stands, as a learner could read it."""
    for place, hints in gaps():
        for words in _said(hints):
            yield place, words


def _said(hints: ast.expr) -> Iterator[str]:
    if isinstance(hints, ast.Tuple):
        for one in hints.elts:
            yield from _said(one)
    elif isinstance(hints, ast.Starred):
        yield from _said(hints.value)
    elif isinstance(hints, ast.Call):
        for node in ast.walk(_called(hints)):
            if isinstance(node, ast.Return) and node.value:
                yield from _said(node.value)
    elif isinstance(hints, ast.JoinedStr):
        yield "".join(_sample(part) for part in hints.values)
    elif isinstance(hints, ast.Constant):
        yield str(hints.value)


def _sample(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    inside = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    if inside == "look.release(lab)" or inside == "release(lab)":
        return COMMAND
    if inside == "again":
        return f"When that is mended, a new run shows it: {COMMAND}."
    return "x1, y2" if "join(" in inside or inside in SENTENCES else "x1"
