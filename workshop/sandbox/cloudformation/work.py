"""What the handler of a resource type is given to work with."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from .mailbox import Mailbox
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
    """How one resource type is made, changed in place (None: never) and removed.

    `retag` is for those types whose API changes tags apart from everything else.
    """

    create: Callable[[Work, Properties], Made]
    delete: Callable[[Work, Resource], None]
    update: Callable[[Work, Resource, Properties], Made] | None = None
    retag: Callable[[Work, Made, Properties, Properties], None] | None = None

    def change(self, work: Work, old: Resource, properties: Properties) -> Made:
        """Bring the resource, which was made or changed as `old` says, to `properties`."""
        if self.update is None:
            raise Failed(f"Resources of type {old.type} cannot be changed.")
        made = self.update(work, old, properties)
        if self.retag:
            self.retag(work, made, old.properties, properties)
        return made


def retagging(
    service: str,
    key: str,
    of: Callable[[Work, Made], str],
    tag: str = "tag_resource",
    untag: str = "untag_resource",
    tags: str = "Tags",
    keys: str = "TagKeys",
    entry: tuple[str, str] = ("Key", "Value"),
) -> Callable[[Work, Made, Properties, Properties], None]:
    """A `retag` through the operations `tag` and `untag` of `service`.

    `key` is their parameter that names the resource, `of` what to put there; `tags` and
    `keys` are the parameters for tags and for the names of those to take off.
    """

    def retag(work: Work, made: Made, old: Properties, new: Properties) -> None:
        before, after = tag_pairs(old.get("Tags")), tag_pairs(new.get("Tags"))
        if before == after:
            return
        given = [{entry[0]: name, entry[1]: value} for name, value in after.items()]
        if given:
            work.call(service, tag, {key: of(work, made), tags: given})
        gone = [name for name in before if name not in after]
        if gone:
            work.call(service, untag, {key: of(work, made), keys: gone})

    return retag


@dataclass(frozen=True)
class Work:
    """One resource being worked on, and clients that act as the stack's role or caller.

    `begun` records that the resource exists under this id before it is complete;
    `wait_for_stack` waits for a nested stack's operation to end and gives its status
    and reason; `capabilities` are the stack's own, for a nested one; `endpoint` is the
    sandbox's, for URLs; `mailbox` receives what custom resources answer, as long as the
    operation is not `cancelled`.
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
    mailbox: Mailbox
    cancelled: Callable[[], bool]

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


def policy(document: Any) -> str:
    """A policy document as the APIs take it."""
    return document if isinstance(document, str) else json.dumps(document)


def tag_pairs(tags: Any) -> dict[str, str]:
    """Tags, a list of pairs or a map, as a map."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(entry["Key"]): str(entry["Value"]) for entry in tags or ()}
