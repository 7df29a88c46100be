"""Judges a bucket policy before it is stored, in S3's words (observed)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workshop.sandbox.call import AwsError
from workshop.sandbox.identity.trustpolicy import unknown_principals

NEEDED = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


def check(bucket: str, text: str) -> None:
    """Refuse with MalformedPolicy what is no policy, or not one of this bucket."""
    try:
        document = json.loads(text)
    except ValueError as broken:
        raise malformed("This policy contains invalid Json") from broken
    if not isinstance(document, dict) or not text.lstrip().startswith("{"):
        raise malformed("Policies must be valid JSON and the first byte must be '{'")
    statements = listed(document.get("Statement"))
    if not statements:
        raise malformed("Missing required field Statement")
    for statement in statements:
        _check(bucket, statement)
    if next(unknown_principals(document), None):
        raise malformed("Invalid principal in policy")


def _check(bucket: str, statement: Any) -> None:
    if not isinstance(statement, Mapping):
        raise malformed("Policy has invalid statement")
    for names in NEEDED:
        if not any(name in statement for name in names):
            raise malformed(f"Missing required field {names[0]}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise malformed("Policy has invalid effect")
    if not all(_is_s3(action) for action in _of(statement, "Action")):
        raise malformed("Policy has invalid action")
    mine = f"arn:aws:s3:::{bucket}"
    if not all(arn == mine or arn.startswith(f"{mine}/") for arn in _of(statement, "Resource")):
        raise malformed("Policy has invalid resource")


def _is_s3(action: str) -> bool:
    return action == "*" or action.lower().startswith("s3:")


def _of(statement: Mapping[str, Any], name: str) -> Iterator[str]:
    yield from (str(value) for key in (name, f"Not{name}") for value in listed(statement.get(key)))


def listed(value: Any) -> list[Any]:
    """What a policy may write as one thing or as a list of them."""
    return value if isinstance(value, list) else [] if value is None else [value]


def malformed(message: str) -> AwsError:
    """S3's MalformedPolicy."""
    return AwsError("MalformedPolicy", message, 400)
