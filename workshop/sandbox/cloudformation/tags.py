"""A stack's tags, which AWS passes on to the resources that can carry any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .catalogue import Schema

Tags = tuple[tuple[str, str], ...]


def with_tags(schema: Schema, properties: Mapping[str, Any], tags: Tags) -> dict[str, Any]:
    """`properties` with the stack's tags added; a resource's own tag of that name wins."""
    if not tags or schema.tags is None:
        return dict(properties)
    own = properties.get(schema.tags) or ({} if schema.tags_are_map else [])
    merged: Any
    if isinstance(own, Mapping):
        merged = dict(tags) | dict(own)
    else:
        taken = {entry.get("Key") for entry in own if isinstance(entry, Mapping)}
        merged = [*own, *({"Key": key, "Value": value} for key, value in tags if key not in taken)]
    return {**properties, schema.tags: merged}
