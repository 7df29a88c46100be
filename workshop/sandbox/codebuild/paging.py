"""Lists in pages of a hundred, as CodeBuild gives them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.call import AwsError

SIZE = 100


def page(member: str, items: list[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """The page that `nextToken` asks for, under `member`; InvalidInputException for a wrong token."""
    size = int(params.get("maxResults", SIZE))
    first = _first(params.get("nextToken"))
    answer: dict[str, Any] = {member: items[first : first + size]}
    if first + size < len(items):
        answer["nextToken"] = base64.b64encode(str(first + size).encode()).decode()
    return answer


def _first(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (ValueError, binascii.Error):
        raise AwsError("InvalidInputException", "Invalid next token provided") from None
