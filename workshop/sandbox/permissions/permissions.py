"""Authorises every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.request import Request
from moto.iam.exceptions import NotFoundException as NoSuchEntity
from moto.iam.models import iam_backends

from workshop.sandbox.call import AwsError, Call, Principal

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class Permissions:
    """Evaluates the policies that apply to a call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def authorize(self, call: Call, request: Request) -> None:
        """Raise AwsError AccessDenied, in AWS's words, unless the caller may make this call."""

    def require(self, caller: Principal, action: str, resource: str, region: str) -> None:
        """Raise AwsError AccessDenied unless `caller` may do `action` to `resource`."""

    def assume(self, role_arn: str, session_name: str, service: str, region: str) -> Principal:
        """The session of a role assumed by an AWS service; AwsError if it does not trust it."""
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        refusal = AwsError(
            "AccessDenied",
            f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            403,
        )
        try:
            role = iam_backends[account]["aws"].get_role(name)
        except NoSuchEntity as missing:
            raise refusal from missing
        if role.arn != role_arn or service not in str(role.assume_role_policy_document):
            raise refusal
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
        return Principal(account, arn, f"{role.id}:{session_name}", role=role_arn)
