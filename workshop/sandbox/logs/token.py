"""The words of a filter pattern's conditions, and how a value is compared."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|%[^%]+%)|(?P<sign>&&|\|\||!=|<=|>=|[()=<>])|(?P<word>[^\s()=<>!&|"]+))"""
)
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class InvalidPattern(Exception):
    """A filter pattern that does not parse."""


def tokens(text: str) -> Iterator[str]:
    """The words and signs of a condition in their order."""
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise InvalidPattern(text)
        yield found[0].strip()
        place = found.end()


def holds(value: Any, sign: str, wanted: str) -> bool:
    """Whether a log's value stands so to what the pattern wants.

    Numbers are compared as numbers, text with ``*`` as a wildcard or by ``%regex%``.
    """
    if sign in ("=", "!="):
        return _equals(value, wanted) == (sign == "=")
    given, limit = _number(value), _number(wanted)
    if given is None or limit is None:
        return False
    return {"<": given < limit, "<=": given <= limit, ">": given > limit, ">=": given >= limit}[sign]


def _equals(value: Any, wanted: str) -> bool:
    if wanted.startswith("%"):
        return re.search(wanted.strip("%"), str(value)) is not None
    number = _number(wanted)
    if number is not None and not wanted.startswith('"'):
        return _number(value) == number
    return fnmatch.fnmatchcase(_text(value), _wildcards(wanted.strip('"')))


def _wildcards(text: str) -> str:
    """`*` is the only wildcard there is."""
    return re.sub(r"([\[?])", r"[\1]", text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
