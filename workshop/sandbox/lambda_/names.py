"""Reads the ways in which a function may be named: name, partial ARN, ARN, each with a qualifier."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workshop.sandbox.call import AwsError, Call

LATEST = "$LATEST"
PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


@dataclass(frozen=True)
class Reference:
    """Which function, and which version or alias of it (None: not said)."""

    account: str
    region: str
    name: str
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """The function's ARN, with the qualifier if there is one."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
        return f"{arn}:{self.qualifier}" if self.qualifier else arn


def reference(call: Call) -> Reference:
    """The function that a call's FunctionName and Qualifier mean; AwsError if they mean none."""
    of = parse(call.params["FunctionName"], call.account, call.region, call.params.get("Qualifier"))
    if of.region != call.region:
        raise AwsError(
            "ResourceNotFoundException",
            f"Functions from '{of.region}' are not reachable in this region ('{call.region}')",
            Type="User",
        )
    return of


def parse(text: str, account: str, region: str, qualifier: str | None = None) -> Reference:
    """The function that `text` names, seen from an account and region."""
    match = REFERENCE.fullmatch(text)
    if not match:
        raise malformed("functionName", text, PATTERN)
    if match["qualifier"] and qualifier and match["qualifier"] != qualifier:
        raise AwsError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return Reference(
        match["account"] or account,
        match["region"] or region,
        match["name"],
        match["qualifier"] or qualifier,
    )


def malformed(member: str, value: object, pattern: str) -> AwsError:
    """What AWS says to a value that does not fit a member's pattern."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}",
    )


def not_found(of: Reference) -> AwsError:
    """What AWS says when there is no such function, version or alias."""
    return AwsError("ResourceNotFoundException", f"Function not found: {of.arn}", Type="User")
