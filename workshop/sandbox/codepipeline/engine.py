"""Decides what a pipeline does next. It looks, it changes nothing: the worker does.

The rules are those of the CodePipeline user guide, "How pipeline executions work": one
execution in a stage at a time, a newer one supersedes an older one that *waits*, equal run
orders run side by side, a failed stage opens for the next execution.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from workshop.sandbox.codepipeline.state import Execution, StageRun
from workshop.sandbox.codepipeline.structure import Stage


@dataclass(frozen=True)
class EnterStage:
    """The execution takes the lock of a stage."""

    execution: str
    stage: str


@dataclass(frozen=True)
class StartAction:
    """An action of the stage begins."""

    execution: str
    stage: str
    action: str


@dataclass(frozen=True)
class AbandonAction:
    """A running action is no longer waited for."""

    execution: str
    stage: str
    action: str


@dataclass(frozen=True)
class HaltStage:
    """The stage was asked to stop and waits for what it has running."""

    execution: str
    stage: str


@dataclass(frozen=True)
class FinishStage:
    """The stage is left, with "Succeeded", "Failed" or "Stopped"."""

    execution: str
    stage: str
    status: str


@dataclass(frozen=True)
class RetryStage:
    """The stage failed and was declared to try once more by itself."""

    execution: str
    stage: str
    mode: str


@dataclass(frozen=True)
class RollBack:
    """The stage failed and was declared to return to what last succeeded in it."""

    stage: str
    target: str
    cause: str


@dataclass(frozen=True)
class FinishExecution:
    """The execution ends, with its final status."""

    execution: str
    status: str


Decision = (
    EnterStage
    | StartAction
    | AbandonAction
    | HaltStage
    | FinishStage
    | RetryStage
    | RollBack
    | FinishExecution
)


def decide(executions: Sequence[Execution], closed: Collection[str] = ()) -> list[Decision]:
    """What to do now, given all executions of a pipeline (oldest first) and its closed stages.

    Do all of it, then ask again, until nothing is left to do.
    """
    live = [execution for execution in executions if execution.live]
    inside = [decision for one in live for decision in _inside(one, executions)]
    return inside or _between(live, closed)


def _inside(execution: Execution, all_of_them: Sequence[Execution]) -> list[Decision]:
    run = execution.running
    stage = execution.structure.stage(run.name) if run else None
    if not run or not stage:
        return []
    if execution.status == "Stopping":
        return _stop(execution, run, stage)
    busy = any(action.status == "InProgress" for action in run.actions.values())
    if any(action.status != "Succeeded" for action in run.actions.values()):
        return [] if busy else _failed(execution, run, stage, all_of_them)
    return _next_wave(execution, run, stage)


def _next_wave(execution: Execution, run: StageRun, stage: Stage) -> list[Decision]:
    for wave in stage.waves:
        due = [action.name for action in wave if action.name not in run.actions]
        if due:
            return [StartAction(execution.id, stage.name, name) for name in due]
    return [FinishStage(execution.id, stage.name, "Succeeded")]


def _stop(execution: Execution, run: StageRun, stage: Stage) -> list[Decision]:
    busy = [name for name, action in run.actions.items() if action.status == "InProgress"]
    if busy and execution.abandon:
        return [AbandonAction(execution.id, stage.name, name) for name in busy]
    if busy:
        return [] if run.status == "Stopping" else [HaltStage(execution.id, stage.name)]
    done = {name for name, action in run.actions.items() if action.status == "Succeeded"}
    complete = done == {action.name for action in stage.actions}
    return [FinishStage(execution.id, stage.name, "Succeeded" if complete else "Stopped")]


def _failed(
    execution: Execution, run: StageRun, stage: Stage, all_of_them: Sequence[Execution]
) -> list[Decision]:
    if stage.on_failure == "RETRY" and not run.automatic_retries:
        return [RetryStage(execution.id, stage.name, stage.retry_mode)]
    failed: list[Decision] = [FinishStage(execution.id, stage.name, "Failed")]
    target = _last_good(execution, stage.name, all_of_them)
    may_roll_back = not execution.only and not execution.parallel
    if stage.on_failure == "ROLLBACK" and target and may_roll_back:
        failed.append(RollBack(stage.name, target.id, execution.id))
    return failed


def _last_good(execution: Execution, stage: str, all_of_them: Sequence[Execution]) -> Execution | None:
    return next(
        (
            earlier
            for earlier in reversed(all_of_them)
            if earlier.order < execution.order
            and earlier.version == execution.version
            and stage in earlier.stages
            and earlier.stages[stage].status == "Succeeded"
        ),
        None,
    )


def _between(live: Sequence[Execution], closed: Collection[str]) -> list[Decision]:
    outside = [execution for execution in live if not execution.running]
    endings = [ending for one in outside for ending in _ending(one)]
    if endings:
        return endings
    locked = {one.running.name for one in live if one.running and not one.parallel}
    outside.sort(key=lambda one: (_door(one), one.order))
    return [
        decision
        for door, waiting in groupby(outside, _door)
        for decision in _at_the_door(door, list(waiting), door in closed, door in locked)
    ]


def _door(execution: Execution) -> str:
    return execution.following.name if execution.following else ""


def _ending(execution: Execution) -> list[Decision]:
    if execution.status == "Stopping":
        return [FinishExecution(execution.id, "Stopped")]
    if execution.last and execution.last.status in ("Failed", "Stopped", "Cancelled"):
        return [FinishExecution(execution.id, execution.last.status)]
    if not execution.following:
        return [FinishExecution(execution.id, "Succeeded")]
    return []


def _at_the_door(door: str, waiting: list[Execution], closed: bool, locked: bool) -> list[Decision]:
    queue = [one for one in waiting if not one.parallel]
    superseded = [one for one in queue[:-1] if one.structure.mode == "SUPERSEDED"]
    entering = [] if closed else [one for one in waiting if one.parallel]
    if not closed and not locked:
        entering += [one for one in queue if one not in superseded][:1]
    return [
        *(FinishExecution(one.id, "Superseded") for one in superseded),
        *(EnterStage(one.id, door) for one in entering),
    ]
