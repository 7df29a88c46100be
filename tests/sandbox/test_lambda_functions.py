"""What Lambda lets one set up, and in which words it refuses (verified against AWS's API reference)."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.functions import function, invoke, package

ONE = {"index.mjs": "export const handler = async () => 1"}


def test_a_function_is_active_after_its_creation(account: Account) -> None:
    arn = function(account, ONE, Description="first", Environment={"Variables": {"A1": "b"}})
    shown = account.client("lambda").get_function(FunctionName=arn)
    configuration = shown["Configuration"]
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert configuration["Environment"] == {"Variables": {"A1": "b"}}
    assert configuration["LoggingConfig"]["LogGroup"] == "/aws/lambda/f"


def test_the_code_can_be_downloaded_from_its_location(account: Account) -> None:
    function(account, ONE)
    location = account.client("lambda").get_function(FunctionName="f")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == package(ONE)


def test_a_changed_download_link_is_refused(account: Account) -> None:
    function(account, ONE)
    location = account.client("lambda").get_function(FunctionName="f")["Code"]["Location"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(location.replace(".zip", "0.zip"))


def test_a_role_that_does_not_trust_lambda_is_refused(account: Account) -> None:
    role = account.role("other", "codebuild.amazonaws.com")
    with pytest.raises(ClientError) as refused:
        function(account, ONE, Role=role)
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": "The role defined for the function cannot be assumed by Lambda.",
    }


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "retired runtime": ({"Runtime": "nodejs12.x"}, "is no longer supported for creating or updating"),
    "a runtime not here": ({"Runtime": "java21"}, "it has no java21"),
    "no runtime at all": ({"Runtime": "cobol85"}, "Member must satisfy enum value set"),
    "timeout": (
        {"Timeout": 901},
        "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to",
    ),
    "memory": ({"MemorySize": 20_000}, "Value '20000' at 'memorySize'"),
    "reserved variable": (
        {"Environment": {"Variables": {"AWS_REGION": "x"}}},
        "Reserved keys used in this request: AWS_REGION",
    ),
    "too many variables": ({"Environment": {"Variables": {"AA": "x" * 5000}}}, "exceeded the 4KB limit"),
    "name": (
        {"FunctionName": "no spaces"},
        "at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern",
    ),
    "handler": ({"Handler": "no spaces"}, "at 'handler' failed to satisfy constraint"),
    "empty zip": ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
    "no zip": ({"Code": {"ZipFile": b"hello"}}, "Could not unzip uploaded file"),
    "an image": ({"Code": {"ImageUri": "x"}, "PackageType": "Image"}, "not from container images"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused(account: Account, what: str) -> None:
    settings, words = REFUSED[what]
    client = account.client("lambda")
    good = {
        "FunctionName": "f",
        "Role": account.role("r", "lambda.amazonaws.com"),
        "Runtime": "nodejs24.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": package(ONE)},
    }
    with pytest.raises(ClientError) as refused:
        client.create_function(**{**good, **settings})
    assert words in refused.value.response["Error"]["Message"]
    assert client.list_functions()["Functions"] == []


def test_a_name_is_taken_once(account: Account) -> None:
    arn = function(account, ONE)
    role = account.client("lambda").get_function_configuration(FunctionName=arn)["Role"]
    with pytest.raises(ClientError, match="Function already exist: f"):
        function(account, ONE, Role=role)


def test_a_missing_function_is_named_in_full(account: Account) -> None:
    with pytest.raises(ClientError) as refused:
        account.client("lambda").get_function(FunctionName="nope")
    error = refused.value.response["Error"]
    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"] == f"Function not found: arn:aws:lambda:eu-west-1:{account.id}:function:nope"


def test_functions_of_other_regions_are_out_of_reach(account: Account) -> None:
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:f"
    with pytest.raises(ClientError, match="Functions from 'us-east-1' are not reachable in this region"):
        account.client("lambda").get_function(FunctionName=arn)


def _bucket(account: Account) -> str:
    name = f"code-{account.id}"
    account.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return name


def test_code_comes_out_of_s3(account: Account) -> None:
    bucket = _bucket(account)
    account.client("s3").put_object(Bucket=bucket, Key="app.zip", Body=package(ONE))
    function(account, {}, Code={"S3Bucket": bucket, "S3Key": "app.zip"})
    assert invoke(account).answer == 1


def test_a_missing_package_is_refused_in_s3s_words(account: Account) -> None:
    bucket = _bucket(account)
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchKey"):
        function(account, {}, Code={"S3Bucket": bucket, "S3Key": "app.zip"})


def test_the_package_is_read_as_the_caller(account: Account) -> None:
    bucket = _bucket(account)
    account.client("s3").put_object(Bucket=bucket, Key="app.zip", Body=package(ONE))
    role = account.role("function-role", "lambda.amazonaws.com")
    allowed = [{"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}]
    deployer = account.role(
        "deployer", "cloudformation.amazonaws.com", {"Version": "2012-10-17", "Statement": allowed}
    )
    client = account.client("lambda", as_role=deployer)
    settings = {"FunctionName": "f", "Role": role, "Runtime": "nodejs24.x", "Handler": "index.handler"}
    with pytest.raises(ClientError, match="Your access has been denied by S3") as refused:
        client.create_function(**settings, Code={"S3Bucket": bucket, "S3Key": "app.zip"})
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_versions_stay_as_they_were_published(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 'one'"})
    client = account.client("lambda")
    version = client.publish_version(FunctionName="f")["Version"]
    client.update_function_code(
        FunctionName="f", ZipFile=package({"index.mjs": "export const handler = async () => 'two'"})
    )
    client.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    assert invoke(account, Qualifier="live").answer == "one"
    assert invoke(account, Qualifier="1").answer == "one"
    assert invoke(account).answer == "two"


def test_publishing_the_same_twice_makes_one_version(account: Account) -> None:
    function(account, ONE)
    client = account.client("lambda")
    assert [client.publish_version(FunctionName="f")["Version"] for _ in range(2)] == ["1", "1"]
    listed = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1"]


def test_permissions_make_a_policy(account: Account) -> None:
    arn = function(account, ONE)
    client = account.client("lambda")
    client.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn="arn:aws:events:x",
    )
    statement = json.loads(client.get_policy(FunctionName="f")["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Resource"] == arn
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:events:x"}}
    client.remove_permission(FunctionName="f", StatementId="s")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName="f")


def test_another_account_may_invoke_if_the_policy_says_so(account: Account, sandbox: Any) -> None:
    arn = function(account, ONE)
    other = Account(sandbox)
    client = other.client("lambda")
    with pytest.raises(ClientError, match="not authorized to perform: lambda:InvokeFunction"):
        client.invoke(FunctionName=arn)
    account.client("lambda").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=other.id
    )
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == 1


def test_a_deleted_function_is_gone(account: Account) -> None:
    function(account, ONE)
    invoke(account)
    client = account.client("lambda")
    client.delete_function(FunctionName="f")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="f")


def test_a_layers_files_are_there_for_functions(account: Account) -> None:
    client = account.client("lambda")
    layer = client.publish_layer_version(
        LayerName="tools",
        Content={"ZipFile": package({"nodejs/node_modules/plus/index.js": "module.exports = (a) => a + 1"})},
    )
    source = "exports.handler = async (e) => require('plus')(e.a)"
    function(account, {"index.js": source}, Layers=[layer["LayerVersionArn"]])
    assert invoke(account, {"a": 1}).answer == 2


def test_the_waiters_of_boto3_are_satisfied(account: Account) -> None:
    function(account, ONE)
    client = account.client("lambda")
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    client.get_waiter("function_updated_v2").wait(FunctionName="f")


def test_tags_come_and_go(account: Account) -> None:
    arn = function(account, ONE, Tags={"a": "1"})
    client = account.client("lambda")
    client.tag_resource(Resource=arn, Tags={"b": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}


def test_the_account_shows_its_limits_and_use(account: Account) -> None:
    function(account, ONE)
    settings = account.client("lambda").get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountUsage"]["FunctionCount"] == 1


def test_what_is_not_here_says_so(account: Account) -> None:
    with pytest.raises(ClientError, match="does not have lambda:ListEventSourceMappings"):
        account.client("lambda").list_event_source_mappings()
