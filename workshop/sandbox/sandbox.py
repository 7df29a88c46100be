"""One sandbox: its settings, who guards it, and the services in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from workshop.sandbox.clients import Clients
from workshop.sandbox.erasing import Eraser
from workshop.sandbox.events import Events
from workshop.sandbox.gate import Gate
from workshop.sandbox.gateway.aws import AwsApi
from workshop.sandbox.identity.identity import Identity
from workshop.sandbox.identity.sessions import Sessions, load_key
from workshop.sandbox.isolation import Isolation
from workshop.sandbox.memory import Memory
from workshop.sandbox.permissions.permissions import Permissions
from workshop.sandbox.settings import Settings
from workshop.sandbox.snapshot import Snapshot


class Service(Protocol):
    """An AWS service of ours: operations are methods named as in boto3.

    They take a Call and return what boto3 would show.  `complete` services answer an
    operation they lack with NotImplemented, others leave it to moto: they may `check(call)`
    beforehand, and afterwards be told of it by `heard(call, reply)`.  One that has state of
    its own says so in `kept`, and it survives a restart.  One that runs something tells how
    much in `load`; `halt(account)` tells what runs in an account to end, without waiting for it,
    and says how much that still is, by name in the plural: it is called until there is nothing;
    then `forget(account)` drops what is not in `kept`.
    """

    name: ClassVar[str]
    complete: ClassVar[bool]


class Sandbox:
    """What every service is given: settings, clients, events, permissions."""

    def __init__(self, settings: Settings, services: Sequence[Callable[[Sandbox], Any]]) -> None:
        self.settings = settings
        self.now = time.time
        self.gate = Gate()
        self.sessions = Sessions(load_key(settings.state))
        self.identity = Identity(self.sessions, lambda: self.now())
        self.permissions = Permissions(self)
        self.clients = Clients(self)
        self.events = Events(self)
        self.snapshot = Snapshot(self)
        self.isolation = Isolation(settings)
        self.memory = Memory(settings.memory_per_account)
        self.eraser = Eraser(self)
        self.api = AwsApi(self)
        self.services = {service.name: service for service in (make(self) for make in services)}

    @property
    def endpoint(self) -> str:
        return self.settings.endpoint

    def service(self, name: str) -> Any:
        """The running service object, for wiring; services meet as AWS clients."""
        return self.services[name]

    def health(self) -> dict[str, Any]:
        """How the sandbox does, in numbers: cheap to ask, and nothing that is anybody's.

        `restored` or `refused` is what became of the saved state; `accounts` how many there are;
        `builds` and `environments` how many of all accounts run and wait, work and are warm.
        """
        found: dict[str, Any] = {"status": "ok", **self.snapshot.told, "accounts": self.snapshot.accounts}
        for service in self.services.values():
            found |= getattr(service, "load", {})
        return found

    def start(self) -> None:
        """Go on from the saved state, and begin what services do in the background."""
        self.eraser.finish()
        self.snapshot.restore()
        for service in [*self.services.values(), self.events]:
            getattr(service, "start", lambda: None)()
        for service in self.services.values():
            getattr(service, "resume", lambda: None)()
        self.snapshot.start()

    def stop(self) -> None:
        """End it all; no process of a build or function survives.

        What is under way is saved as such before it is ended, so that there is one way back
        only: that of a crash.
        """
        self.snapshot.stop()
        for service in [self.events, *reversed(self.services.values())]:
            getattr(service, "stop", lambda: None)()
        self.isolation.stop()
