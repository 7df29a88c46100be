"""A stack's parameters: what was given, what holds by default, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .matching import matches
from .template import Template, TemplateError

SSM_VALUE = "AWS::SSM::Parameter::Value<"
PLAIN = frozenset(
    {"String", "Number", "CommaDelimitedList", "List<Number>", "List<String>", "AWS::SSM::Parameter::Name"}
)
MASK = "****"
LONGEST = 4096


@dataclass(frozen=True)
class Given:
    """One parameter of a request: a value, or the wish to keep the previous one."""

    key: str
    value: str | None = None
    previous: bool = False


@dataclass(frozen=True)
class Value:
    """A parameter's value in force; `used` is what the template sees."""

    key: str
    value: str
    used: str | list[str]
    secret: bool = False
    resolved: str | None = None

    def shown(self) -> dict[str, str]:
        """The parameter as Describe operations show it, NoEcho masked."""
        entry = {"ParameterKey": self.key, "ParameterValue": MASK if self.secret else self.value}
        return entry | ({"ResolvedValue": self.resolved} if self.resolved is not None else {})


def values(
    template: Template,
    given: list[Given],
    previous: Mapping[str, Value],
    stored: Callable[[str], str],
) -> dict[str, Value]:
    """Every declared parameter's value; raises TemplateError in AWS's words.

    `previous` are the values in force before an update, empty for a creation;
    `stored` reads a parameter of Systems Manager by name.
    """
    extra = [item.key for item in given if item.key not in template.parameters]
    if extra:
        raise TemplateError(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    chosen = {
        name: _chosen(name, declared, given, previous) for name, declared in template.parameters.items()
    }
    missing = [name for name, value in chosen.items() if value is None]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return {
        name: _value(name, template.parameters[name], value or "", stored) for name, value in chosen.items()
    }


def _chosen(name: str, declared: Any, given: list[Given], previous: Mapping[str, Value]) -> str | None:
    for item in given:
        if item.key == name and item.previous:
            return previous[name].value if name in previous else _default(declared)
        if item.key == name and item.value is not None:
            return item.value
    return _default(declared)


def _default(declared: Mapping[str, Any]) -> str | None:
    found = declared.get("Default")
    if found is None:
        return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return ",".join(map(str, found)) if isinstance(found, list) else str(found)


def _value(name: str, declared: Mapping[str, Any], value: str, stored: Callable[[str], str]) -> Value:
    kind = str(declared["Type"])
    check(name, declared, value)
    secret = str(declared.get("NoEcho", "")).lower() == "true"
    if not kind.startswith(SSM_VALUE):
        return Value(name, value, _used(kind, value), secret)
    found = stored(value)
    return Value(name, value, _used(kind[len(SSM_VALUE) : -1], found), secret, found)


def _used(kind: str, value: str) -> str | list[str]:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in value.split(",")] if value else []
    return value


def check(name: str, declared: Mapping[str, Any], value: str) -> None:
    """Raises TemplateError if `value` breaks one of the parameter's constraints."""
    kind = str(declared["Type"])
    if kind not in PLAIN and not kind.startswith(("AWS::", "List<AWS::")):
        raise TemplateError(f"Template format error: Unrecognized parameter type: {kind}")
    if kind.startswith(SSM_VALUE):
        return
    used = _used(kind, value)
    for part in used if isinstance(used, list) else [used]:
        fault = _fault(name, declared, kind, part)
        if fault and declared.get("ConstraintDescription"):
            raise TemplateError(
                f"Parameter {name} failed to satisfy constraint: {declared['ConstraintDescription']}"
            )
        if fault:
            raise TemplateError(fault)


def _fault(name: str, declared: Mapping[str, Any], kind: str, value: str) -> str | None:
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in [_default({"Default": item}) for item in allowed]:
        return f"Parameter '{name}' must be one of AllowedValues"
    if "Number" in kind:
        return _number_fault(name, declared, value)
    if len(value) > LONGEST:
        return f"Parameter '{name}' must contain at most {LONGEST} characters"
    if len(value) < int(declared.get("MinLength", 0)):
        return f"Parameter '{name}' must contain at least {declared['MinLength']} characters"
    if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
        return f"Parameter '{name}' must contain at most {declared['MaxLength']} characters"
    if "AllowedPattern" in declared and not _fits(name, str(declared["AllowedPattern"]), value):
        return f"Parameter '{name}' must match pattern {declared['AllowedPattern']}"
    return None


def _fits(name: str, pattern: str, value: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        raise TemplateError(
            f"Template format error: Parameter '{name}' AllowedPattern is not a valid regular expression"
        ) from None
    return matches(pattern, value)


def _number_fault(name: str, declared: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return f"Parameter '{name}' must be a number"
    if "MinValue" in declared and number < float(declared["MinValue"]):
        return f"Parameter '{name}' must be a number not less than {declared['MinValue']}"
    if "MaxValue" in declared and number > float(declared["MaxValue"]):
        return f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}"
    return None
