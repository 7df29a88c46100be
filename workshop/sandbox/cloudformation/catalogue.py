"""What AWS publishes about resource types: which exist, and what changing a property means.

The schemas are those of the CloudFormation registry, in the copy that cfn-lint carries
(data files only; cfn-lint itself is not imported).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Replacement = Literal["Never", "Conditionally", "Always"]
FREE = frozenset({"AWS::CloudFormation::Stack", "AWS::CloudFormation::CustomResource"})
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


@dataclass
class Catalogue:
    """The resource types of AWS, read when first asked for."""

    folder: Path = field(default_factory=lambda: _schemas())
    _files: dict[str, str] = field(default_factory=dict)
    _known: dict[str, Schema] = field(default_factory=dict)

    def exists(self, type_: str) -> bool:
        """Whether AWS has this type in its busiest region (custom resources included)."""
        return type_.startswith("Custom::") or type_ in self._index()

    def schema(self, type_: str) -> Schema:
        """The schema of `type_`; an open one, which permits everything, for custom types."""
        if type_ not in self._known:
            self._known[type_] = self._read(type_)
        return self._known[type_]

    def _index(self) -> dict[str, str]:
        if not self._files:
            self._files.update(json.loads((self.folder / "providers" / "us-east-1.json").read_text()))
        return self._files

    def _read(self, type_: str) -> Schema:
        if type_.startswith("Custom::") or type_ == CUSTOM:
            return Schema(type_, replaces=frozenset({"ServiceToken"}), required=("ServiceToken",), open=True)
        name = self._index().get(type_)
        if name is None:
            return Schema(type_, open=True)
        return _schema(type_, json.loads((self.folder / "resources" / f"{name}.json").read_text()))


def _schemas() -> Path:
    found = importlib.util.find_spec("cfnlint")
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders:
        raise RuntimeError("cfn-lint, which carries the schemas of AWS's resource types, is not installed")
    return Path(folders[0]) / "data" / "schemas"


def _schema(type_: str, raw: Mapping[str, Any]) -> Schema:
    read_only = {_path(entry) for entry in raw.get("readOnlyProperties") or ()}
    properties = raw.get("properties") or {}
    tags = _tag_property(raw)
    identifiers: list[str] = raw.get("primaryIdentifier") or []
    return Schema(
        type=type_,
        properties=frozenset(properties),
        required=tuple(raw.get("required") or ()),
        attributes=frozenset(read_only),
        replaces=frozenset(_path(entry) for entry in raw.get("createOnlyProperties") or ()),
        may_replace=frozenset(_path(entry) for entry in raw.get("conditionalCreateOnlyProperties") or ()),
        identifier=_path(identifiers[0]) if len(identifiers) == 1 else None,
        tags=tags if tags in properties else None,
        tags_are_map=tags is not None and "array" not in json.dumps(properties.get(tags, {})),
        open=raw.get("additionalProperties") is not False,
    )


def _tag_property(raw: Mapping[str, Any]) -> str | None:
    tagging = raw.get("tagging") or {}
    if not tagging.get("taggable"):
        return None
    return _path(str(tagging.get("tagProperty", "/properties/Tags")))


def _path(pointer: str) -> str:
    """``/properties/Code/S3Bucket`` as ``Code.S3Bucket``."""
    return pointer.removeprefix("/properties/").replace("/", ".")
