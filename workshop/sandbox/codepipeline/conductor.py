"""Carries out the engine's decisions: changes the state, tells EventBridge, has actions started."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from workshop.sandbox.codepipeline import engine, history
from workshop.sandbox.codepipeline.news import News
from workshop.sandbox.codepipeline.starting import new_run, rollback
from workshop.sandbox.codepipeline.state import (
    ActionRun,
    Execution,
    Pipeline,
    StageRun,
    Trigger,
)
from workshop.sandbox.codepipeline.structure import Action
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Progress

Start = Callable[[Pipeline, Execution, ActionRun, Action], None]


class Conductor:
    """The only one who changes executions; everything in it happens under `lock`.

    It never waits and never calls AWS: `begin` hands a run to a thread of its own, which
    comes back through `settle`.
    """

    def __init__(self, news: News, begin: Start, withdraw: Callable[[str], None]) -> None:
        self.lock = threading.RLock()
        self._news = news
        self._begin = begin
        self.withdraw = withdraw

    def start(self, pipeline: Pipeline, execution: Execution) -> None:
        """A new execution begins."""
        with self.lock:
            pipeline.executions.append(execution)
            history.trim(pipeline)
            self._news.of_execution(pipeline, execution)
            self.advance(pipeline)

    def advance(self, pipeline: Pipeline) -> None:
        """Do what the engine decides until there is nothing left to do."""
        with self.lock:
            while decisions := engine.decide(pipeline.executions, pipeline.closed):
                for decision in decisions:
                    self._apply(pipeline, decision)

    def settle(self, pipeline: Pipeline, run: ActionRun, result: Outcome | ActionFailed) -> bool:
        """An action has ended; False if nobody waited for it any more."""
        with self.lock:
            execution = pipeline.execution(run.execution)
            if run.status != "InProgress" or execution is None:
                return False
            _record(execution, run, result)
            self._ended(pipeline, execution, run)
            self.advance(pipeline)
            return True

    def report(self, run: ActionRun, progress: Progress) -> None:
        """An action tells of itself while it runs."""
        with self.lock:
            run.external_id = progress.external_id or run.external_id
            run.external_url = progress.external_url or run.external_url
            run.summary = run.summary if progress.summary is None else progress.summary
            run.updated = datetime.now(UTC)

    def stop(self, pipeline: Pipeline, execution: Execution, *, abandon: bool, reason: str | None) -> None:
        """Stop an execution, waiting for its running actions or abandoning them."""
        with self.lock:
            execution.abandon = abandon
            execution.stop_reason = reason
            execution.status = "Stopping"
            execution.updated = datetime.now(UTC)
            self._news.of_execution(pipeline, execution)
            self.advance(pipeline)

    def retry(self, pipeline: Pipeline, execution: Execution, run: StageRun, mode: str) -> None:
        """Run a stage again: its failed actions, or all of them."""
        with self.lock:
            run.manual_retries += 1
            run.retried_by = "ManualStageRetry"
            self._resume(pipeline, execution, run, mode)
            self.advance(pipeline)

    def cancel(self, pipeline: Pipeline) -> None:
        """End all executions, because the pipeline was changed or deleted."""
        with self.lock:
            for execution in [one for one in pipeline.executions if one.live]:
                self._cancel(pipeline, execution)

    def _apply(self, pipeline: Pipeline, decision: engine.Decision) -> None:
        match decision:
            case engine.RollBack(stage, target, cause):
                self._roll_back(pipeline, stage, target, cause)
            case engine.FinishExecution(id, status):
                self._finish(pipeline, _of(pipeline, id), status)
            case engine.EnterStage(id, stage):
                self._enter(pipeline, _of(pipeline, id), stage)
            case engine.StartAction(id, stage, action):
                self._start_action(pipeline, _of(pipeline, id), stage, action)
            case engine.AbandonAction(id, stage, action):
                self._abandon(pipeline, _of(pipeline, id), stage, action)
            case engine.HaltStage(id, stage):
                self._leave(pipeline, _of(pipeline, id), stage, "Stopping")
            case engine.FinishStage(id, stage, status):
                self._leave(pipeline, _of(pipeline, id), stage, status)
            case engine.RetryStage(id, stage, mode):
                execution = _of(pipeline, id)
                run = execution.stages[stage]
                run.automatic_retries += 1
                run.retried_by = "AutomatedStageRetry"
                self._resume(pipeline, execution, run, mode)

    def _enter(self, pipeline: Pipeline, execution: Execution, stage: str) -> None:
        run = execution.stages[stage] = StageRun(stage)
        execution.updated = datetime.now(UTC)
        self._news.of_stage(pipeline, execution, run)

    def _leave(self, pipeline: Pipeline, execution: Execution, stage: str, status: str) -> None:
        run = execution.stages[stage]
        run.status = status
        execution.updated = datetime.now(UTC)
        self._news.of_stage(pipeline, execution, run)

    def _finish(self, pipeline: Pipeline, execution: Execution, status: str) -> None:
        execution.status = status
        execution.updated = datetime.now(UTC)
        self._news.of_execution(pipeline, execution)

    def _start_action(self, pipeline: Pipeline, execution: Execution, stage: str, name: str) -> None:
        action = _action(execution, stage, name)
        run = new_run(execution, stage, action)
        execution.stages[stage].actions[name] = run
        pipeline.runs.append(run)
        self._news.of_action(pipeline, execution, run, action)
        self._begin(pipeline, execution, run, action)

    def _abandon(self, pipeline: Pipeline, execution: Execution, stage: str, name: str) -> None:
        run = execution.stages[stage].actions[name]
        run.status = "Abandoned"
        self._ended(pipeline, execution, run)
        self.withdraw(run.id)

    def _ended(self, pipeline: Pipeline, execution: Execution, run: ActionRun) -> None:
        run.updated = execution.updated = datetime.now(UTC)
        self._news.of_action(pipeline, execution, run, _action(execution, run.stage, run.action))

    def _resume(self, pipeline: Pipeline, execution: Execution, run: StageRun, mode: str) -> None:
        kept = {name: done for name, done in run.actions.items() if done.status == "Succeeded"}
        run.actions = {} if mode == "ALL_ACTIONS" else kept
        run.status = execution.status = "InProgress"
        execution.abandon = False
        execution.stop_reason = None
        execution.updated = datetime.now(UTC)
        self._news.of_execution(pipeline, execution, "RESUMED")
        self._news.of_stage(pipeline, execution, run, "RESUMED")

    def _cancel(self, pipeline: Pipeline, execution: Execution) -> None:
        stage = execution.running
        if stage:
            for name, run in stage.actions.items():
                if run.status == "InProgress":
                    self._abandon(pipeline, execution, stage.name, name)
            self._leave(pipeline, execution, stage.name, "Cancelled")
        self._finish(pipeline, execution, "Cancelled")

    def _roll_back(self, pipeline: Pipeline, stage: str, target: str, cause: str) -> None:
        trigger = Trigger("AutomatedRollback", f"FailedPipelineExecutionId: {cause}")
        execution = rollback(pipeline, stage, _of(pipeline, target), trigger)
        pipeline.executions.append(execution)
        self._news.of_execution(pipeline, execution)


def _of(pipeline: Pipeline, id: str) -> Execution:
    return next(one for one in pipeline.executions if one.id == id)


def _action(execution: Execution, stage: str, name: str) -> Action:
    found = execution.structure.stage(stage)
    assert found is not None, f"an execution ran in {stage}, which its structure lacks"
    return found.action(name)


def _record(execution: Execution, run: ActionRun, result: Outcome | ActionFailed) -> None:
    if isinstance(result, ActionFailed):
        run.status = "Failed"
        run.error = (result.code, result.message) if result.code else None
        run.summary = "" if result.code else result.message
        run.updated_by = result.by
        run.external_id = result.external_id or run.external_id
        return
    run.status = "Succeeded"
    run.summary = result.summary or run.summary
    run.external_id = result.external_id or run.external_id
    run.external_url = result.external_url or run.external_url
    run.updated_by = result.updated_by
    run.revision = result.revision
    run.variables = dict(result.variables)
    _pass_on(execution, run)


def _pass_on(execution: Execution, run: ActionRun) -> None:
    """What later actions may use: artifacts with their revision, and variables."""
    action = _action(execution, run.stage, run.action)
    revision = run.revision.id if run.revision else ""
    for artifact in run.outputs:
        marked = artifact.__class__(artifact.name, artifact.bucket, artifact.key, revision)
        execution.artifacts[artifact.name] = marked
    if action.namespace:
        execution.outputs[action.namespace] = run.variables
