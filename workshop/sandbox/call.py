"""The values every part of the sandbox shares: who calls, what they call, and how it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SOURCE_ARN = "aws:SourceArn"


@dataclass(frozen=True)
class Principal:
    """Who makes a call: a root user, an IAM user, an assumed role's session or an AWS service.

    `arn` is the form AWS shows in its messages; for a service it is the service's
    principal name, such as ``events.amazonaws.com``.  `expires` is in epoch seconds.
    """

    account: str
    arn: str
    user_id: str
    role: str | None = None
    policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    expires: float | None = None

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    @property
    def is_service(self) -> bool:
        return not self.arn.startswith("arn:") and self.arn.endswith(".amazonaws.com")


def acting_service(name: str, account: str, source_arn: str = "") -> Principal:
    """The AWS service `name` ("events.amazonaws.com") acting by itself, for a resource of `account`.

    Policies see `source_arn`, the resource that it acts for, as ``aws:SourceArn`` and `account`
    as ``aws:SourceAccount``.
    """
    return Principal(account, name, name, tags=((SOURCE_ARN, source_arn),) if source_arn else ())


@dataclass(frozen=True)
class Credentials:
    """A key pair, its session token (None for long-term keys) and whom it stands for."""

    access_key: str
    secret_key: str
    token: str | None
    principal: Principal

    @property
    def expires(self) -> float | None:
        return self.principal.expires


@dataclass(frozen=True)
class Call:
    """One AWS API call, its parameters parsed by botocore's model of the service.

    `params` holds what boto3 would take: blobs as bytes, timestamps as datetimes;
    members that the client left out are absent.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    account: str
    region: str
    caller: Principal
    request_id: str
    source_ip: str = "127.0.0.1"

    def arn(self, resource: str) -> str:
        """The ARN of `resource` in this call's service, region and account."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"


class AwsError(Exception):
    """A refusal in AWS's words; the gateway gives it the protocol's own shape.

    `code` is the modelled error's name or its wire code; without a `status` the model's
    HTTP status holds (400 where it has none).  `members` are further members of the
    modelled error structure.
    """

    def __init__(self, code: str, message: str, status: int | None = None, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members
