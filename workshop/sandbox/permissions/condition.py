"""Decides a policy statement's Condition block.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from workshop.sandbox.permissions.pattern import Context, arns, plain, substitute, wildcard

Compare = Callable[[str, str], bool]
"""May the request's value (first) stand against the policy's (second)?"""
Quantifier = Literal["", "forallvalues", "foranyvalue"]


def _number(compare: Callable[[float, float], bool]) -> Compare:
    def numbers(actual: str, wanted: str) -> bool:
        try:
            return compare(float(actual), float(plain(wanted)))
        except ValueError:
            return False

    return numbers


def _date(compare: Callable[[float, float], bool]) -> Compare:
    def dates(actual: str, wanted: str) -> bool:
        try:
            return compare(epoch(actual), epoch(plain(wanted)))
        except ValueError:
            return False

    return dates


def epoch(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or of such a number itself; ValueError if neither."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(actual: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(plain(wanted), strict=False)
    except ValueError:
        return False


def _same_bytes(actual: str, wanted: str) -> bool:
    try:
        return base64.b64decode(actual) == base64.b64decode(plain(wanted))
    except (binascii.Error, ValueError):
        return False


OPERATORS: Mapping[str, Compare] = MappingProxyType(
    {
        "stringequals": lambda actual, wanted: actual == plain(wanted),
        "stringequalsignorecase": lambda a, w: a.casefold() == plain(w).casefold(),
        "stringlike": lambda actual, wanted: bool(wildcard((wanted,))(actual)),
        "numericequals": _number(lambda a, w: a == w),
        "numericlessthan": _number(lambda a, w: a < w),
        "numericlessthanequals": _number(lambda a, w: a <= w),
        "numericgreaterthan": _number(lambda a, w: a > w),
        "numericgreaterthanequals": _number(lambda a, w: a >= w),
        "dateequals": _date(lambda a, w: a == w),
        "datelessthan": _date(lambda a, w: a < w),
        "datelessthanequals": _date(lambda a, w: a <= w),
        "dategreaterthan": _date(lambda a, w: a > w),
        "dategreaterthanequals": _date(lambda a, w: a >= w),
        "bool": lambda actual, wanted: actual.lower() == plain(wanted).lower(),
        "binaryequals": _same_bytes,
        "ipaddress": _in_network,
        "arnequals": lambda actual, wanted: bool(arns((wanted,))(actual)),
        "arnlike": lambda actual, wanted: bool(arns((wanted,))(actual)),
    }
)
NEGATIONS: Mapping[str, str] = MappingProxyType(
    {
        "stringnotequals": "stringequals",
        "stringnotequalsignorecase": "stringequalsignorecase",
        "stringnotlike": "stringlike",
        "numericnotequals": "numericequals",
        "datenotequals": "dateequals",
        "notipaddress": "ipaddress",
        "arnnotequals": "arnequals",
        "arnnotlike": "arnlike",
    }
)
QUANTIFIERS: Mapping[str, Quantifier] = MappingProxyType(
    {"": "", "forallvalues": "forallvalues", "foranyvalue": "foranyvalue"}
)


@dataclass(frozen=True)
class Condition:
    """One line of a Condition block: an operator, a key and the values it is held against."""

    quantifier: Quantifier
    operator: str
    negated: bool
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Whether the request meets this line."""
        actual = context.get(self.key)
        if self.operator == "null":
            return (actual is None) is (self.values[:1] == ("true",))
        if not actual:
            return self.if_exists or self.quantifier == "forallvalues" or self._holds_without()
        met = (self._meets(value, context) for value in actual)
        return all(met) if self._needs_all else any(met)

    def _holds_without(self) -> bool:
        return self.negated and self.quantifier != "foranyvalue"

    @property
    def _needs_all(self) -> bool:
        return self.quantifier == "forallvalues" or (self.negated and not self.quantifier)

    def _meets(self, actual: str, context: Context) -> bool:
        compare = OPERATORS[self.operator]
        wanted = (substitute(value, context) for value in self.values)
        return any(w is not None and compare(actual, w) for w in wanted) is not self.negated


def parse_condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """The condition `operator`: {`key`: `values`} of a policy; ValueError if there is no such operator."""
    prefix, _, name = operator.lower().rpartition(":")
    if prefix not in QUANTIFIERS:
        raise ValueError(f"Invalid Condition type : {operator}")
    quantifier = QUANTIFIERS[prefix]
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    negated = name in NEGATIONS
    name = NEGATIONS.get(name, name)
    if name not in OPERATORS and name != "null":
        raise ValueError(f"Invalid Condition type : {operator}")
    folded = tuple(v.lower() for v in values) if name in ("null", "bool") else values
    return Condition(quantifier, name, negated, if_exists, key.lower(), folded)
