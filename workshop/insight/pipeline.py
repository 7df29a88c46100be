"""The attendee's own pipeline as the panel shows it: stages, actions, revision, log, application."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop.lab import REFUSALS, Lab, Refused, code_of, refusal

FAULT = re.compile(r"AccessDenied|not authorized|\berror\b|\bERR!|exit status [1-9]|not ok \d", re.IGNORECASE)
NOISE = re.compile(r"Phase complete|Phase context status code|Expanding .* base directory|\(\d+\.\d+%\)")
LINES_BEFORE = 2
LINES_AFTER = 1
LIVE_LINES = 4
LOG_READ = 300
LONGEST_LINE = 400
# Seconds to the next look, by how many in a row found nothing new; quicker while a run is under way.
PAUSES = (5, 5, 8, 12, 18, 25, 30)


@dataclass(frozen=True)
class Line:
    """One line of a build's log, and whether it tells the fault."""

    words: str
    fault: bool = False


@dataclass(frozen=True)
class Action:
    """What one action is and how it last went."""

    name: str
    category: str
    provider: str
    status: str
    words: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    detail: str = ""
    log: tuple[Line, ...] = ()
    build: str = ""
    run: str = ""

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class Stage:
    """Actions that run together; `stale` where they show an older run than the newest."""

    name: str
    status: str
    actions: tuple[Action, ...]
    stale: bool = False


@dataclass(frozen=True)
class Run:
    """The newest execution: what started it, and the revision it took."""

    id: str
    status: str
    started: datetime
    trigger: str
    revision: str
    message: str


@dataclass(frozen=True)
class Pipeline:
    """Everything the panel shows."""

    name: str
    status: str
    stages: tuple[Stage, ...]
    run: Run | None
    url: str = ""

    @property
    def running(self) -> bool:
        return self.status in ("InProgress", "Stopping") or any(
            stage.status == "InProgress" for stage in self.stages
        )


@dataclass(frozen=True)
class Panel:
    """A look at the pipeline: what is there, nothing yet, or why it could not be seen."""

    pipeline: Pipeline | None = None
    code: str = ""
    words: str = ""

    @property
    def version(self) -> str:
        """Changes when, and only when, the panel would show something else."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def panel(lab: Lab) -> Panel:
    """The pipeline as it is now; AWS's refusals are part of the answer."""
    try:
        return Panel(_read(lab))
    except REFUSALS as error:
        if isinstance(error, Refused) and code_of(error) == "PipelineNotFoundException":
            return Panel()
        code, message, _ = refusal(error)
        return Panel(code=code, words=message)


def _read(lab: Lab) -> Pipeline:
    name = lab.name("pipeline")
    codepipeline = lab.client("codepipeline")
    declared = codepipeline.get_pipeline(name=name)["pipeline"]["stages"]
    state = codepipeline.get_pipeline_state(name=name)
    states = {stage["stageName"]: stage for stage in state["stageStates"]}
    run = _newest_run(codepipeline, name)
    times = _times(codepipeline, name) if run else {}
    stages = tuple(_stage(lab, stage, states.get(stage["name"], {}), run, times) for stage in declared)
    return Pipeline(name, run.status if run else "", stages, run, _url(lab, stages))


def _newest_run(codepipeline: Any, name: str) -> Run | None:
    answer = codepipeline.list_pipeline_executions(pipelineName=name, maxResults=1)
    summary = next(iter(answer["pipelineExecutionSummaries"]), None)
    if summary is None:
        return None
    revision = (summary.get("sourceRevisions") or [{}])[0]
    return Run(
        summary["pipelineExecutionId"],
        summary["status"],
        summary["startTime"],
        summary.get("trigger", {}).get("triggerType", ""),
        revision.get("revisionId", "")[:8],
        revision.get("revisionSummary", "").strip().partition("\n")[0],
    )


