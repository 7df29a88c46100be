"""Reads policy documents into statements that can be asked quickly.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from workshop.sandbox.permissions.condition import Condition, parse_condition
from workshop.sandbox.permissions.pattern import Context, Matcher, arns, filled, wildcard

VARIABLES_SINCE = "2012-10-17"


@dataclass(frozen=True)
class Patterns:
    """An Action or Resource element; `excepted` for its Not… form."""

    texts: tuple[str, ...]
    excepted: bool = False

    @cached_property
    def has_variables(self) -> bool:
        """Whether the texts differ from request to request."""
        return any("${" in text for text in self.texts)

    @cached_property
    def _matches_action(self) -> Matcher:
        return wildcard(self.texts, ignore_case=True)

    @cached_property
    def _matches_arn(self) -> Matcher:
        return arns(self.texts)

    def take_in_action(self, action: str) -> bool:
        """Whether the element, read as actions, speaks of `action`."""
        return bool(self._matches_action(action)) is not self.excepted

    def take_in_resource(self, resource: str, context: Context) -> bool:
        """Whether the element, read as resources, speaks of the ARN `resource`."""
        if self.has_variables:
            return bool(arns(filled(self.texts, context))(resource)) is not self.excepted
        return bool(self._matches_arn(resource)) is not self.excepted


@dataclass(frozen=True)
class Principals:
    """A Principal element: values by type (AWS, Service, Federated, CanonicalUser)."""

    by_type: tuple[tuple[str, tuple[str, ...]], ...]
    excepted: bool = False

    def of(self, kind: str) -> tuple[str, ...]:
        """The values under one type."""
        return next((values for name, values in self.by_type if name == kind), ())


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, compiled; `index` is its place in the document."""

    index: int
    sid: str
    allows: bool
    actions: Patterns
    resources: Patterns | None
    principals: Principals | None
    conditions: tuple[Condition, ...]

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether the statement speaks about this action on this resource, its conditions met."""
        return (
            self.actions.take_in_action(action)
            and (self.resources is None or self.resources.take_in_resource(resource, context))
            and all(condition.holds(context) for condition in self.conditions)
        )


@dataclass(frozen=True)
class Policy:
    """A policy document, read; `text` is as it was written."""

    statements: tuple[Statement, ...]
    text: str = ""


class MalformedPolicyError(ValueError):
    """A document that is no policy; the message is what IAM answers."""


@lru_cache(maxsize=8192)
def parse(text: str) -> Policy:
    """The policy that `text` (JSON) states; MalformedPolicyError if it states none.

    This reads what is needed to decide; what IAM accepts to be stored is stricter
    and judged in `identity.validation`.
    """
    try:
        document = json.loads(text)
        return _policy(document, text)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedPolicyError(f"Syntax errors in policy: {error}") from error


def _policy(document: Mapping[str, Any], text: str) -> Policy:
    plain = document.get("Version") != VARIABLES_SINCE
    statements = document["Statement"]
    items = [statements] if isinstance(statements, dict) else statements
    return Policy(tuple(_statement(i, item, plain) for i, item in enumerate(items)), text)


def _statement(index: int, item: Mapping[str, Any], plain: bool) -> Statement:
    if item["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"Invalid effect: {item['Effect']}")
    return Statement(
        index=index,
        sid=item.get("Sid", ""),
        allows=item["Effect"] == "Allow",
        actions=_patterns(item, "Action", plain) or Patterns(()),
        resources=_patterns(item, "Resource", plain),
        principals=_principals(item),
        conditions=_conditions(item.get("Condition", {}), plain),
    )


def _patterns(item: Mapping[str, Any], element: str, plain: bool) -> Patterns | None:
    for name, excepted in ((element, False), (f"Not{element}", True)):
        if name in item:
            return Patterns(_texts(item[name], plain), excepted)
    return None


def _texts(value: Any, plain: bool = False) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    texts = tuple(_text(v) for v in values)
    return tuple(t.replace("${", "${$}{") for t in texts) if plain else texts


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principals(item: Mapping[str, Any]) -> Principals | None:
    for name, excepted in (("Principal", False), ("NotPrincipal", True)):
        if name in item:
            value = {"AWS": "*"} if item[name] == "*" else item[name]
            by_type = tuple((kind, _texts(values)) for kind, values in value.items())
            return Principals(by_type, excepted)
    return None


def _conditions(block: Mapping[str, Mapping[str, Any]], plain: bool) -> tuple[Condition, ...]:
    return tuple(
        parse_condition(operator, key, _texts(values, plain))
        for operator, line in block.items()
        for key, values in line.items()
    )
