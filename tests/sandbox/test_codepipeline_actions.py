"""The other actions, and roles, time limits and self-repair of pipelines."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from datetime import UTC, datetime, timedelta
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
    stage,
    wait_for,
)
from workshop.sandbox.codepipeline.api import CodePipeline

__all__ = ["bench"]

FUNCTION = """
import boto3, json
def handler(event, context):
    job = event["CodePipeline.job"]
    client = boto3.client("codepipeline")
    wish = job["data"]["actionConfiguration"]["configuration"]["UserParameters"]
    if wish == "fail":
        client.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": "no"})
    else:
        client.put_job_success_result(jobId=job["id"], outputVariables={"Said": wish})
"""


def deny(bench: Workbench, *actions: str, role: str = "pipeline") -> None:
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    bench.account.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="deny",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def codepipeline(bench: Workbench) -> CodePipeline:
    """The service itself, for what only time brings about."""
    service: CodePipeline = bench.account.server.sandbox.service("codepipeline")
    return service


def s3_source(bucket: str, **configuration: str) -> dict[str, Any]:
    return {
        "name": "Source",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"S3Bucket": bucket, "S3ObjectKey": "app.zip", "PollForSourceChanges": "false"}
        | configuration,
        "outputArtifacts": [{"name": "SourceArtifact"}],
    }


def upload(bench: Workbench, text: str, *, versions: bool = True) -> str:
    """Put a zip of index.html into a bucket; the bucket's name."""
    s3, bucket = bench.account.client("s3"), f"source-{bench.account.id}"
    if not any(one["Name"] == bucket for one in s3.list_buckets()["Buckets"]):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": bench.account.region}
        )
    if versions:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.html", text)
    s3.put_object(Bucket=bucket, Key="app.zip", Body=body.getvalue())
    return bucket


def from_s3(bench: Workbench, bucket: str, **configuration: str) -> str:
    declared = bench.declaration(stage("Deploy", deploy(bench.target)))
    declared["stages"][0] = stage("Source", s3_source(bucket, **configuration))
    bench.client.create_pipeline(pipeline=declared)
    return str(bench.executions()[0]["pipelineExecutionId"])


def test_a_pipeline_takes_its_source_from_s3(bench: Workbench) -> None:
    bucket = upload(bench, "from s3")
    first = from_s3(bench, bucket)
    assert bench.finished(first) == "Succeeded"
    assert page(bench) == "from s3"
    version = bench.account.client("s3").head_object(Bucket=bucket, Key="app.zip")["VersionId"]
    revision = bench.executions()[0]["sourceRevisions"][0]
    assert (revision["revisionId"], revision["revisionSummary"]) == (
        version,
        f"Amazon S3 version id: {version}",
    )


def test_a_bucket_without_versions_is_no_source(bench: Workbench) -> None:
    assert bench.finished(from_s3(bench, upload(bench, "x", versions=False))) == "Failed"
    assert bench.action("Source", "Source")["errorDetails"]["code"] == "ConfigurationError"


def test_polling_starts_the_pipeline_when_the_source_has_changed(bench: Workbench) -> None:
    bench.finished(from_s3(bench, upload(bench, "one"), PollForSourceChanges="true"))
    clock = codepipeline(bench).clock
    clock.poll()
    assert len(bench.executions()) == 1
    upload(bench, "two")
    clock.poll()
    newest = bench.executions()[0]
    assert newest["trigger"]["triggerType"] == "PollForSourceChanges"
    assert bench.finished(newest["pipelineExecutionId"]) == "Succeeded"
    assert page(bench) == "two"


def test_without_permission_codecommit_is_not_accessible(bench: Workbench) -> None:
    deny(bench, "codecommit:UploadArchive")
    assert bench.finished(bench.create(stage("Deploy", deploy(bench.target)))) == "Failed"
    assert bench.action("Source", "Source")["errorDetails"] == {
        "code": "PermissionError",
        "message": "Could not access the CodeCommit repository app. Make sure that the pipeline IAM role has "
        "sufficient permissions to access the repository.",
    }


