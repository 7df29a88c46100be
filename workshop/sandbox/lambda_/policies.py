"""Who else may use a function: its resource policy, statement by statement."""

from __future__ import annotations

import json
import re
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.configuration import invalid, new_revision
from workshop.sandbox.lambda_.names import LATEST, Reference, malformed, not_found, reference
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import Policy

ACTION = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]")
STATEMENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,100}")
ACCOUNT = re.compile(r"\d{12}")
PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:[^\s]+|[a-z0-9.-]+\.amazonaws\.com")
CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


class Policies:
    """The operations on a function's resource policy."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def add(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        name = call.params["StatementId"]
        statement = _statement(call, of)
        with self._shelf.lock:
            policy = self._policy(of)
            _check_revision(call, policy)
            if name in policy.statements:
                raise AwsError(
                    "ResourceConflictException",
                    f"The statement id ({name}) provided already exists. Please provide a new statement "
                    "id, or remove the existing statement.",
                    Type="User",
                )
            policy.statements[name] = statement
            policy.revision = new_revision()
        return {"Statement": json.dumps(statement, separators=(",", ":"))}

    def remove(self, call: Call) -> None:
        of = reference(call)
        with self._shelf.lock:
            policy = self._policy(of)
            _check_revision(call, policy)
            if call.params["StatementId"] not in policy.statements:
                raise AwsError(
                    "ResourceNotFoundException",
                    f"Statement {call.params['StatementId']} is not found in resource policy.",
                    Type="User",
                )
            del policy.statements[call.params["StatementId"]]
            policy.revision = new_revision()

    def get(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        with self._shelf.lock:
            document, policy = self.document(of), self._policy(of)
        if document is None:
            raise AwsError(
                "ResourceNotFoundException", "The resource you requested does not exist.", Type="User"
            )
        return {"Policy": document, "RevisionId": policy.revision}

    def document(self, of: Reference) -> str | None:
        """The policy as JSON, None if there is none; for whoever evaluates permissions."""
        with self._shelf.lock:
            function = self._shelf.state(of.account, of.region).functions.get(of.name)
            policy = function.policies.get(_key(of)) if function else None
            if policy is None or not policy.statements:
                return None
            statements = list(policy.statements.values())
        document = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        return json.dumps(document, separators=(",", ":"))

    def _policy(self, of: Reference) -> Policy:
        function = self._shelf.function(of)
        qualifier = _key(of)
        if qualifier is not None and qualifier not in {*function.versions, *function.aliases}:
            raise not_found(of)
        return function.policies.setdefault(qualifier, Policy())


def _key(of: Reference) -> str | None:
    return None if of.qualifier == LATEST else of.qualifier


def _statement(call: Call, of: Reference) -> dict[str, Any]:
    params = call.params
    if not STATEMENT_ID.fullmatch(params["StatementId"]):
        raise malformed("statementId", params["StatementId"], "([a-zA-Z0-9-_]+)")
    if not ACTION.fullmatch(params["Action"]):
        raise malformed("action", params["Action"], ACTION.pattern)
    if not PRINCIPAL.fullmatch(params["Principal"]):
        raise invalid("The provided principal was invalid. Please check the principal and try again.")
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(params["Principal"]),
        "Action": params["Action"],
        "Resource": of.arn,
    }
    conditions: dict[str, dict[str, str]] = {}
    for member, (operator, key) in CONDITIONS.items():
        if member in params:
            value = params[member]
            text = str(value).lower() if isinstance(value, bool) else value
            conditions.setdefault(operator, {})[key] = text
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principal(given: str) -> str | dict[str, str]:
    if given == "*":
        return given
    if ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    return {"AWS": given} if given.startswith("arn:") else {"Service": given}


def _check_revision(call: Call, policy: Policy) -> None:
    if call.params.get("RevisionId") not in (None, policy.revision):
        raise AwsError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to "
            "retrieve the latest RevisionId",
        )
