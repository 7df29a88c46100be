"""What the names in a stack's template stand for, at a given moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .conditions import evaluate_conditions
from .intrinsics import Scope, Unknown
from .parameters import Value
from .state import Definition, Resource
from .template import Template, TemplateError


@dataclass(frozen=True)
class Place:
    """Where a stack lives: what the pseudo parameters say."""

    account: str
    region: str
    stack_id: str
    stack_name: str
    notifications: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": list(self.notifications),
            "AWS::Partition": "aws",
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }


def conditions(template: Template, parameters: Mapping[str, Value], place: Place) -> dict[str, bool]:
    """The template's conditions; they may look at parameters and mappings only."""

    def refuse(name: str, *_: str) -> Any:
        raise TemplateError(
            f"Template format error: Unresolved dependencies [{name}]. "
            "Cannot reference resources in the Conditions block of the template"
        )

    scope = Scope(_values(parameters, place), template.mappings, {}, refuse, refuse, refuse)
    return evaluate_conditions(template.conditions, scope)


def unresolved(definition: Definition, place: Place, imported: Callable[[str], Any]) -> Scope:
    """A scope in which every resource is still unknown: for comparing two templates."""
    return _scope(definition, place, lambda name: Unknown(f"Ref {name}"), _attribute_unknown, imported)


def standing(
    definition: Definition,
    place: Place,
    resources: Mapping[str, Resource],
    imported: Callable[[str], Any],
) -> Scope:
    """A scope in which resources stand for what they are now."""

    def ref(name: str) -> Any:
        return _resource(resources, name).physical_id

    def attribute(name: str, key: str) -> Any:
        found = _resource(resources, name).attributes
        if key not in found:
            raise TemplateError(
                f"Requested attribute {key} does not exist in schema for {resources[name].type}"
            )
        return found[key]

    return _scope(definition, place, ref, attribute, imported)


def _scope(
    definition: Definition,
    place: Place,
    ref: Callable[[str], Any],
    attribute: Callable[[str, str], Any],
    imported: Callable[[str], Any],
) -> Scope:
    template = definition.template
    known = conditions(template, definition.parameters, place)
    return Scope(_values(definition.parameters, place), template.mappings, known, ref, attribute, imported)


def _attribute_unknown(name: str, key: str) -> Unknown:
    return Unknown(f"{name}.{key}")


def _values(parameters: Mapping[str, Value], place: Place) -> dict[str, Any]:
    return {name: value.used for name, value in parameters.items()} | place.values()


def _resource(resources: Mapping[str, Resource], name: str) -> Resource:
    if name not in resources:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{name}] in "
            "the Resources block of the template"
        )
    return resources[name]


def active(template: Template, known: Mapping[str, bool]) -> dict[str, Mapping[str, Any]]:
    """The template's resources whose condition holds."""
    return {
        name: resource
        for name, resource in template.resources.items()
        if "Condition" not in resource or known[resource["Condition"]]
    }
