"""Executions of the attendee's pipeline: what ran, what it said, and waiting for it to end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop.lab import Lab
from workshop.step import NotYet, Waiting

from . import look

UNDER_WAY = {"InProgress", "Stopping"}
LONGEST = 20 * 60
SUDDEN = 90
MOST = 500


class TookTooLong(NotYet):
    """What we waited for did not come; the text says for what and how long."""


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline."""

    id: str
    status: str
    started: datetime
    trigger: str
    revision: str

    @property
    def short(self) -> str:
        return self.id[:8]

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY


@dataclass(frozen=True)
class Acted:
    """One run of one action: where, what kind, how it ended, and AWS's words where it failed."""

    run: str
    stage: str
    action: str
    category: str
    status: str
    started: datetime
    external_id: str
    error: str

    @property
    def built(self) -> bool:
        """Whether it is a build that has begun, and so may have left a log."""
        return self.category == "Build" and bool(self.external_id)

    @property
    def succeeded(self) -> bool:
        return self.status == "Succeeded"


def runs(lab: Lab) -> list[Run]:
    """The pipeline's executions, the newest first."""
    codepipeline = lab.client("codepipeline")
    try:
        answer = codepipeline.list_pipeline_executions(pipelineName=lab.name("pipeline"), maxResults=100)
    except codepipeline.exceptions.PipelineNotFoundException:
        raise look.no_pipeline(lab) from None
    return [_run(summary) for summary in answer["pipelineExecutionSummaries"]]


def _run(summary: dict[str, Any]) -> Run:
    revisions = summary.get("sourceRevisions") or [{}]
    return Run(
        summary["pipelineExecutionId"],
        summary["status"],
        summary["startTime"],
        summary.get("trigger", {}).get("triggerType", ""),
        revisions[0].get("revisionId", ""),
    )


def acted(lab: Lab) -> list[Acted]:
    """What the actions did in all runs, the newest first."""
    codepipeline = lab.client("codepipeline")
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=lab.name("pipeline"), PaginationConfig={"MaxItems": MOST}
    )
    try:
        return [_acted(detail) for page in pages for detail in page["actionExecutionDetails"]]
    except codepipeline.exceptions.PipelineNotFoundException:
        raise look.no_pipeline(lab) from None


def never(lab: Lab) -> NotYet:
    """What to say of a pipeline that has never run."""
    return NotYet(
        "The pipeline has never run.", hint=("Release a change.", f"{look.release(lab)} does that.")
    )


def _acted(detail: dict[str, Any]) -> Acted:
    result = detail.get("output", {}).get("executionResult", {})
    fault = result.get("errorDetails", {})
    return Acted(
        detail["pipelineExecutionId"],
        detail["stageName"],
        detail["actionName"],
        detail.get("input", {}).get("actionTypeId", {}).get("category", ""),
        detail["status"],
        detail["startTime"],
        result.get("externalExecutionId", ""),
        fault.get("message", "") or result.get("externalExecutionSummary", ""),
    )


def through(lab: Lab, known: list[Run], stages: list[dict[str, Any]]) -> Run | None:
    """The newest of these runs in which every action of these stages succeeded."""
    wanted = {(stage["name"], action["name"]) for stage in stages for action in stage["actions"]}
    happened = acted(lab)
    for one in known:
        if wanted <= {(act.stage, act.action) for act in happened if act.succeeded and act.run == one.id}:
            return one
    return None


def complain(lab: Lab, run: Run) -> NotYet | Waiting:
    """Why a run has not done what was hoped for: it is under way, or what AWS said."""
    happened = [one for one in acted(lab) if one.run == run.id]
    if run.under_way:
        return _pause(lab, run, happened)
    failed = [one for one in happened if one.status == "Failed"]
    if failed:
        worst = failed[0]
        return NotYet(
            f"Run {run.short} failed in {worst.stage}: {worst.error or worst.status}",
            hint=_advice(lab, worst),
            see=("log", worst.external_id) if worst.built else ("run", run.id),
        )
    return NotYet(
        f"Run {run.short} is {run.status}.",
        hint=(
            "Release a change and watch this one.",
            f"{look.release(lab)} starts it; saving the pipeline or releasing again ends it.",
        ),
    )


