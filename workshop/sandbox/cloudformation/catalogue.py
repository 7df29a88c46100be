"""What AWS publishes about resource types: which exist, and what changing a property means.

The facts come from the schemas of the CloudFormation registry; `gather` takes them out of
those for the types that this sandbox can make, and keeps the names of all the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Replacement = Literal["Never", "Conditionally", "Always"]
FREE = frozenset({"AWS::CloudFormation::Stack", "AWS::CloudFormation::CustomResource"})
TYPES = Path(__file__).parent / "types.json"
CUSTOM = "AWS::CloudFormation::CustomResource"


@dataclass(frozen=True)
class Schema:
    """One resource type as the registry describes it."""

    type: str
    properties: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    attributes: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    may_replace: frozenset[str] = frozenset()
    identifier: str | None = None
    tags: str | None = None
    tags_are_map: bool = False
    open: bool = False

    def on_change(self, name: str) -> Replacement:
        """Whether changing the property `name` needs a new resource."""
        if name in self.replaces:
            return "Always"
        return "Conditionally" if name in self.may_replace else "Never"

    def has_attribute(self, name: str) -> bool:
        """Whether Fn::GetAtt knows `name`; outputs of nested stacks and custom resources are free."""
        if not self.attributes or self.type.startswith("Custom::") or self.type in FREE:
            return True
        return name in self.attributes or name in self.properties or name.split(".")[0] in self.attributes

    def fault(self, properties: Mapping[str, Any]) -> str | None:
        """What the registry's validation says against `properties`, None if nothing."""
        if not self.open:
            for name in properties:
                if name not in self.properties:
                    return f"#: extraneous key [{name}] is not permitted"
        missing = [name for name in self.required if name not in properties]
        return f"#: required key [{missing[0]}] not found" if missing else None


class Catalogue:
    """The resource types of AWS, read once."""

    def __init__(self) -> None:
        raw = json.loads(TYPES.read_text())
        self._names = frozenset(raw["others"])
        self._schemas = {type_: _schema(type_, facts) for type_, facts in raw["types"].items()}
        self._schemas[CUSTOM] = _custom(CUSTOM)

    def exists(self, type_: str) -> bool:
        """Whether AWS has this type (custom resources included)."""
        return type_.startswith("Custom::") or type_ in self._schemas or type_ in self._names

    def schema(self, type_: str) -> Schema:
        """The schema of `type_`; an open one, which permits everything, where none is kept."""
        if type_ in self._schemas:
            return self._schemas[type_]
        return _custom(type_) if type_.startswith("Custom::") else Schema(type_, open=True)


def _custom(type_: str) -> Schema:
    return Schema(type_, replaces=frozenset({"ServiceToken"}), required=("ServiceToken",), open=True)


def _schema(type_: str, facts: Mapping[str, Any]) -> Schema:
    sets = {
        key: frozenset(facts.get(key, ())) for key in ("properties", "attributes", "replaces", "may_replace")
    }
    return Schema(
        type_,
        required=tuple(facts.get("required", ())),
        identifier=facts.get("identifier"),
        tags=facts.get("tags"),
        tags_are_map=facts.get("tags_are_map", False),
        open=facts.get("open", False),
        **sets,
    )
