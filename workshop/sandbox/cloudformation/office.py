"""Runs the operations on stacks: one at a time for each stack, each in a thread of its own."""

from __future__ import annotations

import functools
import logging
import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import AwsError, Call, Credentials, Principal

from .catalogue import Catalogue
from .ledger import Ledger
from .mailbox import Mailbox
from .notices import publish
from .requests import Reader
from .sam import Sam
from .scope import Place
from .site import Site
from .sources import invalid
from .state import Operation, Region, Stack
from .worker import Worker

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
SERVICE = "cloudformation.amazonaws.com"
# Most operations here end within this many seconds.  An answer that waits for them spares
# clients, whose waiters look at once and then sleep for 5 to 30 seconds.
PATIENCE = 0.75
NESTED = 60.0  # seconds that a resumed nested stack has before the one around it goes on
STOPPED = "The sandbox was stopped during this operation."


@dataclass
class Running:
    """An operation under way."""

    site: Site
    done: threading.Event = field(default_factory=threading.Event)


class Office:
    """What the API's operations share: the ledger, the engine's parts, what is running."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.ledger = Ledger(sandbox)
        self.catalogue = Catalogue()
        self.sam = Sam()
        self._sandbox = sandbox
        self._mailbox = Mailbox(sandbox)
        self._running: dict[str, Running] = {}

    def region(self, call: Call) -> Region:
        return self.ledger.region(call.account, call.region)

    def stack(
        self, call: Call, missing: str = "Stack with id {} does not exist", key: str = "StackName"
    ) -> Stack:
        """The stack that a request names; `missing` is how this operation says that there is none."""
        name = str(call.params.get(key, ""))
        with self.ledger.lock:
            found = self.region(call).stack(name)
        if found is None:
            raise invalid(missing.format(name))
        return found

    def place(self, stack: Stack) -> Place:
        """Where `stack` is, by its own id."""
        region, account = stack.id.split(":")[3:5]
        notifications = stack.definition.notifications if stack.definition else ()
        return Place(account, region, stack.id, stack.name, notifications)

    def reader(self, call: Call, stack_id: str, name: str) -> Reader:
        """Reads the templates of a request, as its caller."""
        place = Place(
            call.account, call.region, stack_id, name, tuple(call.params.get("NotificationARNs") or ())
        )
        client = functools.partial(self._client, call.caller, call.region)
        permit = functools.partial(self._permit, call.caller, call.region)
        return Reader(client, permit, place, self.catalogue, self.sam, self._sandbox.endpoint)

    def role(self, call: Call, stack: Stack | None) -> str | None:
        """The role for an operation: the request's, else the one that sticks to the stack.

        AwsError ValidationError if CloudFormation cannot assume it.
        """
        found: str | None = call.params.get("RoleARN") or (stack.role if stack else None)
        return self.checked(found, call.region)

    def checked(self, role: str | None, region: str) -> str | None:
        """`role`, if there is one; AwsError ValidationError if CloudFormation cannot assume it."""
        if role:
            self._assume(role, region)
        return role

    def begin(
        self,
        stack: Stack,
        act: functools.partial[None],
        *,
        caller: Principal,
        token: str | None = None,
        patience: float = PATIENCE,
        resuming: Operation | None = None,
    ) -> None:
        """Have a worker `act` for `stack`, under its role or as `caller`; waits for the end, not for long.

        AwsError ValidationError if the role cannot be assumed.  `resuming` is the operation that
        `act` goes on with.
        """
        place = self.place(stack)
        who: Credentials | Principal = self._assume(stack.role, place.region) if stack.role else caller
        site = Site(
            self.ledger,
            self.catalogue,
            stack,
            place,
            functools.lru_cache(functools.partial(self._client, who, place.region)),
            self._wait_for_child,
            self._sandbox.endpoint,
            token,
            self._mailbox,
            stack.definition.capabilities if stack.definition else (),
        )
        running = Running(site)
        with self.ledger.lock:
            earlier = self._running.get(stack.id)
            self._running[stack.id] = running
            stack.operation = resuming or Operation(
                act, caller, token, dict(stack.resources), stack.before, stack.undo
            )
        threading.Thread(
            target=self._run, args=(stack, running, earlier, act), name=f"stack-{stack.name}", daemon=True
        ).start()
        running.done.wait(patience)

    def cancel(self, stack: Stack, *, to_delete: bool = False) -> None:
        """Ask the operation on `stack` to stop where it is, and to leave the rest to a deletion."""
        with self.ledger.lock:
            running = self._running.get(stack.id)
        if running:
            running.site.superseded = to_delete
            running.site.cancelled.set()

    def halt(self, account: str) -> int:
        """Have an account's operations end where they are; how many there are still."""
        with self.ledger.lock:
            own = [one for one in self._running.values() if one.site.place.account == account]
        for running in own:
            running.site.superseded = True
            running.site.cancelled.set()
        return len(own)

    def warm(self) -> None:
        """Load ahead of the first stack what would make it wait: the translator, service models."""
        self.sam.warm()
        nobody = Principal("000000000000", SERVICE, SERVICE)
        for service in ("iam", "lambda", "apigatewayv2", "s3"):
            self._client(nobody, self._sandbox.settings.region, service)

    def resume(self) -> None:
        """After a restart: go on with what was under way, nested stacks before those around them."""
        stacks = [stack for region in list(self.ledger.state.values()) for stack in region.stacks.values()]
        for stack in sorted(filter(lambda one: one.busy, stacks), key=lambda one: one.parent is None):
            try:
                self._resume(stack)
            except AwsError as refused:
                self.ledger.status(stack, _failed(stack.status), refused.message)

    def _resume(self, stack: Stack) -> None:
        operation = stack.operation
        if operation is None:
            self.ledger.status(stack, _failed(stack.status), STOPPED)
            return
        # As in AWS, an operation goes on when the session that asked for it is over.
        caller = replace(operation.caller, expires=None)
        patience = NESTED if stack.parent else 0
        act = functools.partial(Worker.resume, operation=operation)
        self.begin(stack, act, caller=caller, token=operation.token, patience=patience, resuming=operation)

    def stop(self) -> None:
        """Cancel what is running and wait for it."""
        for running in list(self._running.values()):
            running.site.cancelled.set()
        for running in list(self._running.values()):
            running.done.wait(5)

    def _run(
        self, stack: Stack, running: Running, earlier: Running | None, act: functools.partial[None]
    ) -> None:
        if earlier:
            earlier.done.wait()
        try:
            act(Worker(running.site))
        except Exception:  # a bug of ours: the stack must not stay in progress for ever
            log.exception("operation on stack %s failed", stack.id)
            self.ledger.status(stack, _failed(stack.status), "Internal Failure; the sandbox's log says more.")
        finally:
            self._close(stack, running)

    def _close(self, stack: Stack, running: Running) -> None:
        with self.ledger.lock:
            self._close_change_set(stack)
            told, stack.told = stack.events[stack.told :], len(stack.events)
        try:
            publish(stack, told, running.site.client)
        finally:
            with self.ledger.lock:
                if self._running.get(stack.id) is running:
                    del self._running[stack.id]
                    stack.operation = None
            running.done.set()

    def _close_change_set(self, stack: Stack) -> None:
        place = self.place(stack)
        region = self.ledger.region(place.account, place.region)
        executed = region.change_sets.get(stack.change_set or "")
        if executed and executed.execution == "EXECUTE_IN_PROGRESS":
            failed = "ROLLBACK" in stack.status or "FAILED" in stack.status
            executed.execution = "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"

    def _wait_for_child(self, parent: Stack, child_id: str) -> tuple[str, str | None]:
        place = self.place(parent)
        with self.ledger.lock:
            child = self.ledger.region(place.account, place.region).stack(child_id)
            if child is None:
                return "DELETE_COMPLETE", None
            child.parent, child.root = parent.id, parent.root or parent.id
            running = self._running.get(child.id)
        if running:
            running.done.wait()
        return child.status, child.reason

    def _permit(self, caller: Principal, region: str, macro: str) -> None:
        """Macros are resources of AWS's own account: who uses one needs CreateChangeSet on it."""
        transform = f"arn:aws:cloudformation:{region}:aws:transform/{macro.removeprefix('AWS::')}"
        self._sandbox.permissions.require(caller, "cloudformation:CreateChangeSet", transform, region)

    def _assume(self, role: str, region: str) -> Credentials:
        try:
            return self._sandbox.clients.assume(role, "AWSCloudFormation", SERVICE, region=region)
        except AwsError:
            raise invalid(f"Role {role} is invalid or cannot be assumed") from None

    def _client(self, who: Credentials | Principal, region: str, service: str) -> Any:
        return self._sandbox.clients.client(service, who, region)


def _failed(status: str) -> str:
    """What an operation's status becomes when it cannot go on."""
    return {
        "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
        "DELETE_IN_PROGRESS": "DELETE_FAILED",
        "CREATE_IN_PROGRESS": "CREATE_FAILED",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    }.get(status, "UPDATE_FAILED")


def new_id(call: Call, kind: str, name: str) -> str:
    """The ARN of a new stack or change set."""
    return call.arn(f"{kind}/{name}/{uuid.uuid4()}")
