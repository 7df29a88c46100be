"""Pipelines that really run: from a commit to what lies in the bucket."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.sandbox.workbench import (
    ALLOW_ALL,
    Workbench,
    approval,
    bench,
    commit,
    deploy,
    page,
    source,
    stage,
    wait_for,
)

__all__ = ["bench"]


def test_creating_a_pipeline_runs_it_to_the_end(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy(bench.target)))
    assert bench.finished(first) == "Succeeded"
    assert page(bench) == "hello"
    assert bench.executions()[0]["trigger"] == {
        "triggerType": "CreatePipeline",
        "triggerDetail": bench.account.root.principal.arn,
    }


def test_a_run_says_which_commit_it_took(bench: Workbench) -> None:
    sha = commit(bench.account, "hello again")
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    revision = bench.executions()[0]["sourceRevisions"][0]
    assert (revision["revisionId"], revision["revisionSummary"]) == (sha, "Say hello again")
    assert revision["revisionUrl"].endswith(f"/repositories/app/commit/{sha}?region=eu-west-1")
    assert bench.action("Source", "Source")["summary"] == "Say hello again"


def test_artifacts_lie_under_short_keys_and_hold_the_source(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    rows = bench.client.list_action_executions(pipelineName="p", filter={"pipelineExecutionId": first})[
        "actionExecutionDetails"
    ]
    place = rows[-1]["output"]["outputArtifacts"][0]["s3location"]
    assert place["key"].startswith("p/SourceArti/")
    body = bench.account.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(body)).read("index.html") == b"hello"
    assert rows[0]["input"]["inputArtifacts"][0]["s3location"] == place


def test_a_role_that_does_not_trust_codepipeline_is_refused(bench: Workbench) -> None:
    role = bench.account.role("build", "codebuild.amazonaws.com", ALLOW_ALL)
    with pytest.raises(bench.client.exceptions.InvalidStructureException) as refused:
        bench.create(stage("Deploy", deploy(bench.target)), roleArn=role)
    assert f"CodePipeline is not authorized to perform AssumeRole on role {role}" in str(refused.value)


def test_a_name_is_taken_once(bench: Workbench) -> None:
    bench.create(stage("Deploy", deploy(bench.target)))
    with pytest.raises(bench.client.exceptions.PipelineNameInUseException):
        bench.create(stage("Deploy", deploy(bench.target)))


def test_a_pipeline_that_is_not_there(bench: Workbench) -> None:
    with pytest.raises(bench.client.exceptions.PipelineNotFoundException) as missing:
        bench.client.get_pipeline_state(name="nothing")
    words = f"Account '{bench.account.id}' does not have a pipeline with name 'nothing'"
    assert missing.value.response["Error"]["Message"] == words


def test_a_missing_branch_fails_the_source_in_awss_words(bench: Workbench) -> None:
    declared = bench.declaration(stage("Deploy", deploy(bench.target)))
    declared["stages"][0] = stage("Source", source(BranchName="master"))
    bench.client.create_pipeline(pipeline=declared)
    first = bench.executions()[0]["pipelineExecutionId"]
    assert bench.finished(first) == "Failed"
    error = bench.action("Source", "Source")["errorDetails"]
    assert error["code"] == "ConfigurationError"
    assert (
        "no branch named master was found in the selected AWS CodeCommit repository app" in error["message"]
    )


def test_retrying_a_stage_uses_what_was_fixed(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy("no-such-bucket-" + bench.account.id)))
    assert bench.finished(first) == "Failed"
    bench.account.client("s3").create_bucket(
        Bucket="no-such-bucket-" + bench.account.id,
        CreateBucketConfiguration={"LocationConstraint": bench.account.region},
    )
    again = bench.client.retry_stage_execution(
        pipelineName="p", stageName="Deploy", pipelineExecutionId=first, retryMode="FAILED_ACTIONS"
    )
    assert again["pipelineExecutionId"] == first
    assert bench.finished(first) == "Succeeded"


def test_a_stage_that_did_not_fail_cannot_be_retried(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    with pytest.raises(bench.client.exceptions.StageNotRetryableException):
        bench.client.retry_stage_execution(
            pipelineName="p", stageName="Deploy", pipelineExecutionId=first, retryMode="FAILED_ACTIONS"
        )


def test_an_approval_lets_the_execution_pass(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.approve("Approve", bench.awaits("Approve"))
    assert bench.finished(first) == "Succeeded"
    approved = bench.action("Approve", "Approve")
    assert approved["lastUpdatedBy"] == bench.account.root.principal.arn
    assert (approved["summary"], "token" in approved) == ("looked at it", False)


def test_a_rejection_stops_it_before_the_deployment(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.approve("Approve", bench.awaits("Approve"), "Rejected")
    assert bench.finished(first) == "Failed"
    assert bench.action("Deploy", "Deploy") == {}


def test_an_approval_is_given_once(bench: Workbench) -> None:
    bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    token = bench.awaits("Approve")
    bench.approve("Approve", token)
    with pytest.raises(bench.client.exceptions.ApprovalAlreadyCompletedException):
        bench.approve("Approve", token)


def test_an_approval_needs_its_token(bench: Workbench) -> None:
    bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Approve")
    with pytest.raises(bench.client.exceptions.InvalidApprovalTokenException):
        bench.approve("Approve", "00000000-0000-0000-0000-000000000000")


def test_variables_are_filled_in(bench: Workbench) -> None:
    sha = commit(bench.account, "variables")
    bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Approve")
    row = bench.client.list_action_executions(pipelineName="p")["actionExecutionDetails"][0]
    assert row["input"]["configuration"] == {"CustomData": "#{Src.CommitId}"}
    assert row["input"]["resolvedConfiguration"] == {"CustomData": sha}


def test_pipeline_variables_come_with_the_start(bench: Workbench) -> None:
    variables = [{"name": "folder", "defaultValue": "v1"}]
    first = bench.create(
        stage("Deploy", deploy(bench.target, ObjectKey="#{variables.folder}")), variables=variables
    )
    bench.finished(first)
    asked = [{"name": "folder", "value": "v2"}]
    second = bench.client.start_pipeline_execution(name="p", variables=asked)["pipelineExecutionId"]
    assert bench.finished(second) == "Succeeded"
    keys = [one["Key"] for one in bench.account.client("s3").list_objects_v2(Bucket=bench.target)["Contents"]]
    assert keys == ["v1/index.html", "v2/index.html"]


def test_a_start_may_choose_the_commit(bench: Workbench) -> None:
    old = commit(bench.account, "old")
    commit(bench.account, "new")
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    chosen = [{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": old}]
    second = bench.client.start_pipeline_execution(name="p", sourceRevisions=chosen)["pipelineExecutionId"]
    assert bench.finished(second) == "Succeeded"
    assert page(bench) == "old"


def test_the_same_token_starts_one_execution(bench: Workbench) -> None:
    bench.create(stage("Deploy", deploy(bench.target)))
    ids = {
        bench.client.start_pipeline_execution(name="p", clientRequestToken="t")["pipelineExecutionId"]
        for _ in range(2)
    }
    assert len(ids) == 1


def test_a_newer_execution_supersedes_one_that_waits(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    token = bench.awaits("Approve")
    second = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    wait_for(lambda: bench.client.get_pipeline_state(name="p")["stageStates"][1].get("inboundExecution"))
    third = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert bench.finished(second) == "Superseded"
    bench.approve("Approve", token)
    assert bench.finished(first) == "Succeeded"
    bench.approve("Approve", bench.awaits("Approve"))
    assert bench.finished(third) == "Succeeded"


def test_parallel_executions_do_not_wait(bench: Workbench) -> None:
    bench.create(
        stage("Approve", approval()), stage("Deploy", deploy(bench.target)), executionMode="PARALLEL"
    )
    second = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    rows = wait_for(lambda: _waiting(bench, 2))
    token = next(r for r in rows if r["pipelineExecutionId"] == second)["output"]["executionResult"]
    bench.approve("Approve", token["externalExecutionId"])
    assert bench.finished(second) == "Succeeded"


def _waiting(bench: Workbench, number: int) -> list[dict[str, Any]]:
    rows = bench.client.list_action_executions(pipelineName="p")["actionExecutionDetails"]
    found = [row for row in rows if row["actionName"] == "Approve" and row["status"] == "InProgress"]
    return found if len(found) == number else []


def test_a_closed_transition_holds_executions_until_it_opens(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    token = bench.awaits("Approve")
    gate = {"pipelineName": "p", "stageName": "Deploy", "transitionType": "Inbound"}
    bench.client.disable_stage_transition(**gate, reason="not on Friday")
    bench.approve("Approve", token)
    state = wait_for(
        lambda: (
            (s := bench.client.get_pipeline_state(name="p")["stageStates"][2]).get("inboundExecution") and s
        )
    )
    assert state["inboundTransitionState"]["disabledReason"] == "not on Friday"
    assert state["inboundExecution"]["pipelineExecutionId"] == first
    bench.client.enable_stage_transition(**gate)
    assert bench.finished(first) == "Succeeded"


def test_a_reason_may_not_hold_a_comma(bench: Workbench) -> None:
    bench.create(stage("Deploy", deploy(bench.target)))
    with pytest.raises(bench.client.exceptions.ValidationException):
        bench.client.disable_stage_transition(
            pipelineName="p", stageName="Deploy", transitionType="Inbound", reason="no, thanks"
        )


def test_stopping_waits_for_the_action_that_runs(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    token = bench.awaits("Approve")
    bench.client.stop_pipeline_execution(pipelineName="p", pipelineExecutionId=first, reason="lunch")
    assert bench.status(first) == "Stopping"
    with pytest.raises(bench.client.exceptions.DuplicatedStopRequestException):
        bench.client.stop_pipeline_execution(pipelineName="p", pipelineExecutionId=first)
    bench.approve("Approve", token)
    assert bench.finished(first) == "Stopped"
    assert bench.executions()[0]["stopTrigger"] == {"reason": "lunch"}
    assert bench.action("Deploy", "Deploy") == {}


def test_abandoning_stops_at_once(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Approve")
    bench.client.stop_pipeline_execution(pipelineName="p", pipelineExecutionId=first, abandon=True)
    assert bench.status(first) == "Stopped"
    assert bench.action("Approve", "Approve")["status"] == "Abandoned"


def test_updating_counts_the_version_and_ends_what_runs(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Approve")
    changed = bench.declaration(stage("Deploy", deploy(bench.target)))
    assert bench.client.update_pipeline(pipeline=changed)["pipeline"]["version"] == 2
    assert bench.finished(first) == "Cancelled"
    assert len(bench.executions()) == 1


def test_rolling_back_redeploys_an_earlier_execution(bench: Workbench) -> None:
    good = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(good)
    commit(bench.account, "worse")
    bench.finished(bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"])
    assert page(bench) == "worse"
    back = bench.client.rollback_stage(pipelineName="p", stageName="Deploy", targetPipelineExecutionId=good)[
        "pipelineExecutionId"
    ]
    assert bench.finished(back) == "Succeeded"
    assert page(bench) == "hello"
    newest = bench.executions()[0]
    assert newest["executionType"] == "ROLLBACK"
    assert newest["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}


def test_deleting_is_done_once_or_twice(bench: Workbench) -> None:
    bench.create(stage("Deploy", deploy(bench.target)))
    bench.client.delete_pipeline(name="p")
    bench.client.delete_pipeline(name="p")
    assert bench.client.list_pipelines()["pipelines"] == []


def test_lists_come_in_pages(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    second = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    page = bench.client.list_pipeline_executions(pipelineName="p", maxResults=1)
    rest = bench.client.list_pipeline_executions(pipelineName="p", nextToken=page["nextToken"])
    ids = [one["pipelineExecutionId"] for one in page["pipelineExecutionSummaries"]]
    assert ids == [second]
    assert [one["pipelineExecutionId"] for one in rest["pipelineExecutionSummaries"]] == [first]


def test_tags_are_kept(bench: Workbench) -> None:
    bench.create(stage("Deploy", deploy(bench.target)))
    arn = bench.client.get_pipeline(name="p")["metadata"]["pipelineArn"]
    bench.client.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    bench.client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert bench.client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_the_action_types_say_what_they_need(bench: Workbench) -> None:
    types = bench.client.list_action_types(actionOwnerFilter="AWS")["actionTypes"]
    build = next(one for one in types if one["id"]["category"] == "Build")
    required = [key["name"] for key in build["actionConfigurationProperties"] if key["required"]]
    assert required == ["ProjectName"]
