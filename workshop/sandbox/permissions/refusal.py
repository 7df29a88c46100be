"""The words and codes in which AWS refuses what is not allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moto.core.utils import get_service_model

from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.permissions.evaluation import Decision, Kind, Reason

FORBIDDEN: Final = 403
CBOR: Final = "smithy-rpc-v2-cbor"
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError", "cloudwatch": "AccessDenied"}
)


def refused(
    service: str, caller: Principal, action: str, resource: str, decision: Decision, account: str = ""
) -> AwsError:
    """The error for a refused call of `service`, in that service's code and AWS's words."""
    code, status = code_of(service)
    return AwsError(code, message(service, caller, action, resource, decision, account), status)


def code_of(service: str) -> tuple[str, int]:
    """The error code and HTTP status with which a service refuses."""
    protocol = str(get_service_model(service).protocol)
    if protocol == CBOR and service not in CODES:
        protocol = "json"  # its clients speak that as well, and its errors are the same
    default = "AccessDeniedException" if "json" in protocol else "AccessDenied"
    return CODES.get(service, default), 400 if protocol == "json" else FORBIDDEN


def message(
    service: str, caller: Principal, action: str, resource: str, decision: Decision, account: str = ""
) -> str:
    """Who may not do what to what, and which kind of policy is to blame."""
    if caller.arn == "anonymous":
        return "Access Denied"
    named = f'"{resource}"' if service == "s3" and resource != "*" else resource
    text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {named}"
    if action == "sts:AssumeRole":
        return text
    across = decision.reason is Reason.IMPLICIT_DENY and decision.kind is Kind.RESOURCE
    if across and service == "s3" and account not in ("", caller.account):
        return "Access Denied"
    return f"{text} {decision.because(action)}"
