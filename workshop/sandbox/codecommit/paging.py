"""Long lists, a page at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from workshop.sandbox.codecommit.words import refusal

T = TypeVar("T")
LONGEST = 1000


def page(
    items: Sequence[T], token: str | None, size: int | None, longest: int = LONGEST
) -> tuple[list[T], str | None]:
    """One page of `items` and the token of the next, None at the end.

    `size` is what the caller asked for; AwsError InvalidMaxResultsException if it is not positive.
    """
    if size is not None and size < 1:
        raise refusal("InvalidMaxResultsException")
    start = _start(token)
    end = start + min(size or longest, longest)
    return list(items[start:end]), _token(end) if end < len(items) else None


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(b"at:%d" % start).decode()


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        place = base64.urlsafe_b64decode(token.encode()).decode()
        return int(place.removeprefix("at:"))
    except (binascii.Error, ValueError) as broken:
        raise refusal("InvalidContinuationTokenException") from broken


def paged(name: str, items: list[T], token: str | None, key: str = "nextToken") -> dict[str, object]:
    """A page as an answer: the items under `name`, the next token only if there is one."""
    return {name: items} | ({key: token} if token else {})
