"""What CloudFormation remembers of one account and region: stacks, their resources, change sets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from workshop.sandbox.call import Principal

from .parameters import Value
from .template import Template

DEFAULT_POLICY = "Delete"
OnFailure = Literal["ROLLBACK", "DELETE", "DO_NOTHING"]


@dataclass(frozen=True)
class Definition:
    """What a stack is to be: template as given and as processed, parameters, tags."""

    text: str
    template: Template
    parameters: Mapping[str, Value] = field(default_factory=dict)
    tags: tuple[tuple[str, str], ...] = ()
    capabilities: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One resource of a stack as it stands; `properties` are those last applied."""

    name: str
    type: str
    status: str
    updated: datetime
    physical_id: str | None = None
    reason: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    on_delete: str = DEFAULT_POLICY
    on_replace: str = DEFAULT_POLICY
    description: str | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is something in AWS behind it that is the stack's."""
        return self.physical_id is not None and self.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(frozen=True)
class Event:
    """One line of a stack's history; stack_id and name are the caller's to add."""

    id: str
    name: str
    type: str
    physical_id: str
    status: str
    time: datetime
    reason: str | None = None
    properties: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Output:
    """An output with its value; `export` is the name other stacks import it under."""

    key: str
    value: str
    description: str | None = None
    export: str | None = None

    def shown(self) -> dict[str, str]:
        optional = {"Description": self.description, "ExportName": self.export}
        return {"OutputKey": self.key, "OutputValue": self.value} | {k: v for k, v in optional.items() if v}


@dataclass(frozen=True)
class Operation:
    """What is being done to a stack, so that it can be done on after a restart.

    `act` takes the worker that does it; the rest is what there was before it began.
    """

    act: functools.partial[None]
    caller: Principal
    token: str | None
    resources: Mapping[str, Resource]
    before: Definition | None
    undo: tuple[Any, ...]


@dataclass
class Stack:
    """A stack, alive or deleted."""

    id: str
    name: str
    status: str
    created: datetime
    definition: Definition | None = None
    reason: str | None = None
    updated: datetime | None = None
    deleted: datetime | None = None
    role: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    # How many of them the stack's topics have been told.
    told: int = 0
    outputs: tuple[Output, ...] = ()
    imports: frozenset[str] = frozenset()
    protected: bool = False
    disable_rollback: bool = False
    timeout: int | None = None
    policy: str | None = None
    parent: str | None = None
    root: str | None = None
    change_set: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    # What an interrupted update would go back to, for ContinueUpdateRollback.
    before: Definition | None = None
    undo: tuple[Any, ...] = ()
    operation: Operation | None = None

    @property
    def gone(self) -> bool:
        return self.status == "DELETE_COMPLETE"

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def halfway(self) -> bool:
        """Whether a resource is being made, changed or removed."""
        return any(resource.status.endswith("_IN_PROGRESS") for resource in self.resources.values())


@dataclass
class ChangeSet:
    """A proposed change to a stack; `changes` is as DescribeChangeSet shows them."""

    id: str
    name: str
    stack_id: str
    kind: str
    created: datetime
    definition: Definition
    status: str = "CREATE_COMPLETE"
    execution: str = "AVAILABLE"
    reason: str | None = None
    description: str | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    role: str | None = None
    on_failure: str | None = None
    token: str | None = None


@dataclass
class Region:
    """CloudFormation in one account and region; stacks in the order of their creation."""

    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)

    def stack(self, name: str) -> Stack | None:
        """The stack with this id, or the living one with this name."""
        if name in self.stacks:
            return self.stacks[name]
        return next((s for s in self.stacks.values() if s.name == name and not s.gone), None)

    def exports(self) -> dict[str, tuple[Stack, Output]]:
        """Every export by its name."""
        living = [stack for stack in self.stacks.values() if not stack.gone]
        return {
            output.export: (stack, output) for stack in living for output in stack.outputs if output.export
        }

    def importers(self, export: str) -> list[Stack]:
        """The stacks that import `export`."""
        return [stack for stack in self.stacks.values() if export in stack.imports and not stack.gone]

    def sets_of(self, stack: Stack) -> list[ChangeSet]:
        """The change sets of one stack."""
        return [found for found in self.change_sets.values() if found.stack_id == stack.id]
