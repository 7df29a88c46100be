"""Pages of a list that grows at its front: a token names the last item shown, not a position."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import TypeVar

from workshop.sandbox.call import AwsError

Item = TypeVar("Item")


def page(numbered: Iterable[tuple[int, Item]], size: int, token: str | None) -> tuple[list[Item], str | None]:
    """Up to `size` items whose numbers descend, after the token; and the token of the next page."""
    after = _open(token) if token else None
    rest = [(number, item) for number, item in numbered if after is None or number < after]
    shown = rest[:size]
    more = _seal(shown[-1][0]) if len(rest) > size else None
    return [item for _, item in shown], more


def _seal(number: int) -> str:
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode()


def _open(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after:"))
    except (binascii.Error, UnicodeDecodeError, ValueError) as broken:
        raise AwsError(
            "InvalidNextTokenException", "The next token was specified in an invalid format."
        ) from broken
