"""Compares a stack as it is with what it is to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .catalogue import Catalogue
from .changes import Change, Side, changes
from .intrinsics import resolve
from .scope import Place, active, unresolved
from .state import Definition, Region, Stack
from .template import TemplateError


def compared(
    stack: Stack, wanted: Definition, place: Place, catalogue: Catalogue, region: Region
) -> list[Change]:
    """The changes to resources that bringing `stack` to `wanted` makes."""
    importing = _importing(region)
    before = _side(stack.definition, place, importing) if stack.definition else None
    existing = {
        name: resource.physical_id
        for name, resource in stack.resources.items()
        if resource.physical_id is not None
    }
    return changes(before, _side(wanted, place, importing), catalogue.schema, existing)


def same(stack: Stack, wanted: Definition, place: Place, region: Region) -> bool:
    """Whether outputs and tags are to stay as they are, too."""
    now = stack.definition
    if now is None:
        return False
    importing = _importing(region)
    outputs = [_outputs(definition, place, importing) for definition in (now, wanted)]
    return outputs[0] == outputs[1] and set(now.tags) == set(wanted.tags)


def _side(definition: Definition, place: Place, importing: Callable[[str], Any]) -> Side:
    scope = unresolved(definition, place, importing)
    return Side(definition, scope, active(definition.template, scope.conditions))


def _outputs(definition: Definition, place: Place, importing: Callable[[str], Any]) -> dict[str, Any]:
    scope = unresolved(definition, place, importing)
    return {
        name: resolve({k: v for k, v in output.items() if k != "Condition"}, scope)
        for name, output in definition.template.outputs.items()
        if "Condition" not in output or scope.conditions[output["Condition"]]
    }


def _importing(region: Region) -> Callable[[str], Any]:
    exports = region.exports()

    def imported(name: str) -> str:
        if name not in exports:
            raise TemplateError(f"No export named {name} found.")
        return exports[name][1].value

    return imported
