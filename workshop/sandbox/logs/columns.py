"""Patterns for lines in columns: ``[ip, user, ..., status_code = 4*, bytes > 1000]``."""

from __future__ import annotations

import re
from collections.abc import Callable

from workshop.sandbox.logs.token import COMPARISONS, InvalidPattern, holds, tokens

# Columns part at spaces; what stands in brackets or double quotes is one.
COLUMN = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
REST = "..."
Condition = tuple[str, str]


def compiled(pattern: str) -> Callable[[str], bool]:
    """A test for lines: as many columns as named, and every condition holds."""
    if not pattern.endswith("]"):
        raise InvalidPattern(pattern)
    named = [part.strip() for part in pattern[1:-1].split(",")]
    if named.count(REST) > 1:
        raise InvalidPattern(pattern)
    tests = [_test(part, pattern) for part in named if part != REST]
    rest = named.index(REST) if REST in named else None

    def matches(line: str) -> bool:
        values = [
            next((group for group in found.groups() if group is not None), "")
            for found in COLUMN.finditer(line)
        ]
        if rest is not None and len(values) >= len(tests):
            values[rest : rest + len(values) - len(tests)] = []
        return len(values) == len(tests) and all(
            test(value) for test, value in zip(tests, values, strict=True)
        )

    return matches


def _test(part: str, pattern: str) -> Callable[[str], bool]:
    words = list(tokens(part))
    anyway, joined = _conditions(words, pattern)
    if not anyway:
        return lambda _: True
    combine = any if joined == "||" else all
    return lambda value: combine(holds(value, sign, wanted) for sign, wanted in anyway)


def _conditions(words: list[str], pattern: str) -> tuple[list[Condition], str]:
    """A column's conditions, ``name = a || name = b``, and what joins them."""
    if len(words) <= 1:
        return [], "&&"
    joints = words[3::4]
    if (len(words) + 1) % 4 or set(joints) not in ({"&&"}, {"||"}, set()):
        raise InvalidPattern(pattern)
    conditions = list(zip(words[1::4], words[2::4], strict=True))
    if any(sign not in COMPARISONS for sign, _ in conditions):
        raise InvalidPattern(pattern)
    return conditions, joints[0] if joints else "&&"
