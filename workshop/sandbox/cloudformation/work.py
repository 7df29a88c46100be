"""What the handler of a resource type is given to work with."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from .scope import Place
from .shape import fit
from .state import Resource

Properties = Mapping[str, Any]
LETTERS = string.ascii_letters + string.digits
ABSENT = frozenset(
    {
        "404",
        "BranchDoesNotExistException",
        "NoSuchBucket",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "ParameterNotFound",
        "PipelineNotFoundException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "RepositoryDoesNotExistException",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)


class Failed(Exception):
    """A resource could not be made, changed or removed; the text is the event's reason."""


@dataclass(frozen=True)
class Made:
    """A resource as its handler left it: its physical id and what Fn::GetAtt finds."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """How one resource type is made, changed in place (None: never) and removed."""

    create: Callable[[Work, Properties], Made]
    delete: Callable[[Work, Resource], None]
    update: Callable[[Work, Resource, Properties], Made] | None = None


@dataclass(frozen=True)
class Work:
    """One resource being worked on, and clients that act as the stack's role or caller.

    `begun` records that the resource exists under this id before it is complete;
    `wait_for_stack` waits for a nested stack's operation to end and gives its status
    and reason; `capabilities` are the stack's own, for a nested one; `endpoint` is the
    sandbox's, for URLs.
    """

    place: Place
    name: str
    type: str
    client: Callable[[str], Any]
    begun: Callable[[str], None]
    wait_for_stack: Callable[[str], tuple[str, str | None]]
    capabilities: tuple[str, ...]
    endpoint: str
    token: str

    def call(
        self, service: str, operation: str, properties: Properties | None = None, /, **params: Any
    ) -> dict[str, Any]:
        """Call the API with what of `properties` the operation takes, and `params`."""
        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).input_shape
        given = fit(shape, {**(properties or {}), **params}) if shape else {}
        try:
            found: dict[str, Any] = getattr(client, operation)(**given)
        except ClientError as error:
            error.response["Error"]["Service"] = str(client.meta.service_model.service_id)
            raise
        return found

    def attempt(self, service: str, operation: str, /, **params: Any) -> bool:
        """The same for removals: False if what was to go is not there."""
        try:
            self.call(service, operation, **params)
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return False
            raise
        return True

    def generated(self, limit: int = 64, *, lower: bool = False) -> str:
        """A physical name as AWS makes them: stack, logical id, twelve random characters."""
        random = "".join(secrets.choice(LETTERS) for _ in range(12))
        room = limit - 14
        logical = self.name[: max(room - len(self.place.stack_name), room // 2)]
        name = f"{self.place.stack_name[: room - len(logical)]}-{logical}-{random}"
        return name.lower() if lower else name

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.place.region}:{self.place.account}:{resource}"


def reason_of(error: ClientError, token: str) -> str:
    """An API's refusal as the event of a resource words it (observed form)."""
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


def policy(document: Any) -> str:
    """A policy document as the APIs take it."""
    return document if isinstance(document, str) else json.dumps(document)


def tag_pairs(tags: Any) -> dict[str, str]:
    """Tags, a list of pairs or a map, as a map."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(entry["Key"]): str(entry["Value"]) for entry in tags or ()}
