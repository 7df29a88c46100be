"""Turns a template's properties into the parameters of an API operation.

CloudFormation and the service APIs name the same things almost alike.  botocore's model
of the operation says which members it has, so the rest follows: letter case, numbers and
booleans written as text, policies given as objects, tags as lists or as maps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from .intrinsics import text_of


def fit(shape: Shape | None, value: Any) -> Any:
    """`value` as `shape` wants it; members that the shape does not have are left out."""
    if shape is None or getattr(shape, "is_document_type", False):
        return value
    match shape.type_name:
        case "structure":
            return _structure(shape, value) if isinstance(value, Mapping) else value
        case "list":
            return [fit(shape.member, item) for item in _as_list(shape.member, value)]
        case "map":
            return {key: fit(shape.value, item) for key, item in _as_map(value).items()}
        case _:
            return _scalar(shape.type_name, value)


def _structure(shape: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    return {
        members[key.lower()]: fit(shape.members[members[key.lower()]], item)
        for key, item in value.items()
        if key.lower() in members and item is not None
    }


def _as_list(member: Shape, value: Any) -> list[Any]:
    """A map of tags becomes a list of pairs; a single value a list of one."""
    if isinstance(value, Mapping) and {"key", "value"} <= {
        name.lower() for name in getattr(member, "members", ())
    }:
        return [{"Key": key, "Value": item} for key, item in value.items()]
    return value if isinstance(value, list) else [value]


def _as_map(value: Any) -> Mapping[str, Any]:
    """A list of tag pairs becomes a map."""
    if isinstance(value, list):
        return {entry["Key"]: entry["Value"] for entry in value}
    return value if isinstance(value, Mapping) else {}


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string":
        return json.dumps(value) if isinstance(value, Mapping | list) else text_of(value)
    if kind in ("integer", "long"):
        return int(float(value)) if isinstance(value, str | float) else value
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    return value
