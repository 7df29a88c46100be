"""Checks a request against botocore's model as AWS does: lengths, patterns, enums, ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.gateway.wire import model_of

UNLIMITED = 1 << 30
MAP_VALUE = 50_000  # observed: AWS's server takes more than its model's 1,000


def check(call: Call, code: str) -> None:
    """Refuse a call that breaks the constraints of its model, by AwsError `code`."""
    found = violations(model_of(call.service).operation_model(call.operation).input_shape, call.params)
    if found:
        raise AwsError(code, message(found), 400)


def violations(shape: Shape | None, value: Any, path: str = "") -> list[str]:
    """What is wrong with `value`, each as AWS says it in a ValidationException."""
    return list(_check(shape, value, path)) if shape is not None else []


def message(found: list[str]) -> str:
    """The text of the ValidationException for some violations."""
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                shown = f"{name[0].lower()}{name[1:]}"
                yield from _check(member, value[name], f"{path}.{shown}" if path else shown)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path)
        for number, item in enumerate(value, 1):
            yield from _check(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, path)
    else:
        yield from _scalar(shape, value, path)


def _map(shape: MapShape, value: dict[str, str], path: str) -> Iterator[str]:
    parts = (("keys", shape.key, value.keys()), ("value", shape.value, value.values()))
    for part, member, texts in parts:
        low, high = member.metadata.get("min", 0), member.metadata.get("max", UNLIMITED)
        if part == "value" and high != UNLIMITED:
            high = MAP_VALUE
        if any(isinstance(text, str) and not low <= len(text) <= high for text in texts):
            limits = (
                f"Member must have length less than or equal to {high}",
                f"Member must have length greater than or equal to {low}",
            )
            yield _fails(path, f"Map {part} must satisfy constraint: [{', '.join(limits)}]")


def _scalar(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        options = ", ".join(shape.enum)
        yield _fails(path, f"Member must satisfy enum value set: [{options}]", value)
    elif isinstance(value, str):
        yield from _size(shape, len(value), value, path)
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield _fails(path, f"Member must satisfy regular expression pattern: {pattern}", value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _range(shape, value, path)


def _size(shape: Shape, size: int, value: Any, path: str) -> Iterator[str]:
    shown = value if isinstance(value, str) else None
    if size > shape.metadata.get("max", size):
        limit = shape.metadata["max"]
        yield _fails(path, f"Member must have length less than or equal to {limit}", shown)
    if size < shape.metadata.get("min", 0):
        limit = shape.metadata["min"]
        yield _fails(path, f"Member must have length greater than or equal to {limit}", shown)


def _range(shape: Shape, value: int, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min", value), shape.metadata.get("max", value)
    if value > high:
        yield _fails(path, f"Member must have value less than or equal to {high}", value)
    if value < low:
        yield _fails(path, f"Member must have value greater than or equal to {low}", value)


def _fails(path: str, constraint: str, value: Any = None) -> str:
    shown = f"Value at '{path}'" if value is None else f"Value '{value}' at '{path}'"
    return f"{shown} failed to satisfy constraint: {constraint}"
