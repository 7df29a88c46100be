"""Judges a trust policy before it is stored, in IAM's words.

Observed: IAM refuses principals that do not exist; accounts do here as soon as they are named.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.session import get_session
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from workshop.sandbox.call import AwsError

ACCOUNT = re.compile(r"\d{12}|arn:aws:iam::\d{12}:root")
ENTITY = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(?P<kind>user|role)/(?:.*/)?(?P<name>[^/]+)")
SESSION = re.compile(r"arn:aws:sts::\d{12}:(assumed-role|federated-user)/.+")
UNIQUE_ID = re.compile(r"A[RI]DA[A-Z0-9]{16,}|AROA[A-Z0-9]{16,}")
# Service principals whose name is not that of an API.
FURTHER_SERVICES = frozenset(
    {"builder", "datapipeline", "delivery", "ecs-tasks", "edgelambda", "ec2fleet", "eks-fargate-pods"}
    | {"elasticmapreduce", "monitoring", "opsworks", "pods", "replicator", "spot", "spotfleet", "states"}
    | {"tasks", "trustedadvisor", "vpc-flow-logs"}
)


def check(text: str) -> None:
    """Refuse what is no trust policy with MalformedPolicyDocument."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise malformed("This policy contains invalid Json") from error
    if not isinstance(document, dict):
        raise malformed("Syntax errors in policy.")
    _check_statements(document)
    try:
        IAMTrustPolicyDocumentValidator(text).validate()
    except MalformedPolicyDocument as error:
        raise malformed(str(error.message)) from error
    for kind, value in unknown_principals(document):
        raise malformed(f'Invalid principal in policy: "{kind}":"{value}"')


def unknown_principals(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kinds and names of the principals in a policy that do not exist."""
    return ((kind, value) for kind, value in _principals(document) if not _exists(kind, value))


def malformed(message: str) -> AwsError:
    """IAM's MalformedPolicyDocument."""
    return AwsError("MalformedPolicyDocument", message, 400)


def _check_statements(document: dict[str, Any]) -> None:
    statements = _listed(document.get("Statement"))
    if not statements:
        raise malformed("Missing required field Statement")
    for statement in statements:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise malformed("Missing required field Principal")
        if "Resource" in statement or "NotResource" in statement:
            raise malformed("Has prohibited field Resource")


def _principals(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in _listed(document["Statement"]):
        principal = statement.get("Principal", {})
        for kind, values in principal.items() if isinstance(principal, dict) else ():
            yield from ((kind.upper() if kind == "Service" else kind, str(v)) for v in _listed(values))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _exists(kind: str, value: str) -> bool:
    if kind == "SERVICE":
        return _is_service(value)
    if kind != "AWS" or value == "*" or ACCOUNT.fullmatch(value) or UNIQUE_ID.fullmatch(value):
        return kind in ("AWS", "Federated", "CanonicalUser")
    entity = ENTITY.fullmatch(value)
    return _is_entity(value, **entity.groupdict()) if entity else bool(SESSION.fullmatch(value))


def _is_entity(arn: str, account: str, kind: str, name: str) -> bool:
    iam = iam_backends[account]["aws"]
    if kind == "user":
        return name in iam.users and iam.users[name].arn == arn
    return any(role.arn == arn for role in list(iam.roles.values()))


def _is_service(value: str) -> bool:
    match = re.fullmatch(r"([a-z0-9.-]+)\.amazonaws\.com", value)
    return bool(match) and any(label in _service_names() for label in str(match and match[1]).split("."))


@functools.cache
def _service_names() -> frozenset[str]:
    return FURTHER_SERVICES | frozenset(get_session().get_available_services())