def test_without_permission_an_artifact_is_not_accessible(bench: Workbench) -> None:
    deny(bench, "s3:GetObject")
    assert bench.finished(bench.create(stage("Deploy", deploy(bench.target)))) == "Failed"
    error = bench.action("Deploy", "Deploy")["errorDetails"]
    assert error["code"] == "PermissionError"
    assert error["message"].startswith(
        "Unable to access the artifact with Amazon S3 object key 'p/SourceArti/"
    )
    assert error["message"].endswith("The provided role does not have sufficient permissions.")


def test_without_permission_nothing_is_stored(bench: Workbench) -> None:
    deny(bench, "s3:PutObject")
    assert bench.finished(bench.create(stage("Deploy", deploy(bench.target)))) == "Failed"
    error = bench.action("Source", "Source")["errorDetails"]
    assert error["code"] == "PermissionError"
    assert f"access the Amazon S3 bucket named {bench.artifacts}" in error["message"]


def test_an_action_runs_under_its_own_role(bench: Workbench) -> None:
    trust = bench.account.client("iam")
    own = bench.account.role("deployer", "codepipeline.amazonaws.com", ALLOW_ALL)
    statement = {"Effect": "Allow", "Principal": {"AWS": bench.role}, "Action": "sts:AssumeRole"}
    trust.update_assume_role_policy(
        RoleName="deployer", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    deny(bench, "s3:PutObject", role="deployer")
    assert bench.finished(bench.create(stage("Deploy", {**deploy(bench.target), "roleArn": own}))) == "Failed"
    assert bench.action("Source", "Source")["status"] == "Succeeded"
    assert bench.action("Deploy", "Deploy")["errorDetails"]["code"] == "PermissionError"


def test_an_actions_role_must_let_the_pipeline_in(bench: Workbench) -> None:
    own = bench.account.role("deployer", "codebuild.amazonaws.com", ALLOW_ALL)
    with pytest.raises(bench.client.exceptions.InvalidStructureException) as refused:
        bench.create(stage("Deploy", {**deploy(bench.target), "roleArn": own}))
    assert f"{bench.role} is not authorized to perform AssumeRole on role {own}" in str(refused.value)


def test_an_approval_expires(bench: Workbench) -> None:
    first = bench.create(
        stage("Approve", approval(timeoutInMinutes=5)), stage("Deploy", deploy(bench.target))
    )
    bench.awaits("Approve")
    codepipeline(bench).clock.expire(datetime.now(UTC) + timedelta(minutes=6))
    assert bench.finished(first) == "Failed"
    assert bench.action("Approve", "Approve")["errorDetails"]["code"] == "Timeout"


def test_reviewers_are_told_by_sns(bench: Workbench) -> None:
    sns, sqs = bench.account.client("sns"), bench.account.client("sqs")
    topic = sns.create_topic(Name="reviewers")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{bench.account.id}:q")
    asked = approval()
    asked["configuration"] = {"NotificationArn": topic, "CustomData": "please"}
    bench.create(stage("Approve", asked), stage("Deploy", deploy(bench.target)))
    token = bench.awaits("Approve")
    found = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    told = json.loads(json.loads(found[0]["Body"])["Message"])["approval"]
    assert (told["token"], told["customData"], told["stageName"]) == (token, "please", "Approve")


def test_a_stage_repairs_itself_by_retrying(bench: Workbench) -> None:
    bucket = "late-" + bench.account.id
    retrying = {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}
    first = bench.create(stage("Deploy", deploy(bucket), onFailure=retrying))
    assert bench.finished(first) == "Failed"
    states = bench.client.get_pipeline_state(name="p")["stageStates"]
    assert states[1]["retryStageMetadata"] == {
        "autoStageRetryAttempt": 1,
        "latestRetryTrigger": "AutomatedStageRetry",
    }
    assert bench.client.get_pipeline(name="p")["pipeline"]["pipelineType"] == "V2"


def test_a_stage_rolls_back_by_itself(bench: Workbench) -> None:
    deploying = stage("Deploy", deploy("#{variables.bucket}"), onFailure={"result": "ROLLBACK"})
    variables = [{"name": "bucket", "defaultValue": bench.target}]
    good = bench.create(deploying, variables=variables)
    bench.finished(good)
    commit(bench.account, "worse")
    wrong = [{"name": "bucket", "value": "nowhere-" + bench.account.id}]
    bad = bench.client.start_pipeline_execution(name="p", variables=wrong)["pipelineExecutionId"]
    assert bench.finished(bad) == "Failed"
    newest = bench.executions()[0]
    assert newest["trigger"]["triggerType"] == "AutomatedRollback"
    assert newest["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    assert bench.finished(newest["pipelineExecutionId"]) == "Succeeded"
    assert page(bench) == "hello"


def function(bench: Workbench) -> None:
    role = bench.account.role("function", "lambda.amazonaws.com", ALLOW_ALL)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("main.py", FUNCTION)
    client = bench.account.client("lambda")
    client.create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": body.getvalue()},
        Timeout=20,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})


