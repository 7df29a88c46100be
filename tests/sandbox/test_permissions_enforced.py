"""Every call is judged: what boto3 sees of AWS's permission rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_role_without_policies_may_not_write_to_s3_and_is_told_so_in_awss_words(account: Account) -> None:
    role = account.role("builder", "codebuild.amazonaws.com")
    account.client("s3").create_bucket(
        Bucket=f"b-{account.id}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    with pytest.raises(ClientError) as error:
        account.client("s3", as_role=role).put_object(Bucket=f"b-{account.id}", Key="k", Body=b"x")
    assert refusal(error) == (
        "AccessDenied",
        f"User: arn:aws:sts::{account.id}:assumed-role/builder/test is not authorized to perform: "
        f's3:PutObject on resource: "arn:aws:s3:::b-{account.id}/k" because no identity-based policy '
        "allows the s3:PutObject action",
    )


def test_attaching_a_managed_policy_has_effect_at_once(account: Account) -> None:
    role = account.role("builder", "codebuild.amazonaws.com", allow("logs:*"))
    bucket = f"b-{account.id}"
    account.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3 = account.client("s3", as_role=role)
    with pytest.raises(ClientError):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    made = account.client("iam").create_policy(PolicyName="s3", PolicyDocument=json.dumps(allow("s3:*")))
    account.client("iam").attach_role_policy(RoleName="builder", PolicyArn=made["Policy"]["Arn"])
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
