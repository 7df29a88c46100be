"""Cuts long lists into pages, as Lambda does."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from workshop.sandbox.call import AwsError, Call

LARGEST = 50


def page(call: Call, member: str, items: list[dict[str, Any]], most: int = LARGEST) -> dict[str, Any]:
    """One page of `items` under the name `member`, by the call's Marker and MaxItems."""
    start = _position(call.params.get("Marker"))
    end = start + min(call.params.get("MaxItems", most), most)
    shown: dict[str, Any] = {member: items[start:end]}
    if end < len(items):
        shown["NextMarker"] = base64.b64encode(str(end).encode()).decode()
    return shown


def _position(marker: str | None) -> int:
    if not marker:
        return 0
    try:
        return int(base64.b64decode(marker, validate=True))
    except (ValueError, binascii.Error) as strange:
        raise AwsError("InvalidParameterValueException", "Invalid Marker", Type="User") from strange