def invoke(wish: str) -> dict[str, Any]:
    return {
        "name": "Call",
        "namespace": "Called",
        "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
        "configuration": {"FunctionName": "f", "UserParameters": wish},
    }


def test_a_function_answers_with_variables(bench: Workbench) -> None:
    function(bench)
    first = bench.create(
        stage("Call", invoke("spoken")), stage("Deploy", deploy(bench.target, ObjectKey="#{Called.Said}"))
    )
    assert bench.finished(first) == "Succeeded"
    keys = [one["Key"] for one in bench.account.client("s3").list_objects_v2(Bucket=bench.target)["Contents"]]
    assert keys == ["spoken/index.html"]


def test_a_function_may_fail_the_action(bench: Workbench) -> None:
    function(bench)
    assert bench.finished(bench.create(stage("Call", invoke("fail")))) == "Failed"
    assert bench.action("Call", "Call")["errorDetails"] == {"code": "JobFailed", "message": "no"}


def test_what_codepipeline_remembers_can_be_saved(bench: Workbench) -> None:
    first = bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Approve")
    state = codepipeline(bench).register.of(bench.account.id, bench.account.region)
    again = pickle.loads(pickle.dumps(state))
    assert again.pipelines["p"].execution(first) == state.pipelines["p"].execution(first)


def test_many_executions_at_once_all_arrive(bench: Workbench) -> None:
    first = bench.create(
        stage("Deploy", deploy(bench.target, ObjectKey="#{codepipeline.PipelineExecutionId}")),
        executionMode="PARALLEL",
    )
    ids = [bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"] for _ in range(20)]
    assert {bench.finished(one) for one in [first, *ids]} == {"Succeeded"}
    found = bench.account.client("s3").list_objects_v2(Bucket=bench.target)["Contents"]
    assert {one["Key"].partition("/")[0] for one in found} == {first, *ids}


def test_queued_executions_run_in_order(bench: Workbench) -> None:
    bench.create(stage("Approve", approval()), stage("Deploy", deploy(bench.target)), executionMode="QUEUED")
    token = bench.awaits("Approve")
    second, third = (bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"] for _ in range(2))
    wait_for(lambda: len(_before_approval(bench)) == 2)
    assert _before_approval(bench) == [second, third]
    bench.approve("Approve", token)
    wait_for(lambda: _before_approval(bench) == [third])
    assert bench.status(second) == "InProgress"


def _before_approval(bench: Workbench) -> list[str]:
    state = bench.client.get_pipeline_state(name="p")["stageStates"][1]
    return [one["pipelineExecutionId"] for one in state["inboundExecutions"]]
