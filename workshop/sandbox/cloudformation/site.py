"""Where an operation on a stack does its work: the stack, who acts, and its history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .catalogue import Catalogue
from .intrinsics import Scope
from .ledger import Ledger
from .mailbox import Mailbox
from .scope import Place, standing
from .state import Definition, Resource, Stack
from .template import TemplateError
from .work import Work


@dataclass
class Site:
    """One stack during one operation.

    `client` makes boto3 clients that act as the stack's role or caller;
    `wait_for_stack` waits for a nested stack (parent, id) and gives its status and reason;
    setting `cancelled` stops the operation before its next resource.  `policy` is the
    stack policy in force; `superseded` means that a deletion takes over from here.
    """

    ledger: Ledger
    catalogue: Catalogue
    stack: Stack
    place: Place
    client: Callable[[str], Any]
    wait_for_stack: Callable[[Stack, str], tuple[str, str | None]]
    endpoint: str
    token: str | None
    mailbox: Mailbox
    capabilities: tuple[str, ...] = ()
    imports: set[str] = field(default_factory=set)
    cancelled: threading.Event = field(default_factory=threading.Event)
    why_cancelled: str = "User Initiated. "
    superseded: bool = False
    policy: str | None = None

    def record(self, resource: Resource, status: str, reason: str | None = None) -> Resource:
        """Set a resource's status in stack and history; the resource as recorded."""
        changed = replace(resource, status=status, reason=reason)
        return self.ledger.resource(self.stack, changed, self.token)

    def note(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """A line in the history about a resource that is no longer, or not yet, the stack's."""
        self.ledger.aside(self.stack, replace(resource, status=status, reason=reason), self.token)

    def keep(self, resource: Resource) -> None:
        """Set what the stack has under this name, without a line in the history."""
        with self.ledger.lock:
            self.stack.resources[resource.name] = resource

    def forget(self, name: str) -> None:
        with self.ledger.lock:
            self.stack.resources.pop(name, None)

    def status(self, status: str, reason: str | None = None) -> None:
        """Set the stack's status."""
        self.ledger.status(self.stack, status, reason, self.token)

    def existing(self) -> list[Resource]:
        """The stack's resources that there are."""
        with self.ledger.lock:
            return [resource for resource in self.stack.resources.values() if resource.exists]

    def scope(self, wanted: Definition) -> Scope:
        """What names stand for right now."""
        resources = {resource.name: resource for resource in self.existing()}
        return standing(wanted, self.place, resources, self._imported)

    def work(self, resource: Resource, begun: Callable[[str], None] = lambda _: None) -> Work:
        """What the handler of `resource` gets."""
        return Work(
            place=self.place,
            name=resource.name,
            type=resource.type,
            client=self.client,
            begun=begun,
            wait_for_stack=lambda child: self.wait_for_stack(self.stack, child),
            capabilities=self.capabilities,
            endpoint=self.endpoint,
            token=self.token or self.stack.id.rsplit("/", 1)[-1],
            mailbox=self.mailbox,
            cancelled=self.cancelled.is_set,
        )

    def _imported(self, name: str) -> str:
        with self.ledger.lock:
            exports = self.ledger.region(self.place.account, self.place.region).exports()
        if name not in exports:
            raise TemplateError(f"No export named {name} found.")
        self.imports.add(name)
        return exports[name][1].value
