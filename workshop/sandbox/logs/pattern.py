"""Filter patterns of CloudWatch Logs: which log lines a pattern finds.

By "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live
Tail" in the CloudWatch Logs user guide: terms (``ERROR``, ``"not found"``, ``?a ?b``, ``-x``,
``%regex%``), ``{ $.level = "error" && $.ms > 5 }`` for JSON and ``[a, b = 5, ...]`` for columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from workshop.sandbox.logs import columns, selector
from workshop.sandbox.logs.token import InvalidPattern

Matches = Callable[[str], bool]
TERM = re.compile(
    r"""(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]+)%|(?P<word>[^\s"%]+))"""
)
PLAIN = re.compile(r"[\w.,:;/=+*@#&$<>|~!'`^-]+")


def compiled(pattern: str) -> Matches:
    """A test for log lines; InvalidPattern if it is no pattern.  The empty one finds every line."""
    text = pattern.strip()
    if text.startswith("{"):
        return selector.compiled(text)
    if text.startswith("["):
        return columns.compiled(text)
    return _terms(text)


def _terms(text: str) -> Matches:
    needed: list[Matches] = []
    optional: list[Matches] = []
    barred: list[Matches] = []
    place = 0
    while place < len(text):
        found = TERM.match(text, place)
        if found is None:
            raise InvalidPattern(text)
        {"?": optional, "-": barred, "": needed}[found["sign"]].append(_term(found, text))
        place = found.end()
        place += len(text[place:]) - len(text[place:].lstrip())
    if needed:  # AWS: beside terms that are needed, those with a question mark are not heeded
        optional = []
    return lambda line: (
        all(test(line) for test in needed)
        and (not optional or any(test(line) for test in optional))
        and not any(test(line) for test in barred)
    )


def _term(found: re.Match[str], text: str) -> Matches:
    if found["regex"] is not None:
        try:
            return _searched(re.compile(found["regex"]))
        except re.error as broken:
            raise InvalidPattern(text) from broken
    if found["quoted"] is not None:
        return _contained(re.sub(r"\\(.)", r"\1", found["quoted"]))
    if not PLAIN.fullmatch(found["word"]):
        raise InvalidPattern(text)  # other characters must stand in quotes
    return _contained(found["word"])


def _contained(part: str) -> Matches:
    return lambda line: part in line


def _searched(regex: re.Pattern[str]) -> Matches:
    return lambda line: regex.search(line) is not None
