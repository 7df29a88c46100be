"""Why a resource failed, as its event words it."""

from __future__ import annotations

import logging

from botocore.exceptions import BotoCoreError, ClientError

from workshop.sandbox.call import AwsError

from .state import Resource
from .work import ABSENT, Failed

log = logging.getLogger(__name__)


def reason_of(error: Exception, token: str, resource: Resource) -> str:
    """The reason for an event; errors that are ours go to the log as well."""
    if isinstance(error, ClientError):
        return _refusal(error, token)
    if isinstance(error, Failed):
        return str(error)
    if isinstance(error, AwsError):
        return f"{error.message} ({error.code})"
    if isinstance(error, BotoCoreError | KeyError | TypeError | ValueError):
        log.info("resource %s (%s)", resource.name, resource.type, exc_info=error)
        return f"Properties validation failed for resource {resource.name} with message:\n{error}"
    log.error("resource %s (%s)", resource.name, resource.type, exc_info=error)
    return f"Internal Failure ({type(error).__name__}); the sandbox's log says more."


def _refusal(error: ClientError, token: str) -> str:
    """An API's refusal, in the form that resource handlers give it (observed)."""
    found = error.response["Error"]
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 400)
    code, service = str(found.get("Code", "")), found.get("Service", "")
    return (
        f'Resource handler returned message: "{found.get("Message", "")} (Service: {service}, '
        f'Status Code: {status}, Request ID: {metadata.get("RequestId", "")})" '
        f"(RequestToken: {token}, HandlerErrorCode: {handler_code(code, status)})"
    )


def handler_code(code: str, status: int) -> str:
    """The registry's name for a kind of refusal, from the API's code and HTTP status."""
    if "AccessDenied" in code or code in ("UnauthorizedOperation", "AuthorizationError", "403"):
        return "AccessDenied"
    if "AlreadyExists" in code or "AlreadyOwnedByYou" in code or status == 409:
        return "AlreadyExists"
    if code in ABSENT or status == 404:
        return "NotFound"
    if "Throttl" in code or status == 429:
        return "Throttling"
    return "ServiceInternalError" if status >= 500 else "InvalidRequest"
