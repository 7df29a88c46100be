"""Long lists, a page at a time; each service says in its own words that a token is none of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from workshop.sandbox.call import AwsError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Token:
    """How a service refuses a token that it did not give: error code, words, further members."""

    code: str
    words: str
    members: Mapping[str, Any] = field(default_factory=dict)

    def opened(self, token: str | None) -> int:
        """The place that a token stands for, 0 without one; AwsError if it is not ours."""
        if not token:
            return 0
        try:
            place = int(base64.urlsafe_b64decode(token.encode()).decode())
        except (binascii.Error, ValueError):
            place = -1
        if place < 0:
            raise AwsError(self.code, self.words, **self.members)
        return place


def sealed(place: int) -> str:
    """The token of a place, opaque as AWS's are."""
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def page(items: Sequence[Item], size: int, token: str | None, of: Token) -> tuple[list[Item], str | None]:
    """Up to `size` items from the token's place on, and the token of the next page, None at the end."""
    start = of.opened(token)
    end = start + size
    return list(items[start:end]), sealed(end) if end < len(items) else None
