"""Reads a CloudFormation template, JSON or YAML, and says what is wrong with its shape.

YAML is read by PyYAML's safe loader only.  As in AWS, dates stay text, aliases are
refused, and the short tags (``!Ref``, ``!Sub`` …) become their long forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)
RESOURCE_KEYS = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Description",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
        # Additions of SAM, gone after its transform.
        "Connectors",
        "IgnoreGlobals",
    }
)
POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
MOST_RESOURCES = 500
DEEPEST = 100


class TemplateError(Exception):
    """A template that CloudFormation refuses; the text is AWS's."""


@dataclass(frozen=True)
class Template:
    """A parsed template; every section is a mapping, empty where the template has none."""

    body: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Any]:
        return self.section("Resources")

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.section("Parameters")

    @property
    def outputs(self) -> Mapping[str, Any]:
        return self.section("Outputs")

    @property
    def conditions(self) -> Mapping[str, Any]:
        return self.section("Conditions")

    @property
    def mappings(self) -> Mapping[str, Any]:
        return self.section("Mappings")

    @property
    def description(self) -> str | None:
        return self.body.get("Description")

    @property
    def transforms(self) -> tuple[str, ...]:
        """The names of the template's macros, in the order in which they apply."""
        found = self.body.get("Transform") or []
        entries = found if isinstance(found, list) else [found]
        return tuple(e if isinstance(e, str) else str(e.get("Name")) for e in entries)

    def section(self, name: str) -> Mapping[str, Any]:
        return self.body.get(name) or {}


def parse(text: str) -> Template:
    """The template in `text`; raises TemplateError in AWS's words."""
    try:
        body = _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    except RecursionError:
        raise TemplateError("Template format error: template is nested too deeply.") from None
    if not isinstance(body, dict):
        raise TemplateError("Template format error: unsupported structure.")
    if _depth(body) > DEEPEST:
        raise TemplateError("Template format error: template is nested too deeply.")
    template = Template(body)
    check(template)
    return template


def _depth(body: Any) -> int:
    """How deep mappings and lists are nested, found without recursion."""
    layer, depth = [body], 0
    while layer := [
        item
        for value in layer
        for item in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    ]:
        depth += 1
    return depth


def check(template: Template) -> None:
    """Raises TemplateError unless sections and resources have the shape AWS asks for."""
    unknown = [name for name in template.body if name not in SECTIONS]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
    _check_sections(template)
    if not template.resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    if len(template.resources) > MOST_RESOURCES:
        raise TemplateError(
            f"Template format error: Number of resources, {len(template.resources)}, "
            f"is greater than maximum allowed, {MOST_RESOURCES}"
        )
    for name, resource in template.resources.items():
        _check_resource(str(name), resource)
    for name, declared in template.parameters.items():
        _check_parameter(str(name), declared)
    for name, output in template.outputs.items():
        if not isinstance(output, dict) or output.get("Value") is None:
            raise TemplateError(
                f"Template format error: Output {name} is malformed. "
                "Every Outputs member must contain a Value object"
            )


def _check_sections(template: Template) -> None:
    version = template.body.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise TemplateError(
            f"Template format error: unsupported value for AWSTemplateFormatVersion: {version}."
        )
    for name in ("Resources", "Parameters", "Outputs", "Conditions", "Mappings"):
        if not isinstance(template.body.get(name) or {}, dict):
            raise TemplateError(f"Template format error: [/{name}] '{name}' section must be an object.")
    _check_transforms(template.body.get("Transform") or [])
    if not isinstance(template.body.get("Description", ""), str):
        raise TemplateError("Template format error: Description must be a string.")


def _check_transforms(found: Any) -> None:
    for entry in found if isinstance(found, list) else [found]:
        if not isinstance(entry, str) and not (
            isinstance(entry, dict) and isinstance(entry.get("Name"), str)
        ):
            raise TemplateError("Template format error: Transform must be a name or a list of names.")


def _check_parameter(name: str, declared: Any) -> None:
    if not isinstance(declared, dict) or not isinstance(declared.get("Type"), str):
        raise TemplateError(
            f"Template format error: Every Parameters object must contain a Type member. ({name})"
        )
    if not isinstance(declared.get("AllowedValues") or [], list):
        raise TemplateError(f"Template format error: AllowedValues of parameter {name} must be a list.")
    for key in ("MinLength", "MaxLength", "MinValue", "MaxValue"):
        if key in declared and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(declared[key])):
            raise TemplateError(f"Template format error: {key} of parameter {name} must be a number.")


def _check_resource(name: str, resource: Any) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(resource, dict):
        raise TemplateError(f"Template format error: [/Resources/{name}] resource definition is malformed")
    if not isinstance(resource.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    needs = resource.get("DependsOn") or []
    if not all(isinstance(need, str) for need in (needs if isinstance(needs, list) else [needs])):
        raise TemplateError("Template format error: DependsOn must be a string or list of strings.")
    unknown = [key for key in resource if key not in RESOURCE_KEYS]
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(resource.get("Properties") or {}, dict):
        raise TemplateError("Template format error: unsupported structure in Properties of " + name)
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        if isinstance(resource.get(key), str) and resource[key] not in POLICIES:
            raise TemplateError(
                f"Template format error: Unrecognized {key} {resource[key]} for resource {name}"
            )


def fragment(text: str) -> Any:
    """A piece of template, in CloudFormation's YAML or JSON; raises yaml.YAMLError."""
    return yaml.load(text, _Loader)


def dump(body: Mapping[str, Any]) -> str:
    """A processed template as GetTemplate shows it."""
    return json.dumps(body, default=str)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        fault = error
    # YAML may begin with a brace as well; JSON's complaint is the clearer one.
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError:
        place = (
            f" (line {fault.lineno}, column {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        )
        raise TemplateError(f"Template format error: JSON not well-formed.{place}") from None


def _from_yaml(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise TemplateError(f"Template format error: YAML not well-formed.{place}") from None
    except (yaml.YAMLError, ValueError):
        raise TemplateError("Template format error: YAML not well-formed.") from None


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise TemplateError(
                "Template format error: YAML aliases are not allowed in CloudFormation templates"
            )
        return super().compose_node(parent, index)


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    """``!Sub x`` as ``{"Fn::Sub": x}``; ``!GetAtt a.b`` as a pair."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _tagged)
# `Version: 2012-10-17` is text to CloudFormation, not a date.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
