"""A pipeline's structure as values: stages, actions and the artifacts that pass between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Action:
    """One action of a stage; `run_order` groups what runs side by side.

    `timeout` is in minutes, None for the provider's own limit.
    """

    name: str
    category: str
    owner: str
    provider: str
    version: str = "1"
    run_order: int = 1
    configuration: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    namespace: str | None = None
    region: str | None = None
    role: str | None = None
    timeout: int | None = None

    @property
    def type_id(self) -> dict[str, str]:
        """The action's type as the API shows it."""
        return {
            "category": self.category,
            "owner": self.owner,
            "provider": self.provider,
            "version": self.version,
        }


@dataclass(frozen=True)
class Stage:
    """Actions that run under one lock; `on_failure` is "FAIL", "RETRY" or "ROLLBACK"."""

    name: str
    actions: tuple[Action, ...]
    on_failure: str = "FAIL"
    retry_mode: str = "FAILED_ACTIONS"

    def action(self, name: str) -> Action:
        return next(action for action in self.actions if action.name == name)

    @property
    def waves(self) -> list[tuple[Action, ...]]:
        """The actions in groups that run side by side, in the order of the groups."""
        orders = sorted({action.run_order for action in self.actions})
        return [tuple(a for a in self.actions if a.run_order == order) for order in orders]


@dataclass(frozen=True)
class Structure:
    """The stages of a pipeline in order, and the stores its artifacts lie in."""

    name: str
    role: str
    stages: tuple[Stage, ...]
    mode: str = "SUPERSEDED"
    store: Mapping[str, Any] = field(default_factory=dict)
    stores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)

    def after(self, name: str) -> Stage | None:
        """The stage that follows the one called `name`; None after the last."""
        names = [stage.name for stage in self.stages]
        following = names.index(name) + 1
        return self.stages[following] if following < len(names) else None

    def store_in(self, region: str) -> Mapping[str, Any]:
        """The artifact store of a region: `type`, `location` and perhaps `encryptionKey`."""
        return self.stores.get(region, self.store)

    @property
    def actions(self) -> Iterator[tuple[Stage, Action]]:
        return ((stage, action) for stage in self.stages for action in stage.actions)


def parse(declaration: Mapping[str, Any]) -> Structure:
    """The structure in a PipelineDeclaration as boto3 takes it."""
    return Structure(
        name=declaration["name"],
        role=declaration["roleArn"],
        stages=tuple(_stage(stage) for stage in declaration["stages"]),
        mode=declaration.get("executionMode", "SUPERSEDED"),
        store=declaration.get("artifactStore", {}),
        stores=declaration.get("artifactStores", {}),
    )


def _stage(declared: Mapping[str, Any]) -> Stage:
    failure = declared.get("onFailure", {})
    return Stage(
        name=declared["name"],
        actions=tuple(_action(action) for action in declared["actions"]),
        on_failure=failure.get("result", "FAIL"),
        retry_mode=failure.get("retryConfiguration", {}).get("retryMode", "FAILED_ACTIONS"),
    )


def _action(declared: Mapping[str, Any]) -> Action:
    kind = declared["actionTypeId"]
    return Action(
        name=declared["name"],
        category=kind["category"],
        owner=kind["owner"],
        provider=kind["provider"],
        version=kind["version"],
        run_order=declared.get("runOrder", 1),
        configuration=dict(declared.get("configuration", {})),
        inputs=tuple(artifact["name"] for artifact in declared.get("inputArtifacts", [])),
        outputs=tuple(artifact["name"] for artifact in declared.get("outputArtifacts", [])),
        namespace=declared.get("namespace"),
        region=declared.get("region"),
        role=declared.get("roleArn"),
        timeout=declared.get("timeoutInMinutes"),
    )
