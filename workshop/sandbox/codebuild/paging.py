"""Lists in pages of a hundred, as CodeBuild gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workshop.sandbox.pages import Token
from workshop.sandbox.pages import page as cut

SIZE: Final = 100
TOKEN: Final = Token("InvalidInputException", "Invalid next token provided")


def page(member: str, items: list[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """The page that `nextToken` asks for, under `member`; InvalidInputException for a wrong token."""
    shown, more = cut(items, int(params.get("maxResults", SIZE)), params.get("nextToken"), TOKEN)
    return {member: shown} | ({"nextToken": more} if more else {})
