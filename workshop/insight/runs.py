"""The runs of an attendee's pipeline: when, how long, what each action did and handed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop.lab import Lab, Refused, code_of
from workshop.language.tongue import gettext

MOST_RUNS = 100
MOST_ACTS = 500
UNDER_WAY = ("InProgress", "Stopping")


class NoRun(Exception):
    """There is no such run, action or artifact; the text says which."""


@dataclass(frozen=True)
class Artifact:
    """What an action took or handed on, and where it lies."""

    name: str
    bucket: str
    key: str


@dataclass(frozen=True)
class Act:
    """One action in one run."""

    stage: str
    name: str
    category: str
    provider: str
    status: str
    started: datetime
    ended: datetime | None
    words: str
    external: str
    mode: str
    stack: str
    inputs: tuple[Artifact, ...]
    outputs: tuple[Artifact, ...]

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.ended else None

    @property
    def build(self) -> str:
        """The build's ID, where this action is one."""
        return self.external if self.provider == "CodeBuild" else ""

    @property
    def deploys(self) -> bool:
        """Whether there are changes of a stack to see."""
        return self.provider == "CloudFormation" and bool(self.stack)


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline; `acts` in the order in which they began."""

    id: str
    status: str
    started: datetime
    ended: datetime | None
    trigger: str
    revision: str
    message: str
    acts: tuple[Act, ...] = ()

    @property
    def short(self) -> str:
        return self.id[:8]

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.ended else None

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """What was handed on in this run, each once."""
        return tuple({one.name: one for act in self.acts for one in act.outputs}.values())

    @property
    def fault(self) -> Act | None:
        """The action that failed."""
        return next((act for act in self.acts if act.status == "Failed"), None)

    def act(self, name: str) -> Act:
        """The newest action of this name. Raises NoRun."""
        for one in reversed(self.acts):
            if one.name == name:
                return one
        raise NoRun(gettext("Run %(run)s has no action %(name)s.", run=self.short, name=name))

    def artifact(self, name: str) -> Artifact:
        """The artifact of this name. Raises NoRun."""
        for one in self.artifacts:
            if one.name == name:
                return one
        raise NoRun(gettext("Run %(run)s has handed on no %(name)s.", run=self.short, name=name))


def history(lab: Lab) -> tuple[Run, ...]:
    """The runs, the newest first; none where there is no pipeline. Refusals are botocore's own."""
    pipeline = {"pipelineName": lab.name("pipeline")}
    codepipeline = lab.client("codepipeline")
    try:
        answer = codepipeline.list_pipeline_executions(**pipeline, maxResults=MOST_RUNS)
    except Refused as error:
        if code_of(error) == "PipelineNotFoundException":
            return ()
        raise
    acts = _acts(codepipeline, **pipeline)
    return tuple(_run(one, acts) for one in answer["pipelineExecutionSummaries"])


def one_run(lab: Lab, run: str) -> Run:
    """One run with all that its actions did. Raises NoRun."""
    found = next((one for one in history(lab) if one.id == run), None)
    if found is None:
        words = gettext(
            "Among the newest %(count)s runs of %(pipeline)s there is no %(run)s.",
            count=MOST_RUNS,
            pipeline=lab.name("pipeline"),
            run=run[:40],
        )
        raise NoRun(words)
    return found


def _acts(codepipeline: Any, **pipeline: str) -> dict[str, list[Act]]:
    pages = codepipeline.get_paginator("list_action_executions")
    found: dict[str, list[Act]] = {}
    for page in pages.paginate(**pipeline, PaginationConfig={"MaxItems": MOST_ACTS}):
        for detail in page["actionExecutionDetails"]:
            found.setdefault(detail["pipelineExecutionId"], []).append(_act(detail))
    return found


def _run(summary: dict[str, Any], acts: dict[str, list[Act]]) -> Run:
    revision = next(iter(summary.get("sourceRevisions") or [{}]))
    over = summary["status"] not in UNDER_WAY
    return Run(
        summary["pipelineExecutionId"],
        summary["status"],
        summary["startTime"],
        summary.get("lastUpdateTime") if over else None,
        summary.get("trigger", {}).get("triggerType", ""),
        revision.get("revisionId", "")[:8],
        revision.get("revisionSummary", "").strip().partition("\n")[0],
        tuple(sorted(acts.get(summary["pipelineExecutionId"], []), key=lambda act: act.started)),
    )


def _act(detail: dict[str, Any]) -> Act:
    given, made = detail.get("input", {}), detail.get("output", {})
    result, kind = made.get("executionResult", {}), given.get("actionTypeId", {})
    settings = given.get("resolvedConfiguration") or given.get("configuration") or {}
    return Act(
        detail["stageName"],
        detail["actionName"],
        kind.get("category", ""),
        kind.get("provider", ""),
        detail["status"],
        detail["startTime"],
        detail.get("lastUpdateTime") if detail["status"] not in UNDER_WAY else None,
        result.get("errorDetails", {}).get("message", "") or result.get("externalExecutionSummary", ""),
        result.get("externalExecutionId", ""),
        settings.get("ActionMode", ""),
        settings.get("StackName", ""),
        tuple(_artifacts(given.get("inputArtifacts", []))),
        tuple(_artifacts(made.get("outputArtifacts", []))),
    )


def _artifacts(shown: list[dict[str, Any]]) -> Iterator[Artifact]:
    for one in shown:
        where = one.get("s3location", {})
        if where:
            yield Artifact(one["name"], where["bucket"], where["key"])
