"""Pipelines with CodeBuild: what a build gets, gives, and how its failure is told."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.workbench import ALLOW_ALL, Workbench, bench, deploy, stage

__all__ = ["bench"]

GOOD = """version: 0.2
env:
  exported-variables: [WORD]
phases:
  build:
    commands:
      - export WORD=$(cat index.html)
      - mkdir out && echo "built $WORD for $WHO" > out/index.html
artifacts:
  base-directory: out
  files: ['**/*']
"""
BAD = """version: 0.2
phases:
  build:
    commands:
      - cat nothing-here
"""


def build(**configuration: str) -> dict[str, Any]:
    return {
        "name": "Build",
        "namespace": "Built",
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "configuration": {"ProjectName": "app"} | configuration,
        "inputArtifacts": [{"name": "SourceArtifact"}],
        "outputArtifacts": [{"name": "BuildArtifact"}],
    }


def built(target: str, **configuration: str) -> dict[str, Any]:
    return {**deploy(target, **configuration), "inputArtifacts": [{"name": "BuildArtifact"}]}


def project(bench: Workbench, buildspec: str) -> None:
    role = bench.account.role("build", "codebuild.amazonaws.com", ALLOW_ALL)
    bench.account.client("codebuild").create_project(
        name="app",
        serviceRole=role,
        source={"type": "CODEPIPELINE", "buildspec": buildspec},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
    )


WHO = json.dumps([{"name": "WHO", "value": "#{Src.BranchName}", "type": "PLAINTEXT"}])


def test_a_build_turns_its_input_into_its_output(bench: Workbench) -> None:
    project(bench, GOOD)
    first = bench.create(
        stage("Build", build(EnvironmentVariables=WHO)),
        stage("Deploy", built(bench.target, ObjectKey="#{Built.WORD}")),
    )
    assert bench.finished(first) == "Succeeded"
    found = bench.account.client("s3").get_object(Bucket=bench.target, Key="hello/index.html")
    assert found["Body"].read() == b"built hello for main\n"


def test_the_action_names_its_build(bench: Workbench) -> None:
    project(bench, GOOD)
    bench.finished(bench.create(stage("Build", build())))
    shown = bench.action("Build", "Build")
    found = bench.account.client("codebuild").batch_get_builds(ids=[shown["externalExecutionId"]])
    assert found["builds"][0]["initiator"] == "codepipeline/p"
    assert shown["externalExecutionUrl"].startswith(
        f"https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/{bench.account.id}/projects/app/build/app%3A"
    )
    revision = bench.executions()[0]["sourceRevisions"][0]["revisionId"]
    assert found["builds"][0]["resolvedSourceVersion"] == revision


def test_a_failed_build_says_which_phase(bench: Workbench) -> None:
    project(bench, BAD)
    assert bench.finished(bench.create(stage("Build", build()))) == "Failed"
    error = bench.action("Build", "Build")["errorDetails"]
    assert error["code"] == "JobFailed"
    assert error["message"] == (
        "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, "
        "Message: Error while executing command: cat nothing-here. Reason: exit status 1"
    )


def test_a_project_that_is_not_there(bench: Workbench) -> None:
    assert bench.finished(bench.create(stage("Build", build(ProjectName="nothing")))) == "Failed"
    message = bench.action("Build", "Build")["errorDetails"]["message"]
    assert message.startswith("Error calling startBuild: Project cannot be found")
    assert "Error Code: ResourceNotFoundException" in message


def test_a_pipeline_that_may_not_build(bench: Workbench) -> None:
    project(bench, GOOD)
    deny = {"Effect": "Deny", "Action": "codebuild:StartBuild", "Resource": "*"}
    bench.account.client("iam").put_role_policy(
        RoleName="pipeline",
        PolicyName="no",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    assert bench.finished(bench.create(stage("Build", build()))) == "Failed"
    message = bench.action("Build", "Build")["errorDetails"]["message"]
    assert "is not authorized to perform: codebuild:StartBuild" in message
    assert "Error Code: AccessDeniedException" in message


def test_retrying_the_build_after_the_fix(bench: Workbench) -> None:
    project(bench, BAD)
    first = bench.create(stage("Build", build()))
    assert bench.finished(first) == "Failed"
    bench.account.client("codebuild").update_project(
        name="app", source={"type": "CODEPIPELINE", "buildspec": GOOD}
    )
    bench.client.retry_stage_execution(
        pipelineName="p", stageName="Build", pipelineExecutionId=first, retryMode="FAILED_ACTIONS"
    )
    assert bench.finished(first) == "Succeeded"
    rows = bench.client.list_action_executions(pipelineName="p")["actionExecutionDetails"]
    assert [row["status"] for row in rows if row["actionName"] == "Build"] == ["Succeeded", "Failed"]


def test_the_output_artifact_is_what_the_build_left(bench: Workbench) -> None:
    project(bench, GOOD)
    bench.finished(bench.create(stage("Build", build())))
    row = bench.client.list_action_executions(pipelineName="p")["actionExecutionDetails"][0]
    place = row["output"]["outputArtifacts"][0]["s3location"]
    body = bench.account.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(body)).namelist() == ["index.html"]
    assert row["output"]["outputVariables"] == {"WORD": "hello"}


def test_a_build_in_a_pipeline_cannot_be_started_by_hand(bench: Workbench) -> None:
    project(bench, GOOD)
    with pytest.raises(ClientError):
        bench.account.client("codebuild").start_build(projectName="app")
