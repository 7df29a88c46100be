"""Tells EventBridge of every change of a pipeline, a stage and an action.

Source: CodePipeline user guide, "Monitoring CodePipeline events".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline, StageRun
from workshop.sandbox.codepipeline.structure import Action

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

STATES = {"InProgress": "STARTED", "Cancelled": "CANCELED"}


class News:
    """The three kinds of events that CodePipeline emits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def of_execution(self, pipeline: Pipeline, execution: Execution, state: str | None = None) -> None:
        """The execution's status has changed; `state` where its status does not say it."""
        detail = self._detail(pipeline, execution, state or execution.status)
        if detail["state"] == "STARTED":
            detail["execution-trigger"] = {
                "trigger-type": execution.trigger.type,
                "trigger-detail": execution.trigger.detail,
            }
        if detail["state"] in ("STOPPING", "STOPPED") and execution.stop_reason:
            detail["stop-execution-comments"] = execution.stop_reason
        self._emit(pipeline, "Pipeline", detail)

    def of_stage(
        self, pipeline: Pipeline, execution: Execution, run: StageRun, state: str | None = None
    ) -> None:
        """The stage's status in this execution has changed."""
        detail = self._detail(pipeline, execution, state or run.status)
        self._emit(pipeline, "Stage", detail | {"stage": run.name})

    def of_action(self, pipeline: Pipeline, execution: Execution, run: ActionRun, action: Action) -> None:
        """The run of an action has begun or ended."""
        detail = self._detail(pipeline, execution, run.status) | {
            "stage": run.stage,
            "action": run.action,
            "action-execution-id": run.id,
            "start-time": _moment(run.started),
            "region": action.region or pipeline.region,
            "type": action.type_id,
            "input-artifacts": [artifact.location for artifact in run.inputs],
        }
        if run.status == "Succeeded":
            detail["output-artifacts"] = [artifact.location for artifact in run.outputs]
        if result := _result(run):
            detail["execution-result"] = result
        self._emit(pipeline, "Action", detail)

    def _detail(self, pipeline: Pipeline, execution: Execution, status: str) -> dict[str, Any]:
        return {
            "pipeline": pipeline.name,
            "execution-id": execution.id,
            "start-time": _moment(execution.started),
            "state": STATES.get(status, status.upper()),
            "version": execution.version,
            "pipeline-execution-attempt": execution.attempt,
        }

    def _emit(self, pipeline: Pipeline, kind: str, detail: dict[str, Any]) -> None:
        self._sandbox.events.emit(
            pipeline.account,
            pipeline.region,
            "aws.codepipeline",
            f"CodePipeline {kind} Execution State Change",
            [pipeline.arn],
            detail,
        )


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _result(run: ActionRun) -> dict[str, str]:
    told = {
        "external-execution-url": run.external_url,
        "external-execution-summary": run.error[1] if run.error else run.summary,
        "external-execution-id": run.external_id,
        "error-code": run.error[0] if run.error else "",
    }
    return {key: value for key, value in told.items() if value}
