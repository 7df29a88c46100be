"""Change sets and SAM, against a running sandbox."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import REGION, Account
from tests.sandbox.test_cloudformation import create, group, groups, history, status, template

AWS = Path(sys.executable).parent / "aws"
SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Greeting: {Type: String, Default: hello}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: nodejs24.x
      CodeUri: s3://BUCKET/code
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events: {Every: {Type: HttpApi}}
Outputs:
  Url: {Value: !GetAtt ServerlessHttpApi.ApiEndpoint}
  Function: {Value: !Ref F}
"""


def propose(
    account: Account, body: str, *, name: str = "c", kind: str = "UPDATE", **more: Any
) -> dict[str, Any]:
    cloudformation = account.client("cloudformation")
    cloudformation.create_change_set(
        StackName="s",
        ChangeSetName=name,
        TemplateBody=body,
        ChangeSetType=kind,
        Capabilities=["CAPABILITY_IAM"],
        **more,
    )
    found: dict[str, Any] = cloudformation.describe_change_set(StackName="s", ChangeSetName=name)
    return found


def execute(account: Account, name: str = "c") -> None:
    account.client("cloudformation").execute_change_set(StackName="s", ChangeSetName=name)
    status(account, "s")


def actions(change_set: dict[str, Any]) -> list[tuple[str, str]]:
    found = [change["ResourceChange"] for change in change_set["Changes"]]
    return [(change["Action"], change["LogicalResourceId"]) for change in found]


@pytest.fixture
def sam(account: Account) -> str:
    """A SAM template whose code is in the account's bucket."""
    bucket, packed = f"packages-{account.id}", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", "exports.handler = async () => ({statusCode: 200, body: 'hi'})")
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="code", Body=packed.getvalue())
    return SAM.replace("BUCKET", bucket)


def test_a_creating_change_set_makes_an_empty_stack_for_review(account: Account) -> None:
    assert actions(propose(account, template(L=group("/g")), kind="CREATE")) == [("Add", "L")]
    assert status(account, "s") == "REVIEW_IN_PROGRESS"
    assert groups(account) == {}


def test_executing_it_makes_the_stack(account: Account) -> None:
    propose(account, template(L=group("/g")), kind="CREATE")
    execute(account)
    assert status(account, "s") == "CREATE_COMPLETE"
    assert set(groups(account)) == {"/g"}


def test_an_updating_change_set_shows_what_it_will_do(account: Account) -> None:
    create(account, template(L=group("/g"), M=group("/m")))
    found = propose(account, template(L=group("/g", RetentionInDays=7), N=group("/n")))
    assert actions(found) == [("Add", "N"), ("Modify", "L"), ("Remove", "M")]
    execute(account)
    assert groups(account) == {"/g": 7, "/n": None}


def test_a_changed_default_of_a_parameter_is_a_change(account: Account) -> None:
    body = json.loads(template(L=group("/g", RetentionInDays={"Ref": "Days"})))
    body["Parameters"] = {"Days": {"Type": "Number", "Default": 7}}
    create(account, json.dumps(body))
    body["Parameters"]["Days"]["Default"] = 14
    assert actions(propose(account, json.dumps(body))) == [("Modify", "L")]


def test_a_change_set_without_changes_has_failed_and_cannot_be_executed(account: Account) -> None:
    create(account, template(L=group("/g")))
    found = propose(account, template(L=group("/g")))
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError) as refused:
        execute(account)
    assert refused.value.response["Error"] == {
        "Type": "Sender",
        "Code": "InvalidChangeSetStatus",
        "Message": f"ChangeSet [{found['ChangeSetId']}] cannot be executed in its current status of [FAILED]",
    }


def test_executing_one_change_set_removes_the_others(account: Account) -> None:
    create(account, template(L=group("/g")))
    propose(account, template(L=group("/g", RetentionInDays=7)), name="first")
    propose(account, template(L=group("/g", RetentionInDays=14)), name="second")
    execute(account, "second")
    with pytest.raises(ClientError, match=r"ChangeSet \[first\] does not exist"):
        account.client("cloudformation").describe_change_set(StackName="s", ChangeSetName="first")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("CREATE", r"Stack \[s\] already exists and cannot be created again with the changeSet \[c\]."),
        ("UPDATE", r"Stack \[absent\] does not exist"),
    ],
)
def test_the_kind_of_change_set_must_fit_the_stack(account: Account, kind: str, words: str) -> None:
    cloudformation, body = account.client("cloudformation"), template(L=group("/g"))
    create(account, body)
    name = "s" if kind == "CREATE" else "absent"
    with pytest.raises(ClientError, match=words):
        cloudformation.create_change_set(
            StackName=name, ChangeSetName="c", TemplateBody=body, ChangeSetType=kind
        )


