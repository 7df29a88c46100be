"""How executions and runs of actions begin."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from workshop.sandbox.codepipeline import catalogue
from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline, Trigger
from workshop.sandbox.codepipeline.structure import Action


def new_execution(pipeline: Pipeline, trigger: Trigger) -> Execution:
    """An execution of the pipeline as it is now."""
    last = pipeline.executions[-1].order if pipeline.executions else 0
    return Execution(str(uuid.uuid4()), last + 1, pipeline.version, pipeline.structure, trigger)


def rollback(pipeline: Pipeline, stage: str, target: Execution, trigger: Trigger) -> Execution:
    """An execution that runs one stage with what an earlier execution brought there."""
    execution = new_execution(pipeline, trigger)
    execution.only, execution.target = stage, target.id
    execution.artifacts = dict(target.artifacts)
    execution.variables = dict(target.variables)
    execution.outputs = dict(target.outputs)
    return execution


def new_run(execution: Execution, stage: str, action: Action) -> ActionRun:
    """A run of an action that begins now; an approval's token is made here."""
    now = datetime.now(UTC)
    kind = catalogue.find(**action.type_id)
    minutes = action.timeout or (kind.minutes if kind else catalogue.HOUR)
    return ActionRun(
        id=str(uuid.uuid4()),
        execution=execution.id,
        stage=stage,
        action=action.name,
        version=execution.version,
        started=now,
        updated=now,
        deadline=now + timedelta(minutes=minutes),
        token=str(uuid.uuid4()) if action.category == "Approval" else "",
    )
