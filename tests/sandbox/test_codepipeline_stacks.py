"""Pipelines that deploy with CloudFormation, in every mode of the action."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.workbench import ALLOW_ALL, Workbench, bench, stage

__all__ = ["bench"]

TEMPLATE = """
Parameters:
  Word: {Type: String, Default: none}
  Where: {Type: String, Default: none}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/app/${Word}'}
Outputs:
  Group: {Value: !Ref Group}
  Where: {Value: !Ref Where}
"""
ROLE_TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""


def put(bench: Workbench, **files: str) -> None:
    """Commit files; a__b stands for a.b."""
    codecommit = bench.account.client("codecommit")
    parent = codecommit.get_branch(repositoryName="app", branchName="main")["branch"]["commitId"]
    entries = [
        {"filePath": name.replace("__", "."), "fileContent": text.encode()} for name, text in files.items()
    ]
    codecommit.create_commit(repositoryName="app", branchName="main", parentCommitId=parent, putFiles=entries)


def cloudformation(mode: str, name: str = "Deploy", **configuration: str) -> dict[str, Any]:
    kind = {"category": "Deploy", "owner": "AWS", "provider": "CloudFormation", "version": "1"}
    settings = {"ActionMode": mode, "StackName": "s"} | configuration
    inputs = [{"name": "SourceArtifact"}] if "TemplatePath" in settings else []
    return {
        "name": name,
        "actionTypeId": kind,
        "configuration": settings,
        "inputArtifacts": inputs,
    }


@pytest.fixture
def role(bench: Workbench) -> str:
    """The role that CloudFormation takes."""
    put(bench, t__yml=TEMPLATE)
    return bench.account.role("cfn", "cloudformation.amazonaws.com", ALLOW_ALL)


def stack(bench: Workbench) -> dict[str, Any]:
    found: dict[str, Any] = bench.account.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]
    return found


def outputs(bench: Workbench) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack(bench)["Outputs"]}


def change_set(role: str, **more: str) -> list[dict[str, Any]]:
    """The two actions of the workshop's Deploy stage."""
    template = {"TemplatePath": "SourceArtifact::t.yml", "RoleArn": role} | more
    return [
        cloudformation("CHANGE_SET_REPLACE", "Create", ChangeSetName="cs", **template),
        cloudformation("CHANGE_SET_EXECUTE", "Execute", ChangeSetName="cs") | {"runOrder": 2},
    ]


def test_a_change_set_is_made_and_executed(bench: Workbench, role: str) -> None:
    overrides = json.dumps({"Word": "#{Src.BranchName}"})
    first = bench.create(stage("Deploy", *change_set(role, ParameterOverrides=overrides)))
    assert bench.finished(first) == "Succeeded"
    assert (stack(bench)["StackStatus"], outputs(bench)["Group"]) == ("CREATE_COMPLETE", "/app/main")
    assert stack(bench)["RoleARN"] == role
    assert bench.action("Deploy", "Execute")["externalExecutionId"] == stack(bench)["StackId"]


def test_an_empty_change_set_is_no_failure(bench: Workbench, role: str) -> None:
    bench.finished(bench.create(stage("Deploy", *change_set(role))))
    again = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert bench.finished(again) == "Succeeded"
    assert stack(bench)["StackStatus"] == "CREATE_COMPLETE"


def test_a_missing_capability_is_told_in_cloudformations_words(bench: Workbench, role: str) -> None:
    put(bench, t__yml=ROLE_TEMPLATE)
    assert bench.finished(bench.create(stage("Deploy", *change_set(role)))) == "Failed"
    error = bench.action("Deploy", "Create")["errorDetails"]
    assert error["code"] == "JobFailed"
    assert error["message"].startswith(
        "Requires capabilities : [CAPABILITY_IAM] (Service: AmazonCloudFormation; Status Code: 400; "
        "Error Code: InsufficientCapabilitiesException; Request ID: "
    )


def test_a_template_that_is_not_in_the_artifact(bench: Workbench, role: str) -> None:
    actions = change_set(role, TemplatePath="SourceArtifact::other.yml")
    assert bench.finished(bench.create(stage("Deploy", *actions))) == "Failed"
    assert bench.action("Deploy", "Create")["errorDetails"] == {
        "code": "ConfigurationError",
        "message": "File [other.yml] does not exist in artifact [SourceArtifact]",
    }


def test_a_stack_is_created_and_then_updated(bench: Workbench, role: str) -> None:
    deploy = cloudformation("CREATE_UPDATE", TemplatePath="SourceArtifact::t.yml", RoleArn=role)
    bench.finished(bench.create(stage("Deploy", deploy)))
    put(bench, t__yml=TEMPLATE.replace("Default: none", "Default: two", 1))
    again = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert bench.finished(again) == "Succeeded"
    assert (stack(bench)["StackStatus"], outputs(bench)["Group"]) == ("UPDATE_COMPLETE", "/app/two")


