"""Executions: starting, stopping, retrying and rolling back, and their history."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codepipeline import views
from workshop.sandbox.codepipeline.desk import Desk, constrain
from workshop.sandbox.codepipeline.paging import page
from workshop.sandbox.codepipeline.register import declared_variables, execution_of, stage_of
from workshop.sandbox.codepipeline.starting import new_execution, rollback
from workshop.sandbox.codepipeline.state import Execution, Pipeline, Trigger

Shape = dict[str, Any]
MOST_AT_ONCE = 50
PAGE = 100

# The texts are those of the exceptions in botocore's model of CodePipeline.
NOT_RETRYABLE = (
    "Unable to retry. The pipeline structure or stage state might have changed while actions awaited retry, "
    "or the stage contains no failed actions."
)
NOT_LATEST = (
    "The stage has failed in a later run of the pipeline and the pipelineExecutionId associated with the "
    "request is out of date."
)
NOT_STOPPABLE = (
    "Unable to stop the pipeline execution. The execution might already be in a Stopped state, "
    "or it might no longer be in progress."
)
ALREADY_STOPPING = (
    "The pipeline execution is already in a Stopping state. If you already chose to stop and wait, "
    "you cannot make that request again. You can choose to stop and abandon now, but be aware that this "
    "option can lead to failed tasks or out of sequence tasks. If you already chose to stop and abandon, "
    "you cannot make that request again."
)
NO_ROLLBACK = (
    "Unable to roll back the stage. The cause might be if the pipeline version has changed since the target "
    "pipeline execution was deployed, the stage is currently running, or an incorrect target pipeline "
    "execution ID was provided."
)


class Executions(Desk):
    """Operations on executions."""

    def start_pipeline_execution(self, call: Call) -> Shape:
        """Starts an execution; the same clientRequestToken starts one only."""
        constrain(call)
        pipeline = self.pipeline(call, "name")
        trigger = Trigger("StartPipelineExecution", call.caller.arn)
        return {"pipelineExecutionId": self.start_execution(pipeline, trigger, dict(call.params))}

    def start_execution(self, pipeline: Pipeline, trigger: Trigger, asked: Shape) -> str:
        """Starts an execution for whatever reason; its id.

        `asked` may hold StartPipelineExecution's `variables`, `sourceRevisions` and
        `clientRequestToken`.  AwsError if it cannot be.
        """
        with self.conductor.lock:
            if known := _started_by(pipeline, asked.get("clientRequestToken")):
                return known.id
            _require_room(pipeline)
            execution = new_execution(pipeline, trigger)
            given = {one["name"]: one["value"] for one in asked.get("variables", [])}
            execution.variables = declared_variables(pipeline, given)
            execution.overrides = _overrides(pipeline, asked)
            execution.token = asked.get("clientRequestToken")
            self.conductor.start(pipeline, execution)
            return execution.id

    def stop_pipeline_execution(self, call: Call) -> Shape:
        """Stops an execution after its running actions, or abandoning them."""
        constrain(call)
        pipeline = self.pipeline(call)
        with self.conductor.lock:
            execution = _execution(pipeline, call, "PipelineExecutionNotStoppableException", NOT_STOPPABLE)
            abandon = bool(call.params.get("abandon"))
            if not execution.live:
                raise AwsError("PipelineExecutionNotStoppableException", NOT_STOPPABLE)
            if execution.status == "Stopping" and (execution.abandon or not abandon):
                raise AwsError("DuplicatedStopRequestException", ALREADY_STOPPING)
            self.conductor.stop(pipeline, execution, abandon=abandon, reason=call.params.get("reason"))
        return {"pipelineExecutionId": execution.id}

    def retry_stage_execution(self, call: Call) -> Shape:
        """Runs a failed stage again with the same artifacts and structure."""
        constrain(call)
        pipeline = self.pipeline(call)
        stage = stage_of(pipeline, call.params["stageName"]).name
        with self.conductor.lock:
            execution = _execution(pipeline, call, "NotLatestPipelineExecutionException", NOT_LATEST)
            if not execution.parallel and pipeline.latest_in(stage) is not execution:
                raise AwsError("NotLatestPipelineExecutionException", NOT_LATEST)
            run = execution.stages.get(stage)
            if run is None or run.status not in ("Failed", "Stopped") or execution.live:
                raise AwsError("StageNotRetryableException", NOT_RETRYABLE)
            if execution.version != pipeline.version:
                raise AwsError("StageNotRetryableException", NOT_RETRYABLE)
            self.conductor.retry(pipeline, execution, run, call.params["retryMode"])
        return {"pipelineExecutionId": execution.id}

    def rollback_stage(self, call: Call) -> Shape:
        """Starts an execution that brings a stage back to an earlier one's artifacts."""
        constrain(call)
        pipeline = self.pipeline(call)
        stage = stage_of(pipeline, call.params["stageName"])
        with self.conductor.lock:
            target = execution_of(pipeline, call.params["targetPipelineExecutionId"])
            _require_target(pipeline, target, stage.name)
            trigger = Trigger("ManualRollback", call.caller.arn)
            execution = rollback(pipeline, stage.name, target, trigger)
            self.conductor.start(pipeline, execution)
        return {"pipelineExecutionId": execution.id}

    def get_pipeline_execution(self, call: Call) -> Shape:
        """One execution, with the revisions it took."""
        pipeline = self.pipeline(call)
        with self.conductor.lock:
            execution = execution_of(pipeline, call.params["pipelineExecutionId"])
            return {"pipelineExecution": views.execution_detail(execution)}

    def list_pipeline_executions(self, call: Call) -> Shape:
        """The executions, newest first, in pages."""
        pipeline = self.pipeline(call)
        stage = call.params.get("filter", {}).get("succeededInStage", {}).get("stageName")
        with self.conductor.lock:
            numbered = [
                (one.order, one) for one in reversed(pipeline.executions) if not stage or _passed(one, stage)
            ]
            shown, more = page(numbered, call.params.get("maxResults", PAGE), call.params.get("nextToken"))
            summaries = [views.execution_summary(one) for one in shown]
        return views.told(nextToken=more) | {"pipelineExecutionSummaries": summaries}

    def list_action_executions(self, call: Call) -> Shape:
        """The runs of actions, newest first, in pages; of one execution, if asked."""
        pipeline = self.pipeline(call)
        wanted = call.params.get("filter", {})
        wanted = wanted.get("latestInPipelineExecution", wanted)
        execution = wanted.get("pipelineExecutionId")
        with self.conductor.lock:
            if execution:
                execution_of(pipeline, execution)
            numbered = [
                (number, run)
                for number, run in reversed(list(enumerate(pipeline.runs)))
                if execution in (None, run.execution)
            ]
            shown, more = page(numbered, call.params.get("maxResults", PAGE), call.params.get("nextToken"))
            details = [views.action_detail(pipeline, run) for run in shown]
        return views.told(nextToken=more) | {"actionExecutionDetails": details}


