"""Stack policies: which of a stack's resources an update may touch.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from .sources import invalid
from .state import Resource


def check(policy: str) -> str:
    """`policy` as it is; AwsError ValidationError unless it is a stack policy."""
    try:
        statements = json.loads(policy)["Statement"]
        fine = all(s["Effect"] in ("Allow", "Deny") and s["Action"] and s["Principal"] for s in statements)
    except (ValueError, KeyError, TypeError):
        fine = False
    if not fine:
        raise invalid("Error validating stack policy: Invalid stack policy")
    return policy


def denial(policy: str | None, action: str, resource: Resource) -> str | None:
    """Why `action` (Update:Modify, Update:Replace, Update:Delete) is denied; None if it is not.

    Without a policy everything is allowed; with one, what no statement allows is denied.
    """
    if policy is None:
        return None
    matching = [
        (number, statement["Effect"])
        for number, statement in enumerate(json.loads(policy)["Statement"], 1)
        if _applies(statement, action, resource)
    ]
    denying = [number for number, effect in matching if effect == "Deny"]
    if denying:
        return (
            f"Action denied by stack policy: Statement [#{denying[0]}] "
            f"does not allow [{action}] for resource [{resource.name}]"
        )
    if not matching:
        return (
            "Action not allowed by stack policy: "
            f"no statement allows [{action}] for resource [{resource.name}]"
        )
    return None


def _applies(statement: Mapping[str, Any], action: str, resource: Resource) -> bool:
    resources = statement.get("Resource", "*")
    named = _any(resources, f"LogicalResourceId/{resource.name}")
    if "NotResource" in statement:
        named = not _any(statement["NotResource"], f"LogicalResourceId/{resource.name}")
    acts = _any(statement["Action"], action)
    if "NotAction" in statement:
        acts = not _any(statement["NotAction"], action)
    return named and acts and _of_type(statement.get("Condition") or {}, resource.type)


def _of_type(condition: Mapping[str, Any], type_: str) -> bool:
    return all(_any(test.get("ResourceType", "*"), type_) for test in condition.values())


def _any(patterns: Any, value: str) -> bool:
    return any(
        fnmatchcase(value, pattern) for pattern in (patterns if isinstance(patterns, list) else [patterns])
    )
