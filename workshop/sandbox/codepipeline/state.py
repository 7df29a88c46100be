"""What CodePipeline remembers: pipelines, their executions, and every run of every action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.codepipeline.structure import Stage, Structure

LIVE = ("InProgress", "Stopping")


@dataclass(frozen=True)
class Artifact:
    """A zip in the artifact store; `revision` is what its source action found."""

    name: str
    bucket: str
    key: str
    revision: str = ""

    @property
    def location(self) -> dict[str, Any]:
        return {"name": self.name, "s3location": {"bucket": self.bucket, "key": self.key}}


@dataclass(frozen=True)
class Revision:
    """The version of the source that a source action took."""

    id: str
    change: str
    summary: str = ""
    url: str = ""
    created: datetime | None = None


@dataclass(frozen=True)
class Trigger:
    """What started an execution, as ListPipelineExecutions shows it."""

    type: str
    detail: str = ""


@dataclass
class ActionRun:
    """One run of one action in one execution; `deadline` is when it times out."""

    id: str
    execution: str
    stage: str
    action: str
    version: int
    started: datetime
    updated: datetime
    status: str = "InProgress"
    deadline: datetime | None = None
    updated_by: str = ""
    summary: str = ""
    external_id: str = ""
    external_url: str = ""
    error: tuple[str, str] | None = None
    token: str = ""
    revision: Revision | None = None
    resolved: dict[str, str] = field(default_factory=dict)
    inputs: list[Artifact] = field(default_factory=list)
    outputs: list[Artifact] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class StageRun:
    """An execution's passage through a stage; `actions` holds the latest run of each."""

    name: str
    status: str = "InProgress"
    actions: dict[str, ActionRun] = field(default_factory=dict)
    automatic_retries: int = 0
    manual_retries: int = 0
    retried_by: str = ""

    @property
    def running(self) -> bool:
        return self.status in LIVE

    @property
    def attempt(self) -> int:
        return 1 + self.automatic_retries + self.manual_retries


@dataclass
class Execution:
    """One run of a pipeline. It keeps the structure it began with.

    `order` counts up within the pipeline, so that "newer" has a meaning within one second.
    `only` is the one stage that a rollback runs, `target` the execution it returns to.
    """

    id: str
    order: int
    version: int
    structure: Structure
    trigger: Trigger = Trigger("StartPipelineExecution")
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "InProgress"
    summary: str = ""
    stop_reason: str | None = None
    abandon: bool = False
    only: str | None = None
    target: str | None = None
    stages: dict[str, StageRun] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    overrides: dict[str, tuple[str, str]] = field(default_factory=dict)
    token: str | None = None

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def parallel(self) -> bool:
        return self.structure.mode == "PARALLEL"

    @property
    def last(self) -> StageRun | None:
        """The stage that it entered last."""
        return next(reversed(self.stages.values()), None)

    @property
    def running(self) -> StageRun | None:
        """The stage that it is in now; None while it waits between stages."""
        return self.last if self.last and self.last.running else None

    @property
    def following(self) -> Stage | None:
        """The stage that it would enter next; None when there is none left."""
        if self.only:
            return None if self.last else self.structure.stage(self.only)
        return self.structure.after(self.last.name) if self.last else self.structure.stages[0]

    @property
    def attempt(self) -> int:
        """How many times it has been set going: one, and one for each retry of a stage."""
        return 1 + sum(run.attempt - 1 for run in self.stages.values())


@dataclass(frozen=True)
class Transition:
    """A stage's closed entrance: by whom, when and why."""

    reason: str
    by: str
    at: datetime


@dataclass
class Pipeline:
    """A pipeline: its declaration as the API shows it, and all that happened in it."""

    account: str
    region: str
    declaration: dict[str, Any]
    structure: Structure
    created: datetime
    updated: datetime
    tags: dict[str, str] = field(default_factory=dict)
    closed: dict[str, Transition] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    runs: list[ActionRun] = field(default_factory=list)
    polled: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.structure.name

    @property
    def version(self) -> int:
        return int(self.declaration["version"])

    @property
    def arn(self) -> str:
        return f"arn:aws:codepipeline:{self.region}:{self.account}:{self.name}"

    def execution(self, id: str) -> Execution | None:
        return next((one for one in self.executions if one.id == id), None)

    def latest_in(self, stage: str) -> Execution | None:
        """The newest execution that entered a stage."""
        return next((one for one in reversed(self.executions) if stage in one.stages), None)

    def waiting_for(self, stage: str) -> list[Execution]:
        """The executions that stand before a stage, oldest first."""
        return [
            one
            for one in self.executions
            if one.live and not one.running and one.following and one.following.name == stage
        ]


@dataclass
class State:
    """The CodePipeline of one account in one region."""

    pipelines: dict[str, Pipeline] = field(default_factory=dict)

    def runs(self) -> Iterator[tuple[Pipeline, ActionRun]]:
        """Every unfinished run of an action, with its pipeline."""
        for pipeline in self.pipelines.values():
            for execution in pipeline.executions:
                stage = execution.running if execution.live else None
                for run in stage.actions.values() if stage else ():
                    if run.status == "InProgress":
                        yield pipeline, run