def _times(codepipeline: Any, name: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The newest execution of each action in each run: when it began, when it last changed."""
    details = codepipeline.list_action_executions(pipelineName=name, maxResults=50)["actionExecutionDetails"]
    return {
        (one["pipelineExecutionId"], one["stageName"], one["actionName"]): one for one in reversed(details)
    }


def _stage(
    lab: Lab, declared: dict[str, Any], state: dict[str, Any], run: Run | None, times: dict[Any, Any]
) -> Stage:
    latest = state.get("latestExecution", {})
    execution = latest.get("pipelineExecutionId", "")
    known = {action["actionName"]: action for action in state.get("actionStates", [])}
    actions = tuple(
        _action(
            lab,
            action,
            known.get(action["name"], {}).get("latestExecution", {}),
            times.get((execution, declared["name"], action["name"]), {}),
        )
        for action in sorted(declared["actions"], key=lambda action: action.get("runOrder", 1))
    )
    stale = bool(run and execution and execution != run.id)
    return Stage(declared["name"], latest.get("status", ""), actions, stale)


def _action(lab: Lab, declared: dict[str, Any], latest: dict[str, Any], timed: dict[str, Any]) -> Action:
    kind, status = declared["actionTypeId"], latest.get("status", "")
    log: tuple[Line, ...] = ()
    if kind["provider"] == "CodeBuild" and status in ("Failed", "InProgress"):
        log = _log(lab, latest.get("externalExecutionId", ""), status)
    return Action(
        declared["name"],
        kind["category"],
        kind["provider"],
        status,
        latest.get("errorDetails", {}).get("message", "") or latest.get("summary", ""),
        timed.get("startTime"),
        timed.get("lastUpdateTime") if status != "InProgress" else None,
        _detail(declared),
        log,
        latest.get("externalExecutionId", "") if kind["provider"] == "CodeBuild" else "",
        timed.get("pipelineExecutionId", ""),
    )


def _detail(declared: dict[str, Any]) -> str:
    """What the action works on: repository@branch, the project, or the stack."""
    settings = declared.get("configuration", {})
    if "RepositoryName" in settings:
        return f"{settings['RepositoryName']}@{settings.get('BranchName', '')}"
    if "ActionMode" in settings:
        words = settings["ActionMode"].replace("_", " ").lower()
        return f"{words} · {settings.get('StackName', '')}"
    return str(settings.get("ProjectName", ""))


def _log(lab: Lab, build: str, status: str) -> tuple[Line, ...]:
    """The lines that tell why a build failed, or the newest of one that runs."""
    try:
        builds = lab.client("codebuild").batch_get_builds(ids=[build])["builds"] if build else []
        where = builds[0].get("logs", {}) if builds else {}
        if not where.get("streamName"):
            return ()
        events = lab.client("logs").get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], limit=LOG_READ
        )["events"]
    except REFUSALS:
        return ()  # the log may not be there yet; the action's own words are
    written = [_short(line) for event in events for line in event["message"].splitlines() if line.strip()]
    lines = [line for line in written if not NOISE.search(line)]
    return excerpt(lines) if status == "Failed" else tuple(Line(line) for line in lines[-LIVE_LINES:])


def excerpt(lines: list[str]) -> tuple[Line, ...]:
    """The lines that lead to the first fault and say it; the last ones where none is recognised."""
    fault = next((place for place, line in enumerate(lines) if FAULT.search(line)), len(lines) - 1)
    shown = lines[max(0, fault - LINES_BEFORE) : fault + LINES_AFTER + 1]
    return tuple(Line(line, bool(FAULT.search(line))) for line in shown)


def _short(line: str) -> str:
    """The line without colours, CodeBuild's time stamp, and what no panel has room for."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip())
    plain = re.sub(r"^\[Container\] \S+ \S+ ", "", plain)
    return plain if len(plain) <= LONGEST_LINE else f"{plain[:LONGEST_LINE]} …"


def _url(lab: Lab, stages: tuple[Stage, ...]) -> str:
    """The running application's address, out of the stack's outputs."""
    deploys = any(action.provider == "CloudFormation" for stage in stages for action in stage.actions)
    if not deploys:
        return ""
    try:
        stacks = lab.client("cloudformation").describe_stacks(StackName=lab.name("stack"))["Stacks"]
    except REFUSALS:
        return ""  # no stack yet
    values = [output["OutputValue"] for stack in stacks for output in stack.get("Outputs", [])]
    return next((value for value in values if value.startswith(("http://", "https://"))), "")
