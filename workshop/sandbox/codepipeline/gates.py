"""What people and functions decide: transitions, approvals and the results of jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codepipeline.desk import Desk, constrain
from workshop.sandbox.codepipeline.register import stage_of
from workshop.sandbox.codepipeline.state import ActionRun, Pipeline, Revision, Transition
from workshop.sandbox.codepipeline.structure import Action
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome

Shape = dict[str, Any]


class Gates(Desk):
    """Operations that let an execution pass, or not."""

    def disable_stage_transition(self, call: Call) -> Shape:
        """Closes a stage's entrance, or the next one's for Outbound."""
        constrain(call)
        pipeline = self.pipeline(call)
        with self.conductor.lock:
            if stage := _entrance(pipeline, call):
                closed = Transition(call.params["reason"], call.caller.arn, datetime.now(UTC))
                pipeline.closed[stage] = closed
        return {}

    def enable_stage_transition(self, call: Call) -> Shape:
        """Opens it again; who waits goes in."""
        constrain(call)
        pipeline = self.pipeline(call)
        with self.conductor.lock:
            if stage := _entrance(pipeline, call):
                pipeline.closed.pop(stage, None)
            self.conductor.advance(pipeline)
        return {}

    def put_approval_result(self, call: Call) -> Shape:
        """Approves or rejects what waits under a token."""
        constrain(call)
        pipeline = self.pipeline(call)
        stage = stage_of(pipeline, call.params["stageName"])
        if call.params["actionName"] not in {action.name for action in stage.actions}:
            raise AwsError(
                "ActionNotFoundException",
                f"Stage '{stage.name}' does not have an action with name '{call.params['actionName']}'",
            )
        result, by = call.params["result"], call.caller.arn
        approved = result["status"] == "Approved"
        summary = result["summary"]
        with self.conductor.lock:
            run = _awaiting(pipeline, stage.name, call)
            self.conductor.settle(
                pipeline,
                run,
                Outcome(summary, updated_by=by) if approved else ActionFailed("", summary, by=by),
            )
        return {"approvedAt": run.updated}

    def get_job_details(self, call: Call) -> Shape:
        """What a function's job is about; the credentials are in the event that it was given."""
        pipeline, run, action = self._job(call)
        return {
            "jobDetails": {
                "id": run.id,
                "accountId": call.account,
                "data": {
                    "actionTypeId": action.type_id,
                    "actionConfiguration": {"configuration": run.resolved},
                    "pipelineContext": _context(pipeline, run),
                    "inputArtifacts": [_artifact(one) for one in run.inputs],
                    "outputArtifacts": [_artifact(one) for one in run.outputs],
                },
            }
        }

    def put_job_success_result(self, call: Call) -> Shape:
        """The function has done its job, or will go on when it is called again."""
        pipeline, run, action = self._job(call)
        _require_open(run)
        if token := call.params.get("continuationToken"):
            execution = pipeline.execution(run.execution)
            assert execution is not None, "a run belongs to an execution"
            self.crew.begin(pipeline, execution, run, action, continuation=token)
            return {}
        details = call.params.get("executionDetails", {})
        outcome = Outcome(
            summary=details.get("summary", ""),
            external_id=details.get("externalExecutionId", run.id),
            revision=_revision(call.params.get("currentRevision")),
            variables=call.params.get("outputVariables", {}),
        )
        self.conductor.settle(pipeline, run, outcome)
        return {}

    def put_job_failure_result(self, call: Call) -> Shape:
        """The function has failed at its job."""
        constrain(call)
        pipeline, run, _ = self._job(call)
        _require_open(run)
        details = call.params["failureDetails"]
        failed = ActionFailed(
            details["type"], details["message"], external_id=details.get("externalExecutionId", "")
        )
        self.conductor.settle(pipeline, run, failed)
        return {}

    def _job(self, call: Call) -> tuple[Pipeline, ActionRun, Action]:
        """The run that a job's id names; only Lambda's are jobs."""
        with self.conductor.lock:
            for pipeline in self.register.of(call.account, call.region).pipelines.values():
                for run in pipeline.runs:
                    if run.id == call.params["jobId"] and (action := _invoked(pipeline, run)):
                        return pipeline, run, action
        raise AwsError(
            "JobNotFoundException", "The job was specified in an invalid format or cannot be found."
        )


def _entrance(pipeline: Pipeline, call: Call) -> str | None:
    stage = stage_of(pipeline, call.params["stageName"])
    if call.params["transitionType"] == "Inbound":
        return stage.name
    following = pipeline.structure.after(stage.name)
    return following.name if following else None


def _awaiting(pipeline: Pipeline, stage: str, call: Call) -> ActionRun:
    asked = [run for run in pipeline.runs if (run.stage, run.action) == (stage, call.params["actionName"])]
    for run in asked:
        if run.token == call.params["token"] and run.status == "InProgress":
            return run
    if any(run.token == call.params["token"] for run in asked):
        raise AwsError(
            "ApprovalAlreadyCompletedException",
            "The approval action has already been approved or rejected.",
        )
    raise AwsError(
        "InvalidApprovalTokenException", "The approval request already received a response or has expired."
    )


def _invoked(pipeline: Pipeline, run: ActionRun) -> Action | None:
    execution = pipeline.execution(run.execution)
    stage = execution.structure.stage(run.stage) if execution else None
    action = stage.action(run.action) if stage else None
    return action if action and action.provider == "Lambda" else None


def _require_open(run: ActionRun) -> None:
    if run.status != "InProgress":
        raise AwsError("InvalidJobStateException", "The job state was specified in an invalid format.")


def _revision(told: Shape | None) -> Revision | None:
    if told is None:
        return None
    return Revision(
        told["revision"], told["changeIdentifier"], told.get("revisionSummary", ""), "", told.get("created")
    )


def _context(pipeline: Pipeline, run: ActionRun) -> Shape:
    return {
        "pipelineName": pipeline.name,
        "pipelineArn": pipeline.arn,
        "pipelineExecutionId": run.execution,
        "stage": {"name": run.stage},
        "action": {"name": run.action, "actionExecutionId": run.id},
    }


def _artifact(one: Any) -> Shape:
    location = {"type": "S3", "s3Location": {"bucketName": one.bucket, "objectKey": one.key}}
    shown = {"name": one.name, "location": location}
    return shown | ({"revision": one.revision} if one.revision else {})
