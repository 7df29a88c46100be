"""The AWS::Include macro: a piece of template that lies in S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from .parameters import Value
from .template import TemplateError, fragment


def included(body: Any, read: Callable[[str], str], values: Mapping[str, Value]) -> Any:
    """`body` with every Fn::Transform, and a Transform section's AWS::Include, replaced."""
    if isinstance(body, list):
        return [included(item, read, values) for item in body]
    if not isinstance(body, Mapping):
        return body
    found: dict[str, Any] = {}
    for key, item in body.items():
        if key == "Fn::Transform" or (key == "Transform" and _is_include(item)):
            found |= _piece(item, read, values)
        else:
            found[key] = included(item, read, values)
    return found


def _is_include(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("Name") == "AWS::Include"


def _piece(call: Any, read: Callable[[str], str], values: Mapping[str, Value]) -> dict[str, Any]:
    if not _is_include(call):
        name = call.get("Name") if isinstance(call, Mapping) else call
        raise TemplateError(f"No transform named {name} found.")
    location = (call.get("Parameters") or {}).get("Location")
    if isinstance(location, Mapping) and location.get("Ref") in values:
        location = values[location["Ref"]].used
    if not isinstance(location, str):
        raise TemplateError(
            "Transform AWS::Include failed with: The location parameter is not a valid S3 uri."
        )
    try:
        piece = fragment(read(location))
    except yaml.YAMLError:
        piece = None
    if not isinstance(piece, dict):
        raise TemplateError(
            "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON."
        )
    return piece
