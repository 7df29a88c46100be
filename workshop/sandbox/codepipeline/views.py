"""Shows what CodePipeline remembers in the shapes of its API.

Shapes: botocore's model; which members appear when: observed, see the API reference's examples
of GetPipelineState and ListActionExecutions.
"""

from __future__ import annotations

from typing import Any

from workshop.sandbox.codepipeline import catalogue
from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline, StageRun, Transition
from workshop.sandbox.codepipeline.structure import Action, Stage

Shape = dict[str, Any]


def told(**members: Any) -> Shape:
    """The members that have a value; AWS leaves the others out."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def pipeline_summary(pipeline: Pipeline) -> Shape:
    """A pipeline as ListPipelines shows it."""
    return {
        "name": pipeline.name,
        "version": pipeline.version,
        "pipelineType": pipeline.declaration["pipelineType"],
        "executionMode": pipeline.declaration["executionMode"],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def pipeline_state(pipeline: Pipeline) -> Shape:
    """GetPipelineState: for each stage the newest execution that entered it."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [_stage_state(pipeline, stage) for stage in pipeline.structure.stages],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def _stage_state(pipeline: Pipeline, stage: Stage) -> Shape:
    inbound = [_stage_execution(one, "InProgress") for one in pipeline.waiting_for(stage.name)]
    latest = pipeline.latest_in(stage.name)
    run = latest.stages[stage.name] if latest else None
    return {
        "stageName": stage.name,
        "inboundExecutions": inbound,
        "inboundTransitionState": _transition(pipeline.closed.get(stage.name)),
        "actionStates": [_action_state(pipeline, stage, action) for action in stage.actions],
    } | told(
        inboundExecution=inbound[-1] if inbound else None,
        latestExecution=_stage_execution(latest, run.status) if latest and run else None,
        retryStageMetadata=_retries(run) if run else None,
    )


def _stage_execution(execution: Execution, status: str) -> Shape:
    return {"pipelineExecutionId": execution.id, "status": status, "type": _type(execution)}


def _type(execution: Execution) -> str:
    return "ROLLBACK" if execution.only else "STANDARD"


def _retries(run: StageRun) -> Shape:
    return told(
        autoStageRetryAttempt=run.automatic_retries or None,
        manualStageRetryAttempt=run.manual_retries or None,
        latestRetryTrigger=run.retried_by,
    )


def _transition(closed: Transition | None) -> Shape:
    if closed is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "lastChangedBy": closed.by,
        "lastChangedAt": closed.at,
        "disabledReason": closed.reason,
    }


def _action_state(pipeline: Pipeline, stage: Stage, action: Action) -> Shape:
    runs = [run for run in pipeline.runs if (run.stage, run.action) == (stage.name, action.name)]
    latest = runs[-1] if runs else None
    revised = next((run.revision for run in reversed(runs) if run.revision), None)
    kind = catalogue.find(**action.type_id)
    return {"actionName": action.name} | told(
        currentRevision=revised
        and {
            "revisionId": revised.id,
            "revisionChangeId": revised.change,
            "created": revised.created or pipeline.created,
        },
        latestExecution=_latest(latest) if latest else None,
        entityUrl=kind and catalogue.entity_url(kind, action.configuration, pipeline.region),
        revisionUrl=revised and revised.url,
    )


def _latest(run: ActionRun) -> Shape:
    """A token is shown only while the approval waits."""
    return {
        "actionExecutionId": run.id,
        "status": run.status,
        "lastStatusChange": run.updated,
    } | told(
        summary=run.summary[:2048],
        token=run.token if run.status == "InProgress" else None,
        lastUpdatedBy=run.updated_by,
        externalExecutionId=run.external_id,
        externalExecutionUrl=run.external_url,
        errorDetails=_error(run),
    )


def _error(run: ActionRun) -> Shape | None:
    return {"code": run.error[0], "message": run.error[1][:5000]} if run.error else None


def execution_summary(execution: Execution) -> Shape:
    """An execution as ListPipelineExecutions shows it."""
    return {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "startTime": execution.started,
        "lastUpdateTime": execution.updated,
        "sourceRevisions": [
            {"actionName": run.action}
            | told(
                revisionId=run.revision.id,
                revisionSummary=run.revision.summary[:2048],
                revisionUrl=run.revision.url,
            )
            for run in _source_runs(execution)
            if run.revision
        ],
        "trigger": _trigger(execution),
        "executionMode": execution.structure.mode,
        "executionType": _type(execution),
    } | told(
        statusSummary=execution.summary,
        stopTrigger={"reason": execution.stop_reason} if execution.stop_reason else None,
        rollbackMetadata=_rollback(execution),
    )


def execution_detail(execution: Execution) -> Shape:
    """An execution as GetPipelineExecution shows it."""
    return {
        "pipelineName": execution.structure.name,
        "pipelineVersion": execution.version,
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "artifactRevisions": _artifact_revisions(execution),
        "trigger": _trigger(execution),
        "executionMode": execution.structure.mode,
        "executionType": _type(execution),
    } | told(
        statusSummary=execution.summary,
        variables=[{"name": name, "resolvedValue": value} for name, value in execution.variables.items()],
        rollbackMetadata=_rollback(execution),
    )


def _artifact_revisions(execution: Execution) -> list[Shape]:
    return [
        told(
            name=artifact.name,
            revisionId=run.revision.id,
            revisionChangeIdentifier=run.revision.change,
            revisionSummary=run.revision.summary[:2048],
            created=run.revision.created,
            revisionUrl=run.revision.url,
        )
        for run in _source_runs(execution)
        if run.revision
        for artifact in run.outputs
    ]


def _source_runs(execution: Execution) -> list[ActionRun]:
    first = execution.stages.get(execution.structure.stages[0].name)
    return list(first.actions.values()) if first else []


def _trigger(execution: Execution) -> Shape:
    return {"triggerType": execution.trigger.type, "triggerDetail": execution.trigger.detail}


def _rollback(execution: Execution) -> Shape | None:
    return {"rollbackTargetPipelineExecutionId": execution.target} if execution.target else None


def action_detail(pipeline: Pipeline, run: ActionRun) -> Shape:
    """A run of an action as ListActionExecutions shows it."""
    execution = pipeline.execution(run.execution)
    stage = execution.structure.stage(run.stage) if execution else None
    return {
        "pipelineExecutionId": run.execution,
        "actionExecutionId": run.id,
        "pipelineVersion": run.version,
        "stageName": run.stage,
        "actionName": run.action,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        "input": _input(pipeline, run, stage.action(run.action)) if stage else {},
        "output": _output(run),
    } | told(updatedBy=run.updated_by)


def _input(pipeline: Pipeline, run: ActionRun, action: Action) -> Shape:
    return {
        "actionTypeId": action.type_id,
        "configuration": dict(action.configuration),
        "resolvedConfiguration": run.resolved,
        "region": action.region or pipeline.region,
        "inputArtifacts": [artifact.location for artifact in run.inputs],
    } | told(roleArn=action.role, namespace=action.namespace)


def _output(run: ActionRun) -> Shape:
    """A waiting approval's token is its external id here, which is how PARALLEL pipelines find it."""
    made = run.outputs if run.status == "Succeeded" else []
    return {
        "outputArtifacts": [artifact.location for artifact in made],
        "executionResult": told(
            externalExecutionId=run.external_id or run.token,
            externalExecutionSummary=run.error[1][:2048] if run.error else run.summary,
            externalExecutionUrl=run.external_url,
            errorDetails=_error(run),
        ),
        "outputVariables": run.variables,
    }
