"""The difference between two definitions of a stack, as a change set shows it.

Both are worked out as far as it goes without making anything: parameters, mappings and
conditions are resolved, resources stay unknown.  Then a change spreads: who mentions a
resource that will be replaced, or an attribute of one that will be modified, may change
too (`Dynamic`), which only execution can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .catalogue import Schema
from .graph import order
from .intrinsics import Scope, Unknown, resolve
from .references import Reference, dependencies, references
from .state import Definition
from .tags import with_tags

SCHEMAS = Callable[[str], Schema]
REPLACEMENT = {"Never": "False", "Conditionally": "Conditional", "Always": "True"}
STRENGTH = ("Never", "Conditionally", "Always")


@dataclass(frozen=True)
class Detail:
    """Why one property (or Tags, Metadata, a policy) of a resource changes."""

    attribute: str
    name: str | None = None
    recreation: str = "Never"
    evaluation: str = "Static"
    source: str = "DirectModification"
    cause: str | None = None

    def shown(self) -> dict[str, Any]:
        target: dict[str, Any] = {"Attribute": self.attribute, "RequiresRecreation": self.recreation}
        if self.name:
            target["Name"] = self.name
        entry = {"Target": target, "Evaluation": self.evaluation, "ChangeSource": self.source}
        return entry | ({"CausingEntity": self.cause} if self.cause else {})


@dataclass(frozen=True)
class Change:
    """What happens to one resource: Add, Modify, Remove or Import."""

    action: str
    name: str
    type: str
    physical_id: str | None = None
    details: tuple[Detail, ...] = field(default=())

    @property
    def replacement(self) -> str:
        strongest = max((STRENGTH.index(d.recreation) for d in self.details), default=0)
        if strongest == 2 and all(
            d.evaluation == "Dynamic" for d in self.details if d.recreation == "Always"
        ):
            return "Conditional"
        return REPLACEMENT[STRENGTH[strongest]]

    def shown(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "Action": self.action,
            "LogicalResourceId": self.name,
            "ResourceType": self.type,
            "Scope": sorted({detail.attribute for detail in self.details}),
            "Details": [detail.shown() for detail in self.details],
        }
        if self.physical_id:
            entry["PhysicalResourceId"] = self.physical_id
        if self.action == "Modify":
            entry["Replacement"] = self.replacement
        return {"Type": "Resource", "ResourceChange": entry}


@dataclass(frozen=True)
class Side:
    """One of the two definitions to compare, with its resources that exist or shall."""

    definition: Definition
    scope: Scope
    active: Mapping[str, Mapping[str, Any]]

    def properties(self, name: str, schema: Schema) -> dict[str, Any]:
        resolved = resolve(self.active[name].get("Properties") or {}, self.scope)
        return with_tags(schema, resolved, self.definition.tags)


def changes(
    before: Side | None,
    after: Side,
    schemas: SCHEMAS,
    physical_ids: Mapping[str, str | None],
) -> list[Change]:
    """What turning `before` into `after` does, in the order of the template.

    `physical_ids` are the resources that exist, by logical id: after a partial
    failure that may be fewer than `before` declares.
    """
    old = before.active if before else {}
    existing = {name: resource for name, resource in old.items() if name in physical_ids}
    found: dict[str, Change] = {}
    for name in _order(after):
        resource = after.active[name]
        if name not in existing:
            found[name] = Change("Add", name, resource["Type"])
        elif before is not None:
            change = _modified(name, before, after, schemas, found, physical_ids[name])
            if change:
                found[name] = change
    for name, resource in existing.items():
        if name not in after.active:
            found[name] = Change("Remove", name, resource["Type"], physical_ids[name])
    return sorted(found.values(), key=lambda change: (change.action, change.name))


def _order(side: Side) -> list[str]:
    needs = dependencies(side.definition.template)
    return order({name: needs[name] for name in side.active})


def _modified(
    name: str,
    before: Side,
    after: Side,
    schemas: SCHEMAS,
    earlier: Mapping[str, Change],
    physical_id: str | None,
) -> Change | None:
    old, new = before.active[name], after.active[name]
    schema = schemas(new["Type"])
    details = [] if old["Type"] == new["Type"] else [Detail("Properties", recreation="Always")]
    left, right = before.properties(name, schema), after.properties(name, schema)
    for key in dict.fromkeys([*left, *right]):
        details += _property_details(key, left, right, old, new, schema, earlier)
    details += [
        Detail(key)
        for key in ("Metadata", "DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy")
        if old.get(key) != new.get(key)
    ]
    return Change("Modify", name, new["Type"], physical_id, tuple(details)) if details else None


def _property_details(
    key: str,
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    schema: Schema,
    earlier: Mapping[str, Change],
) -> list[Detail]:
    attribute = "Tags" if key == schema.tags else "Properties"
    name = None if attribute == "Tags" else key
    declared = (new.get("Properties") or {}).get(key)
    recreation = recreation_of(key, left, right, schema)
    found: list[Detail] = []
    if _plain(left.get(key)) != _plain(right.get(key)):
        source, cause = _cause(declared, (old.get("Properties") or {}).get(key))
        found.append(Detail(attribute, name, recreation, "Static", source, cause))
    whole = schema.on_change(key)
    for reference in dict.fromkeys(references(declared)):
        if spreads(reference, earlier.get(reference.name)):
            source = "ResourceAttribute" if reference.attribute else "ResourceReference"
            found.append(Detail(attribute, name, whole, "Dynamic", source, str(reference)))
    return found


def spreads(reference: Reference, change: Change | None) -> bool:
    """Whether who holds `reference` may change because its resource does."""
    if change is None or change.action != "Modify":
        return False
    return change.replacement != "False" or (
        reference.attribute is not None and any(d.attribute == "Properties" for d in change.details)
    )


def recreation_of(key: str, left: Mapping[str, Any], right: Mapping[str, Any], schema: Schema) -> str:
    """Whether a changed property needs a new resource, nested properties included."""
    whole = schema.on_change(key)
    if whole != "Never":
        return whole
    for path in schema.replaces:
        if path.startswith(f"{key}.") and _at(left, path) != _at(right, path):
            return "Always"
    return "Never"


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _cause(declared: Any, before: Any) -> tuple[str, str | None]:
    """A parameter is the cause where the template's text is the same as it was."""
    mentioned = [reference.name for reference in references(declared)]
    if declared == before and mentioned:
        return "ParameterReference", mentioned[0]
    return "DirectModification", None


def _plain(value: Any) -> str:
    return json.dumps(
        value, sort_keys=True, default=lambda item: item.source if isinstance(item, Unknown) else str(item)
    )