def _pause(lab: Lab, run: Run, happened: list[Acted]) -> NotYet | Waiting:
    busy = next((one for one in happened if one.status == "InProgress"), None)
    if busy and busy.category == "Approval":
        return NotYet(
            f"Run {run.short} waits for somebody to approve {busy.action} in {busy.stage}.",
            hint=(
                f"Approve it, or take {busy.action} out of the pipeline and release a change.",
                f"Where “Generate a change set” is done, {busy.action} is gone; a new run then goes through:"
                f" {look.release(lab)}.",
            ),
        )
    where = f"in {busy.stage}" if busy else "on its way"
    return Waiting(f"Run {run.short} is {where}.", since=run.started)


def _advice(lab: Lab, failed: Acted) -> tuple[str, ...]:
    again = f"When that is mended, a new run shows it: {look.release(lab)}."
    if failed.category == "Build":
        return (
            "Read the end of the build's log. If the role was changed only a moment ago, release a"
            " change: a run that is over does not see it.",
            "AccessDenied in it names the role, the action and the resource: all three belong in a policy.",
            again,
        )
    if "Requires capabilities" in failed.error:
        return (
            f"The template makes something that {failed.action} has not acknowledged.",
            "Give the change-set action the capabilities that AWS names, then release a change.",
        )
    if failed.category == "Deploy":
        return (
            "The stack's events say which resource failed and why.",
            f"`aws cloudformation describe-stack-events --stack-name {lab.name('stack')}` lists them, the"
            " newest first: the oldest with FAILED is the cause.",
            again,
        )
    return (
        "Mend what AWS names, then release a change.",
        f"It is {failed.action} in {failed.stage}. {again}",
    )


def release(lab: Lab) -> None:
    """Start a run, as the console's “Release change” does."""
    started = lab.client("codepipeline").start_pipeline_execution(name=lab.name("pipeline"))
    lab.say(f"Released a change: run {started['pipelineExecutionId'][:8]}")


def wait_until_over(lab: Lab) -> Run | None:
    """Wait until nothing is under way; the newest run, or None where there has never been one."""
    said = ""
    for _ in _until(lab, LONGEST, f"{lab.name('pipeline')} to come to an end"):
        newest = next(iter(runs(lab)), None)
        if newest is None or not newest.under_way:
            if newest and said:
                lab.say(f"Run {newest.short} is over: {newest.status}")
            return newest
        said = _tell(lab, newest, said)
    return None


def _tell(lab: Lab, run: Run, said: str) -> str:
    """Say where the run is, once per place."""
    pause = complain(lab, run)
    if isinstance(pause, NotYet):
        raise TookTooLong(f"{pause.saw} {pause.hint}")
    if pause.what != said:
        lab.say(pause.what)
    return pause.what


def wait_for(lab: Lab, there: Callable[[], bool], what: str, seconds: float = SUDDEN) -> None:
    """Wait for something that comes by itself, a minute and a half at most if not told otherwise."""
    for _ in _until(lab, seconds, what):
        if there():
            return


def _until(lab: Lab, seconds: float, what: str) -> Iterator[None]:
    """A turn per look, at AWS's pace; raises TookTooLong when time is up."""
    yield from lab.waits(seconds, what)
    raise TookTooLong(f"Waited {seconds:.0f} seconds for {what}.")


def delivered(lab: Lab) -> Run | None:
    """The newest run that went all the way."""
    return next((one for one in runs(lab) if one.status == "Succeeded"), None)


def of_commit(lab: Lab, sha: str) -> list[Run]:
    """The runs that took this commit as their source, the newest first."""
    return [one for one in runs(lab) if one.revision == sha]
