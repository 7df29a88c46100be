"""Keeps the state of every stack, writes its history, and tells EventBridge."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .state import Event, Region, Resource, Stack

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

STACK_TYPE = "AWS::CloudFormation::Stack"
MOST_EVENTS = 5_000  # of a stack; AWS keeps those of ninety days
MOST_GONE = 100  # deleted stacks that are still shown; AWS shows them for ninety days


class Ledger:
    """All stacks of all accounts.  Who reads or writes a stack holds `lock`, briefly."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.lock = threading.RLock()
        self.state: dict[tuple[str, str], Region] = {}
        self._events = sandbox.events
        self._last = datetime.now(UTC)

    def region(self, account: str, region: str) -> Region:
        """The stacks of an account in a region, which come into being when first asked for."""
        with self.lock:
            return self.state.setdefault((account, region), Region())

    def busy(self, account: str) -> bool:
        """Whether an operation is just beginning, or a resource is being made, changed or removed."""
        with self.lock:
            regions = [region for place, region in self.state.items() if place[0] == account]
            stacks = [stack for region in regions for stack in region.stacks.values() if stack.busy]
            return any(stack.operation is None or stack.halfway for stack in stacks)

    def now(self) -> datetime:
        """The time, never the same twice: events are told apart and ordered by it."""
        with self.lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
            return self._last

    def status(self, stack: Stack, status: str, reason: str | None = None, token: str | None = None) -> None:
        """Set a stack's status, with the line in its history and the event that go with it."""
        with self.lock:
            stack.status, stack.reason = status, reason
            moment = self._write(stack, stack.name, STACK_TYPE, stack.id, status, reason, token)
            if status in ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
                stack.updated = moment
            if status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
                stack.deleted = moment
            if stack.gone:
                self._trim(stack)
        detail = {"stack-id": stack.id, "status-details": {"status": status, "status-reason": reason or ""}}
        self._emit(stack, "CloudFormation Stack Status Change", detail, token)

    def resource(self, stack: Stack, resource: Resource, token: str | None = None) -> Resource:
        """Record a resource in its present status; the resource as recorded."""
        with self.lock:
            properties = json.dumps(resource.properties, default=str)
            moment = self._write(
                stack,
                resource.name,
                resource.type,
                resource.physical_id or "",
                resource.status,
                resource.reason,
                token,
                properties,
            )
            recorded = replace(resource, updated=moment)
            stack.resources[resource.name] = recorded
        self._tell(stack, recorded, token)
        return recorded

    def aside(self, stack: Stack, resource: Resource, token: str | None = None) -> None:
        """A line about a resource that has been replaced: history only, not the stack's present."""
        with self.lock:
            self._write(
                stack,
                resource.name,
                resource.type,
                resource.physical_id or "",
                resource.status,
                resource.reason,
                token,
            )
        self._tell(stack, resource, token)

    def _tell(self, stack: Stack, resource: Resource, token: str | None) -> None:
        detail = {
            "stack-id": stack.id,
            "logical-resource-id": resource.name,
            "physical-resource-id": resource.physical_id or "",
            "status-details": {"status": resource.status, "status-reason": resource.reason or ""},
            "resource-type": resource.type,
        }
        self._emit(stack, "CloudFormation Resource Status Change", detail, token)

    def _write(
        self,
        stack: Stack,
        name: str,
        type_: str,
        physical_id: str,
        status: str,
        reason: str | None,
        token: str | None,
        properties: str | None = None,
    ) -> datetime:
        moment = self.now()
        if (over := len(stack.events) - MOST_EVENTS) >= 0:
            del stack.events[: over + 1]
            stack.told = max(0, stack.told - over - 1)
        prefix = "" if type_ == STACK_TYPE and name == stack.name else f"{name}-{status}-"
        event_id = f"{prefix}{uuid.uuid4()}"
        stack.events.append(
            Event(event_id, name, type_, physical_id, status, moment, reason, properties, token)
        )
        return moment

    def _trim(self, stack: Stack) -> None:
        """Forget the stacks that were deleted longest ago, beyond MOST_GONE in the region of this one."""
        _, _, _, region, account, _ = stack.id.split(":", 5)
        stacks = self.region(account, region).stacks
        gone = sorted(
            (one for one in stacks.values() if one.gone), key=lambda one: one.deleted or one.created
        )
        for one in gone[:-MOST_GONE]:
            del stacks[one.id]

    def _emit(self, stack: Stack, kind: str, detail: Mapping[str, Any], token: str | None) -> None:
        _, _, _, region, account, _ = stack.id.split(":", 5)
        told = {**detail, "client-request-token": token or ""}
        self._events.emit(account, region, "aws.cloudformation", kind, [stack.id], told)
