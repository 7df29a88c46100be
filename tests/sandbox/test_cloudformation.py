"""Stacks, against a running sandbox."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def group(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **properties}}


def history(account: Account, stack: str) -> list[tuple[str, str, str]]:
    """Logical id, status and reason, oldest first."""
    events = account.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [
        (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
        for e in reversed(events)
    ]


def status(account: Account, stack: str) -> str:
    """The stack's status, once nothing is in progress any more."""
    cloudformation = account.client("cloudformation")
    for _ in range(400):
        found: str = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if found == "REVIEW_IN_PROGRESS" or not found.endswith("_IN_PROGRESS"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{stack} is still in {found}")


def create(account: Account, body: str, stack: str = "s", **more: Any) -> str:
    """Create a stack and wait for it; its id."""
    made: str = account.client("cloudformation").create_stack(StackName=stack, TemplateBody=body, **more)[
        "StackId"
    ]
    status(account, made)
    return made


def update(account: Account, body: str, stack: str = "s", **more: Any) -> None:
    account.client("cloudformation").update_stack(StackName=stack, TemplateBody=body, **more)
    status(account, stack)


def delete(account: Account, stack: str = "s") -> str:
    """Delete a stack and wait for it; the status it ends in."""
    cloudformation = account.client("cloudformation")
    found: str = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    return status(account, found)


def groups(account: Account) -> dict[str, int | None]:
    found = account.client("logs").describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def test_a_created_stack_has_its_resources(account: Account) -> None:
    create(account, template(L=group("/g")))
    assert "/g" in groups(account)


def test_a_resource_goes_through_creation_initiated_to_complete(account: Account) -> None:
    create(account, template(L=group("/g")))
    assert history(account, "s") == [
        ("s", "CREATE_IN_PROGRESS", "User Initiated"),
        ("L", "CREATE_IN_PROGRESS", ""),
        ("L", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("L", "CREATE_COMPLETE", ""),
        ("s", "CREATE_COMPLETE", ""),
    ]


def test_an_update_changes_the_resource_in_place(account: Account) -> None:
    create(account, template(L=group("/g", RetentionInDays=7)))
    update(account, template(L=group("/g", RetentionInDays=14)))
    assert status(account, "s") == "UPDATE_COMPLETE"
    assert groups(account)["/g"] == 14


def test_a_failed_update_restores_what_was(account: Account) -> None:
    create(account, template(L=group("/g", RetentionInDays=7)))
    bad = {"Type": "AWS::Lambda::Version", "DependsOn": "L", "Properties": {"FunctionName": "absent"}}
    update(account, template(L=group("/g", RetentionInDays=14), B=bad))
    assert status(account, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(account)["/g"] == 7


def test_a_failed_creation_leaves_nothing(account: Account) -> None:
    bad = {"Type": "AWS::Lambda::Version", "DependsOn": "L", "Properties": {"FunctionName": "absent"}}
    create(account, template(L=group("/g"), B=bad))
    assert status(account, "s") == "ROLLBACK_COMPLETE"
    assert "/g" not in groups(account)


def test_a_deleted_stack_takes_its_resources_along_and_keeps_retained_ones(account: Account) -> None:
    kept = group("/kept") | {"DeletionPolicy": "Retain"}
    create(account, template(L=group("/gone"), K=kept))
    assert delete(account) == "DELETE_COMPLETE"
    assert set(groups(account)) == {"/kept"}


def test_a_bucket_with_objects_cannot_be_deleted(account: Account) -> None:
    name = f"b-{account.id}"
    create(account, template(B=bucket(BucketName=name)))
    account.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    assert delete(account) == "DELETE_FAILED"
    assert ("s", "DELETE_FAILED", "The following resource(s) failed to delete: [B]. ") in history(
        account, "s"
    )


def test_what_the_role_may_not_do_fails_in_awss_words(account: Account) -> None:
    role = account.role("deployer", "cloudformation.amazonaws.com")
    create(account, template(L=group("/g")), RoleARN=role)
    reason = next(r for name, s, r in history(account, "s") if (name, s) == ("L", "CREATE_FAILED"))
    assert (
        "assumed-role/deployer/AWSCloudFormation is not authorized to perform: logs:CreateLogGroup" in reason
    )
    assert "HandlerErrorCode: AccessDenied" in reason


def test_a_role_that_does_not_trust_cloudformation_is_refused(account: Account) -> None:
    role = account.role("other", "lambda.amazonaws.com")
    with pytest.raises(ClientError, match=f"Role {role} is invalid or cannot be assumed"):
        create(account, template(L=group("/g")), RoleARN=role)


def test_a_role_needs_its_capability(account: Account) -> None:
    body = template(
        R={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "r"}}
    )
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        create(account, body, Capabilities=["CAPABILITY_IAM"])


def test_a_stack_imports_what_another_exports_and_holds_it(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    output = {"N": {"Value": {"Ref": "L"}, "Export": {"Name": "group"}}}
    cloudformation.create_stack(
        StackName="a", TemplateBody=json.dumps({"Resources": {"L": group("/a")}, "Outputs": output})
    )
    using = group({"Fn::Join": ["", [{"Fn::ImportValue": "group"}, "/b"]]})  # type: ignore[arg-type]
    create(account, template(M=using), "b")
    assert delete(account, "a") == "DELETE_FAILED"
    assert set(groups(account)) == {"/a", "/a/b"}
    assert cloudformation.list_imports(ExportName="group")["Imports"] == ["b"]


def test_an_update_without_difference_is_refused(account: Account) -> None:
    create(account, template(L=group("/g")))
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update(account, template(L=group("/g")))


def test_a_replaced_resource_goes_after_the_new_one_came(account: Account) -> None:
    create(account, template(L=group("/old")))
    update(account, template(L=group("/new")))
    assert set(groups(account)) == {"/new"}
