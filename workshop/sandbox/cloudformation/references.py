"""Finds what a template's parts refer to, and refuses references to what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .intrinsics import names_in
from .template import Template, TemplateError

PSEUDO = frozenset(
    {
        "AWS::AccountId",
        "AWS::NoValue",
        "AWS::NotificationARNs",
        "AWS::Partition",
        "AWS::Region",
        "AWS::StackId",
        "AWS::StackName",
        "AWS::URLSuffix",
    }
)


@dataclass(frozen=True)
class Reference:
    """One mention of a name; `attribute` is None for Ref and for a bare name in Fn::Sub."""

    name: str
    attribute: str | None = None

    def __str__(self) -> str:
        return f"{self.name}.{self.attribute}" if self.attribute else self.name


def references(value: Any) -> Iterator[Reference]:
    """Every parameter, resource or pseudo parameter that `value` mentions."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, Mapping):
        return
    if len(value) == 1:
        name, argument = next(iter(value.items()))
        if name == "Ref" and isinstance(argument, str):
            yield Reference(argument)
            return
        if name == "Fn::GetAtt":
            yield from _attribute(argument)
            return
        if name == "Fn::Sub":
            yield from _substituted(argument)
            return
    for item in value.values():
        yield from references(item)


def _attribute(argument: Any) -> Iterator[Reference]:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if isinstance(parts, list) and len(parts) > 1:
        attribute = ".".join(part if isinstance(part, str) else "*" for part in parts[1:])
        yield Reference(str(parts[0]), attribute)
        yield from references(parts[1:])


def _substituted(argument: Any) -> Iterator[Reference]:
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, Mapping):
        return
    for name in names_in(text):
        if name in given:
            continue
        head, _, rest = name.partition(".")
        yield Reference(name) if name in PSEUDO or not rest else Reference(head, rest)
    yield from references(dict(given))


def depends_on(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """A resource's DependsOn as a tuple of logical ids."""
    named = resource.get("DependsOn") or []
    return tuple(named) if isinstance(named, list) else (named,)


def dependencies(template: Template) -> dict[str, tuple[str, ...]]:
    """For every resource, the resources that it mentions or names in DependsOn."""
    found: dict[str, tuple[str, ...]] = {}
    for name, resource in template.resources.items():
        mentioned = [r.name for r in references(resource.get("Properties")) if r.name in template.resources]
        found[name] = tuple(dict.fromkeys([*depends_on(resource), *mentioned]))
    return found


def check_references(template: Template) -> None:
    """Raises TemplateError for names that are neither parameter nor resource."""
    _check_mentions(template, "Resources", [r.get("Properties") for r in template.resources.values()])
    _check_mentions(template, "Outputs", list(template.outputs.values()))
    _check_depends_on(template)
    _check_conditions(template)


def _check_mentions(template: Template, block: str, values: list[Any]) -> None:
    missing: list[str] = []
    for reference in references(values):
        if reference.attribute and reference.name not in template.resources:
            if reference.name in template.parameters:
                continue
            raise TemplateError(
                f"Template error: instance of Fn::GetAtt references undefined resource {reference.name}"
            )
        known = reference.name in template.resources or reference.name in template.parameters
        if not known and reference.name not in PSEUDO:
            missing.append(reference.name)
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{names}] in "
            f"the {block} block of the template"
        )


def _check_depends_on(template: Template) -> None:
    for resource in template.resources.values():
        missing = [name for name in depends_on(resource) if name not in template.resources]
        if missing:
            names = ", ".join(map(str, missing))
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{names}] in "
                "the Resources block of the template"
            )


def _check_conditions(template: Template) -> None:
    for block, entries in (("Resources", template.resources), ("Outputs", template.outputs)):
        for entry in entries.values():
            for name in _condition_names(entry):
                if name not in template.conditions:
                    raise TemplateError(
                        f"Template format error: Unresolved condition dependency {name} in the "
                        f"{block} block of the template"
                    )


def _condition_names(entry: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(entry.get("Condition"), str):
        yield entry["Condition"]
    yield from _ifs(entry)


def _ifs(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _ifs(item)
    elif isinstance(value, Mapping):
        test = value.get("Fn::If")
        if isinstance(test, list) and test and isinstance(test[0], str):
            yield test[0]
        for item in value.values():
            yield from _ifs(item)
