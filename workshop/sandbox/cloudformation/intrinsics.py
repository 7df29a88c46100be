"""Works out CloudFormation's functions: Ref, Fn::Sub, Fn::GetAtt, Fn::If and the others.

A `Scope` says what names stand for.  Where a value is not known yet (an attribute of a
resource that is still to be made, when a change set is computed) the scope answers with
`Unknown`, and whatever is computed from it is `Unknown` too.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .template import TemplateError

SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Unknown:
    """A value that only execution can tell; `source` is what it is computed from."""

    source: str

    def __str__(self) -> str:
        return "{{changeSet:KNOWN_AFTER_APPLY}}"


class _NoValue:
    """What ``AWS::NoValue`` stands for: the property is left out."""


NO_VALUE = _NoValue()


@dataclass(frozen=True)
class Scope:
    """What the names in a template stand for.

    `values` holds parameters and pseudo parameters; `ref` and `attribute` answer for
    resources and raise TemplateError for those that do not exist; `imported` gives
    the value of another stack's export.
    """

    values: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, bool]
    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    imported: Callable[[str], Any]


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every function worked out; raises TemplateError in AWS's words."""
    if isinstance(value, dict):
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            # An IAM statement may have a Condition as well; that one is an object.
            if name in FUNCTIONS and (name != "Condition" or isinstance(argument, str)):
                return FUNCTIONS[name](argument, scope)
            if isinstance(name, str) and name.startswith("Fn::"):
                raise TemplateError(f"Template format error: Unrecognized function {name}")
        found = {key: resolve(item, scope) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not NO_VALUE}
    if isinstance(value, list):
        return [item for item in (resolve(entry, scope) for entry in value) if item is not NO_VALUE]
    return value


def names_in(text: str) -> list[str]:
    """The names that ``Fn::Sub`` replaces in `text`; ``${!literal}`` is none."""
    return [name.strip() for name in SUBSTITUTION.findall(text) if not name.startswith("!")]


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    return str(value)


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(_has_unknown(item) for item in value)


def _unknown(name: str, argument: Any) -> Unknown:
    return Unknown(
        json.dumps([name, argument], default=lambda item: getattr(item, "source", str(item)), sort_keys=True)
    )


def _computed(name: str, work: Callable[[Any], Any]) -> Callable[[Any, Scope], Any]:
    """A function of its resolved argument, unknown where the argument is."""

    def function(argument: Any, scope: Scope) -> Any:
        resolved = resolve(argument, scope)
        return _unknown(name, resolved) if _has_unknown(resolved) else work(resolved)

    return function


def _ref(name: Any, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NO_VALUE
    if not isinstance(name, str):
        raise TemplateError("Template error: every Ref object must have a single String value.")
    return scope.values[name] if name in scope.values else scope.ref(name)


def _get_att(argument: Any, scope: Scope) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) < 2:
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, "
            "the resource name and the resource attribute"
        )
    rest = [text_of(resolve(part, scope)) for part in parts[1:]]
    return scope.attribute(str(parts[0]), ".".join(rest))


def _sub(argument: Any, scope: Scope) -> Any:
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, dict):
        raise TemplateError(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
            "Specify a string as first argument, and an optional second argument to specify a mapping "
            "of values to replace in the string"
        )
    own = {name: resolve(value, scope) for name, value in given.items()}
    found = {name: _named(name, own, scope) for name in names_in(text)}
    if _has_unknown(found):
        return _unknown("Fn::Sub", [text, found])

    def replacement(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"${{{name[1:]}}}" if name.startswith("!") else text_of(found[name.strip()])

    return SUBSTITUTION.sub(replacement, text)


def _named(name: str, own: Mapping[str, Any], scope: Scope) -> Any:
    if name in own:
        return own[name]
    if "." in name and name not in scope.values:
        return _get_att(name, scope)
    return _ref(name, scope)


def _join(argument: Any) -> str:
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):
        raise TemplateError(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
            "(2) a list of strings to be joined or a function that returns a list of strings "
            "(such as Fn::GetAZs) to be joined."
        )
    return text_of(argument[0]).join(text_of(item) for item in argument[1])


def _select(argument: Any, scope: Scope) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):
        raise TemplateError(
            "Template error: Fn::Select requires a list argument with two elements: "
            "an integer index and a list"
        )
    index, items = resolve(argument, scope)
    if isinstance(items, Unknown) or isinstance(index, Unknown):
        return _unknown("Fn::Select", [index, items])
    if not isinstance(items, list):
        raise TemplateError(
            "Template error: Fn::Select requires a list argument with two "
            "elements: an integer index and a list"
        )
    try:
        position = int(index)
    except (TypeError, ValueError):
        raise TemplateError("Template error: Fn::Select index must be an integer") from None
    if not 0 <= position < len(items):
        raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {position}")
    return items[position]


