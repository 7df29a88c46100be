"""Writes `types.json` anew from the schemas of the CloudFormation registry.

    python -m workshop.sandbox.cloudformation.gather FOLDER

FOLDER holds the unpacked archive of one region, which AWS publishes under
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schemas.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .catalogue import TYPES
from .resources import KINDS


def gather(folder: Path) -> dict[str, Any]:
    """What `types.json` holds: facts of the types made here, the names of all others."""
    raw = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    found = {schema["typeName"]: schema for schema in raw if "typeName" in schema}
    return {
        "types": {name: facts(schema) for name, schema in sorted(found.items()) if name in KINDS},
        "others": sorted(name for name in found if name not in KINDS),
    }


def facts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine needs to know of one schema; what is empty or false is left out."""
    properties, identifiers = raw.get("properties") or {}, raw.get("primaryIdentifier") or []
    tags = _tag_property(raw)
    found = {
        "properties": sorted(properties),
        "required": sorted(raw.get("required") or ()),
        "attributes": _paths(raw, "readOnlyProperties"),
        "replaces": _paths(raw, "createOnlyProperties"),
        "may_replace": _paths(raw, "conditionalCreateOnlyProperties"),
        "identifier": _path(identifiers[0]) if len(identifiers) == 1 else None,
        "tags": tags if tags in properties else None,
        "tags_are_map": tags in properties and "array" not in json.dumps(properties[tags]),
        "open": raw.get("additionalProperties") is not False,
    }
    return {key: value for key, value in found.items() if value}


def _tag_property(raw: Mapping[str, Any]) -> str | None:
    tagging = raw.get("tagging") or {}
    if not tagging.get("taggable"):
        return None
    return _path(str(tagging.get("tagProperty", "/properties/Tags")))


def _paths(raw: Mapping[str, Any], key: str) -> list[str]:
    return sorted({_path(pointer) for pointer in raw.get(key) or ()})


def _path(pointer: str) -> str:
    """``/properties/Code/S3Bucket`` as ``Code.S3Bucket``."""
    return pointer.removeprefix("/properties/").replace("/", ".")


def main(folder: str) -> None:
    """Write the file, one type a line, so that a difference can be read."""
    found = gather(Path(folder))
    types = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in found["types"].items())
    others = ",\n".join(json.dumps(name) for name in found["others"])
    TYPES.write_text(f'{{"types": {{\n{types}\n}},\n"others": [\n{others}\n]}}\n')


if __name__ == "__main__":
    main(sys.argv[1])
