"""Cuts long lists into pages, as Lambda does."""

from __future__ import annotations

from typing import Any, Final

from workshop.sandbox.call import Call
from workshop.sandbox.pages import Token
from workshop.sandbox.pages import page as cut

LARGEST: Final = 50
TOKEN: Final = Token("InvalidParameterValueException", "Invalid Marker", {"Type": "User"})


def page(call: Call, member: str, items: list[dict[str, Any]], most: int = LARGEST) -> dict[str, Any]:
    """One page of `items` under the name `member`, by the call's Marker and MaxItems."""
    size = min(call.params.get("MaxItems", most), most)
    shown, more = cut(items, size, call.params.get("Marker"), TOKEN)
    return {member: shown} | ({"NextMarker": more} if more else {})