def test_parameters_come_from_a_file_and_from_artifacts(bench: Workbench, role: str) -> None:
    put(bench, conf__json=json.dumps({"Parameters": {"Word": "filed"}, "Tags": {"team": "blue"}}))
    where = json.dumps({"Where": {"Fn::GetArtifactAtt": ["SourceArtifact", "BucketName"]}})
    deploy = cloudformation(
        "CREATE_UPDATE",
        TemplatePath="SourceArtifact::t.yml",
        TemplateConfiguration="SourceArtifact::conf.json",
        ParameterOverrides=where,
        RoleArn=role,
    )
    assert bench.finished(bench.create(stage("Deploy", deploy))) == "Succeeded"
    assert outputs(bench) == {"Group": "/app/filed", "Where": bench.artifacts}
    assert stack(bench)["Tags"] == [{"Key": "team", "Value": "blue"}]


def test_a_parameter_is_read_from_a_file(bench: Workbench, role: str) -> None:
    put(bench, names__json='{"word": "named"}')
    word = json.dumps({"Word": {"Fn::GetParam": ["SourceArtifact", "names.json", "word"]}})
    deploy = cloudformation(
        "CREATE_UPDATE", TemplatePath="SourceArtifact::t.yml", ParameterOverrides=word, RoleArn=role
    )
    bench.finished(bench.create(stage("Deploy", deploy)))
    assert outputs(bench)["Group"] == "/app/named"


def test_outputs_become_variables_and_a_file(bench: Workbench, role: str) -> None:
    deploy = cloudformation(
        "CREATE_UPDATE", TemplatePath="SourceArtifact::t.yml", RoleArn=role, OutputFileName="out.json"
    )
    deploy["outputArtifacts"] = [{"name": "Outputs"}]
    bench.finished(bench.create(stage("Deploy", deploy)))
    row = bench.client.list_action_executions(pipelineName="p")["actionExecutionDetails"][0]
    assert row["output"]["outputVariables"] == {"Group": "/app/none", "Where": "none"}
    place = row["output"]["outputArtifacts"][0]["s3location"]
    body = bench.account.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    told = json.loads(zipfile.ZipFile(io.BytesIO(body)).read("out.json"))
    assert told == {"Group": "/app/none", "Where": "none"}


def test_a_stack_is_deleted(bench: Workbench, role: str) -> None:
    bench.account.client("cloudformation").create_stack(StackName="s", TemplateBody=TEMPLATE)
    bench.account.client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName="s", WaiterConfig={"Delay": 1}
    )
    first = bench.create(stage("Deploy", cloudformation("DELETE_ONLY", RoleArn=role)))
    assert bench.finished(first) == "Succeeded"
    with pytest.raises(ClientError, match="does not exist"):
        stack(bench)


def test_a_failed_stack_says_which_resource(bench: Workbench, role: str) -> None:
    bench.account.client("logs").create_log_group(logGroupName="/app/none")
    deploy = cloudformation("CREATE_UPDATE", TemplatePath="SourceArtifact::t.yml", RoleArn=role)
    assert bench.finished(bench.create(stage("Deploy", deploy))) == "Failed"
    message = bench.action("Deploy", "Deploy")["errorDetails"]["message"]
    assert message.startswith("Failed to create stack. Current status: ROLLBACK_COMPLETE. Reason: Group: ")


def test_a_failed_stack_is_replaced(bench: Workbench, role: str) -> None:
    logs = bench.account.client("logs")
    logs.create_log_group(logGroupName="/app/none")
    deploy = cloudformation("REPLACE_ON_FAILURE", TemplatePath="SourceArtifact::t.yml", RoleArn=role)
    assert bench.finished(bench.create(stage("Deploy", deploy))) == "Failed"
    logs.delete_log_group(logGroupName="/app/none")
    again = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert bench.finished(again) == "Succeeded"
    assert stack(bench)["StackStatus"] == "CREATE_COMPLETE"


def test_the_reason_is_for_those_who_may_read_events(bench: Workbench, role: str) -> None:
    bench.account.client("logs").create_log_group(logGroupName="/app/none")
    deny = {"Effect": "Deny", "Action": "cloudformation:DescribeStackEvents", "Resource": "*"}
    bench.account.client("iam").put_role_policy(
        RoleName="pipeline",
        PolicyName="no",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    deploy = cloudformation("CREATE_UPDATE", TemplatePath="SourceArtifact::t.yml", RoleArn=role)
    bench.finished(bench.create(stage("Deploy", deploy)))
    assert bench.action("Deploy", "Deploy")["errorDetails"]["message"] == (
        "Failed to create stack. Current status: ROLLBACK_COMPLETE. Status reason is not available because "
        "IAM role associated with the action does not have CloudFormation DescribeStackEvents permission"
    )


def test_passing_a_role_needs_permission(bench: Workbench, role: str) -> None:
    deny = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}
    bench.account.client("iam").put_role_policy(
        RoleName="pipeline",
        PolicyName="no",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    assert bench.finished(bench.create(stage("Deploy", *change_set(role)))) == "Failed"
    assert "iam:PassRole" in bench.action("Deploy", "Create")["errorDetails"]["message"]
