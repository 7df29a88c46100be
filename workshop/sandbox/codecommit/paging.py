"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from workshop.sandbox.codecommit.words import refusal
from workshop.sandbox.pages import Token
from workshop.sandbox.pages import page as cut

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
    refused = refusal("InvalidContinuationTokenException")
    return cut(items, min(size or longest, longest), token, Token(refused.code, refused.message))


def paged(name: str, items: list[T], token: str | None, key: str = "nextToken") -> dict[str, object]:
    """A page as an answer: the items under `name`, the next token only if there is one."""
    return {name: items} | ({key: token} if token else {})
