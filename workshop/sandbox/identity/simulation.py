"""Answers "may they?" without doing it: IAM's policy simulator.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.permissions.context import folded
from workshop.sandbox.permissions.document import MalformedPolicyError, Statement, parse
from workshop.sandbox.permissions.evaluation import Decision, Law, Named, Question, Reason, decide
from workshop.sandbox.permissions.grants import boundary_of, iam_of, identity_policies
from workshop.sandbox.permissions.resource import owner_of

ENTITY = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(?P<kind>user|role|group)/(?:.*/)?(?P<name>[^/]+)")
CHECKED_BY_VARIABLE = re.compile(r"\$\{([^},$*?]+)")


@dataclass(frozen=True)
class Simulation:
    """The law and the caller under which actions are tried."""

    law: Law
    caller: Principal
    call: Call

    def results(self) -> Iterator[dict[str, Any]]:
        """One evaluation for each action on each resource."""
        for action in self.call.params["ActionNames"]:
            for resource in self.call.params.get("ResourceArns") or ["*"]:
                yield self._result(action, resource)

    def _result(self, action: str, resource: str) -> dict[str, Any]:
        context = folded(
            {
                e["ContextKeyName"]: e.get("ContextKeyValues", [])
                for e in self.call.params.get("ContextEntries", ())
            }
        )
        context = {"aws:principalarn": (self.caller.role or self.caller.arn,)} | context
        owner = self.call.params.get("ResourceOwner", "")
        owner = owner.split(":")[4] if owner.startswith("arn:") else owner
        question = Question(
            self.caller, action, resource, context, owner or owner_of(resource, self.caller.account)
        )
        decision = decide(self.law, question)
        found = {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": str(decision.reason),
            "MatchedStatements": list(self._matched(decision)),
            "MissingContextValues": sorted(set(self._missing(action, context))),
        }
        return found | self._boundary(question)

    def _matched(self, decision: Decision) -> Iterator[dict[str, Any]]:
        every = (self.law.identity, self.law.boundary or (), self.law.resource)
        for named in (n for policies in every for n in policies):
            if decision.statement in named.policy.statements and named.name == decision.policy:
                start, end = position(named.policy.text, decision.statement)
                yield {
                    "SourcePolicyId": named.name,
                    "SourcePolicyType": "IAM Policy",
                    "StartPosition": start,
                    "EndPosition": end,
                }
                return

    def _boundary(self, question: Question) -> dict[str, Any]:
        if self.law.boundary is None:
            return {}
        allowed = decide(Law(identity=self.law.boundary), question).reason is Reason.ALLOWED
        return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allowed}}

    def _missing(self, action: str, context: dict[str, tuple[str, ...]]) -> Iterator[str]:
        every = (*self.law.identity, *(self.law.boundary or ()), *self.law.resource)
        for statement in (s for named in every for s in named.policy.statements):
            if statement.actions.take_in_action(action):
                yield from (key for key in keys_of(statement) if key.lower() not in context)


def keys_of(statement: Statement) -> Iterator[str]:
    """The context keys that a statement looks at, in conditions and in variables."""
    for condition in statement.conditions:
        yield condition.key
    for text in statement.resources.texts if statement.resources else ():
        yield from CHECKED_BY_VARIABLE.findall(text)


def position(text: str, statement: Statement | None) -> tuple[dict[str, int], dict[str, int]]:
    """Line and column where a statement begins and ends in its document."""
    decoder = json.JSONDecoder()
    found = re.search(r'"Statement"\s*:\s*\[?\s*', text)
    at = found.end() if found else 0
    start = end = at
    for _ in range((statement.index if statement else 0) + 1):
        start = at
        _, end = decoder.raw_decode(text, at)
        at = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n,"))
    return _place(text, start), _place(text, end)


def _place(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - (before.rfind("\n") + 1) + 1}


def of_principal(call: Call) -> Simulation:
    """The simulation of what a user, group or role of the account may do."""
    arn = call.params["PolicySourceArn"]
    match = ENTITY.fullmatch(arn)
    entity = _entity(call.account, match["kind"], match["name"]) if match else None
    if match is None or entity is None:
        raise AwsError("NoSuchEntity", f"The entity with ARN {arn} cannot be found.", 404)
    given = given_law(call)
    boundary = given.boundary or boundary_of(entity, call.account)
    own = identity_policies(entity, iam_of(call.account))
    law = replace(given, identity=(*own, *given.identity), boundary=boundary)
    role = arn if match["kind"] == "role" else None
    return Simulation(law, _caller(call, arn, entity.id, role), call)


def of_policies(call: Call) -> Simulation:
    """The simulation of policies that are given with the call."""
    nobody = f"arn:aws:iam::{call.account}:user/simulated"
    return Simulation(given_law(call), _caller(call, nobody, "simulated", None), call)


def _caller(call: Call, arn: str, user_id: str, role: str | None) -> Principal:
    if role:
        arn = f"arn:aws:sts::{call.account}:assumed-role/{role.rsplit('/', 1)[-1]}/simulated"
    return Principal(call.account, call.params.get("CallerArn", arn), user_id, role)


def _entity(account: str, kind: str, name: str) -> Any:
    iam = iam_of(account)
    if kind == "role":
        return next((role for role in list(iam.roles.values()) if role.name == name), None)
    return (iam.users if kind == "user" else iam.groups).get(name)


def given_law(call: Call) -> Law:
    """The policies that a call brings along."""
    boundary = call.params.get("PermissionsBoundaryPolicyInputList")
    resource = call.params.get("ResourcePolicy")
    return Law(
        identity=tuple(_read(call.params.get("PolicyInputList", ()), "PolicyInputList")),
        boundary=tuple(_read(boundary, "PermissionsBoundaryPolicyInputList")) if boundary else None,
        resource=tuple(_read([resource], "ResourcePolicy")) if resource else (),
    )


def _read(texts: Iterable[str], name: str) -> Iterator[Named]:
    for ordinal, text in enumerate(texts, start=1):
        try:
            yield Named(f"{name}.{ordinal}", parse(text))
        except MalformedPolicyError as error:
            raise AwsError("InvalidInput", f"Invalid Input Policy: {error}", 400) from error


def paged(call: Call, results: list[dict[str, Any]]) -> dict[str, Any]:
    """The page of results that the call asks for."""
    start, size = int(call.params.get("Marker") or 0), call.params.get("MaxItems", 100)
    page = {"EvaluationResults": results[start : start + size], "IsTruncated": start + size < len(results)}
    return page | {"Marker": str(start + size)} if page["IsTruncated"] else page