def _started_by(pipeline: Pipeline, token: str | None) -> Execution | None:
    return next((one for one in pipeline.executions if token and one.token == token), None)


def _require_room(pipeline: Pipeline) -> None:
    live = sum(execution.live for execution in pipeline.executions)
    if pipeline.structure.mode != "SUPERSEDED" and live >= MOST_AT_ONCE:
        raise AwsError(
            "ConcurrentPipelineExecutionsLimitExceededException",
            "The pipeline has reached the limit for concurrent pipeline executions.",
        )


def _overrides(pipeline: Pipeline, asked: Shape) -> dict[str, tuple[str, str]]:
    sources = {action.name for action in pipeline.structure.stages[0].actions}
    given = asked.get("sourceRevisions", [])
    for one in given:
        if one["actionName"] not in sources:
            raise AwsError(
                "ValidationException",
                f"Pipeline {pipeline.name} does not have a source action with name {one['actionName']}",
            )
    return {one["actionName"]: (one["revisionType"], one["revisionValue"]) for one in given}


def _execution(pipeline: Pipeline, call: Call, code: str, words: str) -> Execution:
    """The execution a call names; these operations have no error of their own for a missing one."""
    found = pipeline.execution(call.params["pipelineExecutionId"])
    if found is None:
        raise AwsError(code, words)
    return found


def _require_target(pipeline: Pipeline, target: Execution, stage: str) -> None:
    latest = pipeline.latest_in(stage)
    busy = latest is not None and latest.stages[stage].running
    source = pipeline.structure.stages[0].name == stage
    if target.version != pipeline.version:
        raise AwsError(
            "PipelineExecutionOutdatedException",
            "The specified pipeline execution is outdated and cannot be used as a target pipeline execution "
            "for rollback.",
        )
    if busy or source or target.parallel or target.only or not _passed(target, stage):
        raise AwsError("UnableToRollbackStageException", NO_ROLLBACK)


def _passed(execution: Execution, stage: str) -> bool:
    return stage in execution.stages and execution.stages[stage].status == "Succeeded"