def test_names_belong_to_the_stack(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    for stack in ("a", "b"):
        cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName="c",
            TemplateBody=template(L=group(f"/{stack}")),
            ChangeSetType="CREATE",
        )
    found = cloudformation.describe_change_set(StackName="a", ChangeSetName="c")
    assert found["StackName"] == "a"


def test_a_sam_template_becomes_function_api_and_role(account: Account, sam: str) -> None:
    propose(account, sam, kind="CREATE")
    execute(account)
    outputs = account.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    found = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    api = account.client("apigatewayv2").get_apis()["Items"][0]
    assert found["Url"] == api["ApiEndpoint"]
    variables = account.client("lambda").get_function_configuration(FunctionName=found["Function"])[
        "Environment"
    ]
    assert variables == {"Variables": {"GREETING": "hello"}}


def test_a_sam_template_without_change_says_so_in_its_own_way(account: Account, sam: str) -> None:
    propose(account, sam, kind="CREATE")
    execute(account)
    assert propose(account, sam, name="d")["StatusReason"] == "No updates are to be performed."


def test_a_sam_update_changes_the_function_alone(account: Account, sam: str) -> None:
    propose(account, sam, kind="CREATE")
    execute(account)
    before = account.client("lambda").list_functions()["Functions"][0]["FunctionName"]
    propose(account, sam, name="d", Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "bye"}])
    execute(account, "d")
    (after,) = account.client("lambda").list_functions()["Functions"]
    assert (after["FunctionName"], after["Environment"]["Variables"]["GREETING"]) == (before, "bye")


def test_what_sam_refuses_fails_the_change_set_with_its_words(account: Account, sam: str) -> None:
    found = propose(account, sam.replace("Type: HttpApi", "Type: Nope"), kind="CREATE")
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith(
        "Transform AWS::Serverless-2016-10-31 failed with: "
        "Invalid Serverless Application Specification document. "
        "Number of errors found: 1. Resource with id [F] is invalid."
    )


def test_a_sam_template_given_directly_must_be_accepted_as_it_expands(account: Account, sam: str) -> None:
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_AUTO_EXPAND\]"):
        create(account, sam)


def test_a_transform_is_a_resource_that_the_caller_needs_access_to(account: Account, sam: str) -> None:
    own = f"arn:aws:cloudformation:{REGION}:{account.id}:*"
    allowed = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": own}
    role = account.role("weak", "lambda.amazonaws.com", {"Version": "2012-10-17", "Statement": [allowed]})
    with pytest.raises(ClientError) as refused:
        account.client("cloudformation", as_role=role).create_change_set(
            StackName="s",
            ChangeSetName="c",
            TemplateBody=sam,
            ChangeSetType="CREATE",
            Capabilities=["CAPABILITY_IAM"],
        )
    assert "is not authorized to perform: cloudformation:CreateChangeSet on resource: " in str(refused.value)
    assert f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31" in str(refused.value)


def test_missing_code_fails_the_stack_and_takes_back_the_role(account: Account, sam: str) -> None:
    propose(account, sam.replace("/code", "/absent"), kind="CREATE")
    execute(account)
    assert status(account, "s") == "ROLLBACK_COMPLETE"
    assert any(name == "F" and state == "CREATE_FAILED" for name, state, _ in history(account, "s"))
    assert account.client("iam").list_roles()["Roles"] == []


def aws(account: Account, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AWS, "cloudformation", *words],
        cwd=folder,
        env=account.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_aws_cli_packages_and_deploys(account: Account, sam: str, tmp_path: Path) -> None:
    bucket = f"packages-{account.id}"
    (tmp_path / "index.js").write_text("exports.handler = async () => 1")
    (tmp_path / "template.yaml").write_text(sam.replace(f"s3://{bucket}/code", "./"))
    package = (
        "package",
        "--template-file",
        "template.yaml",
        "--s3-bucket",
        bucket,
        "--output-template-file",
        "out.yaml",
    )
    assert aws(account, tmp_path, *package).returncode == 0
    deploy = (
        "deploy",
        "--template-file",
        "out.yaml",
        "--stack-name",
        "web",
        "--capabilities",
        "CAPABILITY_IAM",
    )
    assert "Successfully created/updated stack - web" in aws(account, tmp_path, *deploy).stdout
    again = aws(account, tmp_path, *deploy)
    assert "No changes to deploy. Stack web is up to date" in again.stderr + again.stdout