def _split(argument: Any) -> list[str]:
    if not (isinstance(argument, list) and len(argument) == 2 and argument[0]):
        raise TemplateError(
            "Template error: every Fn::Split object requires two parameters, "
            "(1) a string delimiter and (2) a string to be split or a function "
            "that returns a string to be split."
        )
    return text_of(argument[1]).split(str(argument[0]))


def _if(argument: Any, scope: Scope) -> Any:
    if not (isinstance(argument, list) and len(argument) == 3):
        raise TemplateError("Template error: Fn::If requires a list argument with three elements")
    name, then, otherwise = argument
    return resolve(then if _condition(name, scope) else otherwise, scope)


def _condition(name: Any, scope: Scope) -> bool:
    try:
        return scope.conditions[name]
    except KeyError:
        raise TemplateError(f"Template error: unresolved condition dependency {name} in Fn::If") from None


def truth(value: Any) -> bool:
    """A condition's value as a boolean; text says `true` or it is false."""
    if isinstance(value, bool):
        return value
    return str(value).lower() == "true"


def _equals(argument: Any) -> bool:
    if not (isinstance(argument, list) and len(argument) == 2):
        raise TemplateError("Template error: Fn::Equals requires a list argument with two elements")
    left, right = argument
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return bool(left == right)
    return text_of(left) == text_of(right)


def _several(name: str, combine: Callable[[list[bool]], bool]) -> Callable[[Any], bool]:
    def function(argument: Any) -> bool:
        if not (isinstance(argument, list) and 2 <= len(argument) <= 10):
            raise TemplateError(
                f"Template error: every {name} object requires a list of at least 2 and "
                "at most 10 boolean parameters."
            )
        return combine([truth(item) for item in argument])

    return function


def _not(argument: Any) -> bool:
    if not (isinstance(argument, list) and len(argument) == 1):
        raise TemplateError("Template error: every Fn::Not object requires one boolean parameter.")
    return not truth(argument[0])


def _find_in_map(argument: Any, scope: Scope) -> Any:
    if not (isinstance(argument, list) and len(argument) in (3, 4)):
        raise TemplateError(
            "Template error: every Fn::FindInMap object requires three parameters, "
            "the map name, map key and the attribute for return value"
        )
    keys = [text_of(resolve(part, scope)) for part in argument[:3]]
    default = argument[3] if len(argument) == 4 else {}
    if keys[0] not in scope.mappings and "DefaultValue" not in default:
        raise TemplateError(
            f"Template error: Mapping named '{keys[0]}' is not present in the 'Mappings' section of template."
        )
    found: Any = scope.mappings
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            if "DefaultValue" in default:
                return resolve(default["DefaultValue"], scope)
            raise TemplateError(f"Template error: Unable to get mapping for {'::'.join(keys)}")
        found = found[key]
    return found


def _base64(argument: Any) -> str:
    return base64.b64encode(text_of(argument).encode()).decode()


def _import_value(argument: Any, scope: Scope) -> Any:
    name = resolve(argument, scope)
    return _unknown("Fn::ImportValue", name) if _has_unknown(name) else scope.imported(text_of(name))


def _zones(argument: Any, scope: Scope) -> list[str]:
    region = text_of(resolve(argument, scope)) or str(scope.values["AWS::Region"])
    return [f"{region}{letter}" for letter in "abc"]


def _cidr(argument: Any) -> list[str]:
    if not (isinstance(argument, list) and len(argument) in (2, 3) and 1 <= int(argument[1]) <= 256):
        raise TemplateError(
            "Template error: Fn::Cidr requires an address block, a count from 1 to 256 and bits"
        )
    block, count, bits = (*argument, 8)[:3] if len(argument) == 2 else argument
    network = ipaddress.ip_network(block)
    prefix = network.max_prefixlen - int(bits)
    try:
        subnets = network.subnets(new_prefix=prefix)
        return [str(next(subnets)) for _ in range(int(count))]
    except (ValueError, StopIteration):
        raise TemplateError(
            f"Template error: Fn::Cidr cannot divide {block} into {count} blocks of {bits} bits"
        ) from None


def _length(argument: Any) -> int:
    if not isinstance(argument, list):
        raise TemplateError("Template error: Fn::Length requires a list")
    return len(argument)


FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _computed("Fn::Join", _join),
    "Fn::Select": _select,
    "Fn::Split": _computed("Fn::Split", _split),
    "Fn::If": _if,
    "Fn::Equals": _computed("Fn::Equals", _equals),
    "Fn::And": _computed("Fn::And", _several("Fn::And", all)),
    "Fn::Or": _computed("Fn::Or", _several("Fn::Or", any)),
    "Fn::Not": _computed("Fn::Not", _not),
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": _computed("Fn::Base64", _base64),
    "Fn::ImportValue": _import_value,
    "Fn::GetAZs": _zones,
    "Fn::Cidr": _computed("Fn::Cidr", _cidr),
    "Fn::Length": _computed("Fn::Length", _length),
    "Fn::ToJsonString": _computed("Fn::ToJsonString", lambda value: json.dumps(value, separators=(",", ":"))),
}
