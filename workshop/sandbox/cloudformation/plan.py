"""Decides what happens to a resource, forwards and back; the worker does it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .catalogue import Schema
from .changes import recreation_of
from .state import Resource

Kind = Literal["create", "update", "replace", "keep"]


@dataclass(frozen=True)
class Done:
    """One step an operation has taken, successfully or not: what undoing it starts from."""

    kind: Kind
    before: Resource | None
    after: Resource | None


@dataclass(frozen=True)
class Undo:
    """How to go back: first restore these as they were, newest first, then delete those."""

    restore: tuple[Done, ...]
    delete: tuple[Resource, ...]


def decide(
    existing: Resource | None, type_: str, properties: Mapping[str, Any], schema: Schema, *, updatable: bool
) -> Kind:
    """What to do so that the resource has `properties`; `updatable` is what its handler can."""
    if existing is None:
        return "create"
    if existing.type != type_:
        return "replace"
    changed = changed_keys(existing.properties, properties)
    if not changed:
        return "keep"
    recreated = any(
        recreation_of(key, existing.properties, properties, schema) == "Always" for key in changed
    )
    return "replace" if recreated or not updatable else "update"


def changed_keys(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """The top-level properties that differ."""
    return [key for key in dict.fromkeys([*left, *right]) if _plain(left.get(key)) != _plain(right.get(key))]


def undo(journal: Sequence[Done]) -> Undo:
    """The way back from everything in `journal`.

    Updated resources, failed ones included, get their old properties again; new ones and
    those that replaced others go.  A resource whose creation failed halfway has a
    physical id only if something was made.
    """
    restore = [step for step in reversed(journal) if step.kind in ("update", "replace") and step.before]
    created = [step.after for step in reversed(journal) if step.kind in ("create", "replace") and step.after]
    return Undo(tuple(restore), tuple(resource for resource in created if resource.physical_id))


def leftovers(journal: Sequence[Done]) -> list[Resource]:
    """What a successful update no longer needs: the resources that were replaced."""
    return [step.before for step in journal if step.kind == "replace" and step.before]


def failures(journal: Sequence[tuple[str, str]]) -> str:
    """The sentence a stack's event carries, from pairs of verb and logical id."""
    by_verb: dict[str, list[str]] = {}
    for verb, name in journal:
        by_verb.setdefault(verb, []).append(name)
    return "".join(
        f"The following resource(s) failed to {verb}: [{', '.join(names)}]. "
        for verb, names in by_verb.items()
    )


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
