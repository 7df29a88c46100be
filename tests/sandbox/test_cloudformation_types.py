"""Every resource type that stacks can have here: made, changed and taken away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REGION, Account
from tests.sandbox.test_cloudformation import create, delete, group, history, status, template
from workshop.sandbox.cloudformation.catalogue import Catalogue
from workshop.sandbox.cloudformation.resources import KINDS

BODY = (Path(__file__).parent / "cloudformation_types.yaml").read_text()
CHILD = """
Parameters: {V: {Type: String}}
Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref V}}}
Outputs: {Name: {Value: !Ref P}}
"""
CUSTOM = """
Parameters: {Word: {Type: String, Default: one}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  F:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: nodejs24.x
      Handler: index.handler
      Code:
        ZipFile: |
          const answer = require("cfn-response");
          exports.handler = async (event, context) => {
            const word = event.ResourceProperties.Word;
            const status = word === "bad" ? answer.FAILED : answer.SUCCESS;
            await answer.send(event, context, status, {Said: "hello " + word}, "mine");
          };
  C: {Type: Custom::Greeting, Properties: {ServiceToken: !GetAtt F.Arn, Word: !Ref Word}}
Outputs: {Said: {Value: !GetAtt C.Said}}
"""


@pytest.fixture(scope="module")
def everything(sandbox: Any) -> Account:
    """An account in which a stack of all types was created and then updated."""
    account = Account(sandbox)
    s3, cloudformation = account.client("s3"), account.client("cloudformation")
    bucket = f"templates-{account.id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="child.yaml", Body=CHILD.encode())
    body = BODY.replace("BUCKET", bucket)
    create(account, body, Capabilities=["CAPABILITY_IAM"], OnFailure="DO_NOTHING")
    cloudformation.update_stack(
        StackName="s",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "V", "ParameterValue": "two"}],
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    assert status(account, "s") == "UPDATE_COMPLETE", history(account, "s")
    return account


def ids(account: Account) -> dict[str, str]:
    found = account.client("cloudformation").list_stack_resources(StackName="s")["StackResourceSummaries"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}


def asked(
    service: str, operation: str, key: str, name: str, **more: Any
) -> Callable[[Account, dict[str, str]], Any]:
    """Ask the service itself about the resource with the logical id `name`."""
    return lambda account, found: getattr(account.client(service), operation)(**{key: found[name]}, **more)


LOOKS: list[tuple[str, Callable[[Account, dict[str, str]], Any], str, Any]] = [
    ("role", asked("iam", "get_role", "RoleName", "Role"), "Role.Description", "two"),
    ("role's policy", asked("iam", "list_role_policies", "RoleName", "Role"), "PolicyNames.0", "two"),
    ("user", asked("iam", "list_groups_for_user", "UserName", "User"), "Groups.0.Path", "/"),
    (
        "function",
        asked("lambda", "get_function_configuration", "FunctionName", "F"),
        "Environment.Variables.VV",
        "two",
    ),
    ("alias", asked("lambda", "get_alias", "FunctionName", "F", Name="live"), "Description", "two"),
    ("REST API", asked("apigateway", "get_rest_api", "restApiId", "Rest"), "description", "two"),
    (
        "REST stage",
        asked("apigateway", "get_stage", "restApiId", "Rest", stageName="prod"),
        "variables.v",
        "two",
    ),
    ("HTTP API", asked("apigatewayv2", "get_api", "ApiId", "Http"), "Description", "two"),
    ("HTTP route", asked("apigatewayv2", "get_routes", "ApiId", "Http"), "Items.0.RouteKey", "GET /"),
    ("versioning", asked("s3", "get_bucket_versioning", "Bucket", "Bucket"), "Status", "Enabled"),
    (
        "lifecycle",
        asked("s3", "get_bucket_lifecycle_configuration", "Bucket", "Bucket"),
        "Rules.0.Expiration.Days",
        3,
    ),
    (
        "log group",
        asked("logs", "describe_log_groups", "logGroupNamePrefix", "Logs"),
        "logGroups.0.retentionInDays",
        7,
    ),
    ("rule", asked("events", "describe_rule", "Name", "Rule"), "Description", "two"),
    ("targets", asked("events", "list_targets_by_rule", "Rule", "Rule"), "Targets.0.Id", "t"),
    ("topic", asked("sns", "get_topic_attributes", "TopicArn", "Topic"), "Attributes.DisplayName", "two"),
    (
        "queue",
        asked("sqs", "get_queue_attributes", "QueueUrl", "Queue", AttributeNames=["All"]),
        "Attributes.DelaySeconds",
        "5",
    ),
    ("queue's tags", asked("sqs", "list_queue_tags", "QueueUrl", "Queue"), "Tags.team", "blue"),
    ("table", asked("dynamodb", "describe_table", "TableName", "Table"), "Table.TableStatus", "ACTIVE"),
    ("parameter", asked("ssm", "get_parameter", "Name", "Param"), "Parameter.Value", "two"),
    ("secret", asked("secretsmanager", "describe_secret", "SecretId", "Secret"), "Description", "two"),
    ("key", asked("kms", "describe_key", "KeyId", "KmsKey"), "KeyMetadata.Description", "two"),
    ("dashboard", asked("cloudwatch", "get_dashboard", "DashboardName", "Dash"), "DashboardName", None),
    ("pipeline", asked("codepipeline", "get_pipeline", "name", "Pipe"), "pipeline.stages.1.name", "two"),
    (
        "nested stack",
        asked("cloudformation", "describe_stacks", "StackName", "Nested"),
        "Stacks.0.Parameters.0.ParameterValue",
        "two",
    ),
]


@pytest.mark.parametrize(
    ("look", "path", "expected"), [look[1:] for look in LOOKS], ids=[look[0] for look in LOOKS]
)
def test_the_service_itself_shows_the_updated_resource(
    everything: Account, look: Callable[[Account, dict[str, str]], Any], path: str, expected: Any
) -> None:
    found = look(everything, ids(everything))
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    assert found == expected or expected is None


def test_every_type_is_in_the_template_above() -> None:
    apart = {
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::CloudFormation::CustomResource",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::LayerVersion",
    }
    assert {type_ for type_ in KINDS if type_ not in apart and f"Type: {type_}" not in BODY} == set()


def test_every_type_is_one_of_awss() -> None:
    catalogue = Catalogue()
    assert [type_ for type_ in KINDS if not catalogue.exists(type_)] == []


def test_a_custom_resource_is_what_its_function_answers(account: Account) -> None:
    create(account, CUSTOM, Capabilities=["CAPABILITY_IAM"])
    (output,) = account.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert output["OutputValue"] == "hello one"
    assert delete(account) == "DELETE_COMPLETE"


def test_a_custom_resource_that_answers_failed_fails_the_stack(account: Account) -> None:
    create(
        account,
        CUSTOM,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "Word", "ParameterValue": "bad"}],
    )
    assert status(account, "s") == "ROLLBACK_COMPLETE"
    assert any(
        "Received response status [FAILED] from custom resource" in r for _, _, r in history(account, "s")
    )


def test_a_type_that_aws_has_and_this_sandbox_has_not_fails_with_the_reason(account: Account) -> None:
    create(account, template(V={"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}))
    assert (
        "V",
        "CREATE_FAILED",
        "This sandbox cannot make resources of type AWS::EC2::VPC; AWS can.",
    ) in history(account, "s")


def test_a_property_that_the_type_does_not_have_is_refused(account: Account) -> None:
    create(account, template(L=group("/g", Colour="red")))
    reasons = [
        reason for name, state, reason in history(account, "s") if (name, state) == ("L", "CREATE_FAILED")
    ]
    assert reasons == [
        "Properties validation failed for resource L with message:\n"
        "#: extraneous key [Colour] is not permitted"
    ]
