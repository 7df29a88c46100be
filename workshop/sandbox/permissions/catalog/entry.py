"""How one service's operations are described: their actions, the ARNs they touch, the roles they pass."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from workshop.sandbox.call import Call

PLACEHOLDER = re.compile(r"\{([^}]+)\}")
ANYTHING = ("*",)


@dataclass(frozen=True)
class Requirement:
    """One action that must be allowed on one resource; `context` are further condition keys."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pass:
    """A parameter that hands a role to a service, which takes iam:PassRole."""

    path: str
    service: str


@dataclass(frozen=True)
class Catalog:
    """The permissions of one service.

    `named_by` are ARN templates, of which the first whose parameters a call has names its
    resource; `resources` holds other templates for single operations, all of which apply.
    A template that does not begin with ``arn:`` is one of the service in the caller's
    region and account.  `keys` are condition keys and the parameters they come from;
    `prepare` rewrites parameters that do not hold the name as its ARN has it.
    """

    prefix: str
    named_by: tuple[str, ...] = ()
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    passes: Mapping[str, tuple[Pass, ...]] = field(default_factory=dict)
    prepare: Callable[[Call], Call] = lambda call: call

    def requirements(self, call: Call) -> Iterator[Requirement]:
        """What the caller must be allowed for this call."""
        call = self.prepare(call)
        context = self._context(call)
        for action in self.actions.get(call.operation, (call.operation,)):
            for resource in self._resources(call):
                yield Requirement(action if ":" in action else f"{self.prefix}:{action}", resource, context)
        yield from self._passed(call)

    def _resources(self, call: Call) -> tuple[str, ...]:
        if call.operation in self.resources:
            templates = self.resources[call.operation]
            return tuple(arn for t in templates for arn in fill(self._arn(t), call)) or ANYTHING
        for template in self.named_by:
            if found := fill(self._arn(template), call):
                return found
        return ANYTHING

    def _arn(self, template: str) -> str:
        whole = template == "*" or template.startswith("arn:")
        return template if whole else f"arn:aws:{self.prefix}:{{region}}:{{account}}:{template}"

    def _context(self, call: Call) -> dict[str, tuple[str, ...]]:
        found = {key.lower(): values_at(call.params, path) for key, path in self.keys.items()}
        return {key: values for key, values in found.items() if values}

    def _passed(self, call: Call) -> Iterator[Requirement]:
        for handed in self.passes.get(call.operation, ()):
            context = {"iam:passedtoservice": (handed.service,)}
            for role in dict.fromkeys(values_at(call.params, handed.path)):
                if role:
                    yield Requirement("iam:PassRole", role, context)


def fill(template: str, call: Call) -> tuple[str, ...]:
    """The ARNs that a template makes of a call's parameters: none if one is missing, many if one is a list.

    A parameter may hold an ARN already; then that is the resource.
    """
    choices = []
    for path in _paths(template):
        values = _values(path, call)
        if not values:
            return ()
        if arns := tuple(value for value in values if value.startswith("arn:")):
            return arns
        choices.append(values)
    return tuple(_filled(template, combination) for combination in itertools.product(*choices))


@lru_cache(maxsize=4096)
def _paths(template: str) -> tuple[str, ...]:
    return tuple(PLACEHOLDER.findall(template))


def _filled(template: str, values: tuple[str, ...]) -> str:
    remaining = iter(values)
    return PLACEHOLDER.sub(lambda _: next(remaining), template)


def _values(path: str, call: Call) -> tuple[str, ...]:
    if path == "region":
        return (call.region,)
    if path == "account":
        return (call.account,)
    name, defaulted, default = path.partition("=")
    return values_at(call.params, name) or ((default,) if defaulted else ())


def values_at(params: Any, path: str) -> tuple[str, ...]:
    """The texts found in nested parameters under a dotted path; lists on the way fan out."""
    head, _, rest = path.partition(".")
    if isinstance(params, list):
        return tuple(value for item in params for value in values_at(item, path))
    if isinstance(params, Mapping):
        return values_at(params.get(head), rest) if head else tuple(map(str, params))
    return () if params is None or head else (_text(params),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
