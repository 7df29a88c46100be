"""IAM: what it accepts, what it refuses, and its policy simulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from tests.conftest import Account
from workshop.sandbox.server import Server

S3_FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "This policy contains invalid Json"),
        ("{}", "Missing required field Statement"),
        (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (
            document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}),
            "Has prohibited field Resource",
        ),
        (
            trust({"Service": "codebuilds.amazonaws.com"}),
            'Invalid principal in policy: "SERVICE":"codebuilds.amazonaws.com"',
        ),
        (
            trust({"AWS": "arn:aws:iam::111122223333:role/none"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/none"',
        ),
        (trust({"AWS": "ann"}), 'Invalid principal in policy: "AWS":"ann"'),
    ],
)
def test_a_trust_policy_must_make_sense(account: Account, text: str, words: str) -> None:
    iam = account.client("iam")
    with pytest.raises(ClientError) as error:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=text)
    assert refusal(error) == ("MalformedPolicyDocument", words)
    assert iam.list_roles()["Roles"] == []


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": ["codebuild.amazonaws.com", "codepipeline.amazonaws.com"]},
        {"Service": "events.amazonaws.com"},
        {"Service": "ecs-tasks.amazonaws.com"},
        {"Service": "logs.eu-west-1.amazonaws.com"},
        {"AWS": "111122223333"},
        {"AWS": "arn:aws:iam::111122223333:root"},
        "*",
    ],
)
def test_principals_that_exist_are_taken(account: Account, principal: Any) -> None:
    iam = account.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(principal))
    held = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert held["Statement"][0]["Principal"] == principal


def test_a_role_is_shown_as_it_was_made(account: Account) -> None:
    iam = account.client("iam")
    made = iam.create_role(
        RoleName="r",
        Path="/service-role/",
        AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}),
        Description="d",
        MaxSessionDuration=7200,
        Tags=[{"Key": "k", "Value": "v"}],
    )["Role"]
    assert made == iam.get_role(RoleName="r")["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:role/service-role/r"
    assert (made["MaxSessionDuration"], made["Tags"]) == (7200, [{"Key": "k", "Value": "v"}])


def test_a_role_that_is_not_there_cannot_be_found(account: Account) -> None:
    with pytest.raises(ClientError) as error:
        account.client("iam").get_role(RoleName="none")
    assert refusal(error) == ("NoSuchEntity", "The role with name none cannot be found.")


def test_aws_managed_policies_are_there_and_counted_by_account(sandbox: Server) -> None:
    one, other = Account(sandbox), Account(sandbox)
    one.role("r", "lambda.amazonaws.com")
    for _ in range(2):
        one.client("iam").attach_role_policy(RoleName="r", PolicyArn=S3_FULL)
    counts = [
        a.client("iam").get_policy(PolicyArn=S3_FULL)["Policy"]["AttachmentCount"] for a in (one, other)
    ]
    assert counts == [1, 0]
    attached = one.client("iam").list_policies(OnlyAttached=True)["Policies"]
    assert [policy["Arn"] for policy in attached] == [S3_FULL]


def test_accounts_share_awss_policies_until_they_use_them(sandbox: Server) -> None:
    one, other = Account(sandbox), Account(sandbox)
    libraries = [iam_backends[a.id]["aws"].managed_policies for a in (one, other)]
    listed = [next(p for p in library.values() if p.arn == S3_FULL) for library in libraries]
    assert listed[0] is listed[1]
    assert libraries[0][S3_FULL] is not libraries[1][S3_FULL]


def test_all_of_awss_policies_can_be_listed_and_read(account: Account) -> None:
    iam = account.client("iam")
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    names = {policy["PolicyName"] for page in pages for policy in page["Policies"]}
    assert {"AdministratorAccess", "AmazonS3FullAccess", "AWSCodeBuildAdminAccess"} <= names
    version = iam.get_policy(PolicyArn=S3_FULL)["Policy"]["DefaultVersionId"]
    text = iam.get_policy_version(PolicyArn=S3_FULL, VersionId=version)["PolicyVersion"]["Document"]
    assert "s3:*" in text["Statement"][0]["Action"]


def test_a_policy_that_is_not_there_cannot_be_attached(account: Account) -> None:
    account.role("r", "lambda.amazonaws.com")
    arn = "arn:aws:iam::aws:policy/AmazonS3FulAccess"
    with pytest.raises(ClientError) as error:
        account.client("iam").attach_role_policy(RoleName="r", PolicyArn=arn)
    assert refusal(error) == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def test_a_role_holds_ten_managed_policies(account: Account) -> None:
    account.role("r", "lambda.amazonaws.com")
    iam = account.client("iam")
    names = [p["Arn"] for p in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
    for arn in names[:10]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    with pytest.raises(ClientError) as error:
        iam.attach_role_policy(RoleName="r", PolicyArn=names[10])
    assert refusal(error) == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")


def test_detaching_takes_the_permission_away(account: Account) -> None:
    role = account.role("r", "lambda.amazonaws.com")
    iam = account.client("iam")
    iam.attach_role_policy(RoleName="r", PolicyArn=S3_FULL)
    s3 = account.client("s3", as_role=role)
    s3.list_buckets()
    iam.detach_role_policy(RoleName="r", PolicyArn=S3_FULL)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_buckets()


def test_an_attached_policy_cannot_be_deleted(account: Account) -> None:
    iam = account.client("iam")
    account.role("r", "lambda.amazonaws.com")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=arn)
    assert refusal(error) == ("DeleteConflict", "Cannot delete a policy attached to entities.")
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


def test_get_user_without_a_name_is_the_caller(account: Account) -> None:
    assert account.client("iam").get_user()["User"]["Arn"] == f"arn:aws:iam::{account.id}:root"


def decisions(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    names = ("EvalActionName", "EvalResourceName", "EvalDecision")
    return [tuple(result[name] for name in names) for result in answer["EvaluationResults"]]


def test_the_simulator_says_what_a_role_may(account: Account) -> None:
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/secret/*"}
    arn = account.role("r", "lambda.amazonaws.com", json.loads(document(allow("s3:PutObject"), deny)))
    answer = account.client("iam").simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["s3:PutObject", "s3:GetObject"],
        ResourceArns=["arn:aws:s3:::b/k", "arn:aws:s3:::b/secret/k"],
    )
    assert decisions(answer) == [
        ("s3:PutObject", "arn:aws:s3:::b/k", "allowed"),
        ("s3:PutObject", "arn:aws:s3:::b/secret/k", "explicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::b/k", "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::b/secret/k", "implicitDeny"),
    ]


def test_the_simulator_names_the_statement_that_decided(account: Account) -> None:
    policy = '{"Version": "2012-10-17",\n "Statement": [\n'
    policy += '  {"Effect": "Allow", "Action": "a:*", "Resource": "*"},\n'
    policy += '  {"Effect": "Deny", "Action": "a:b", "Resource": "*"}]}'
    answer = account.client("iam").simulate_custom_policy(PolicyInputList=[policy], ActionNames=["a:b"])
    matched = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched == [
        {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 4, "Column": 3},
            "EndPosition": {"Line": 4, "Column": 55},
        }
    ]


def test_the_simulator_takes_a_boundary_a_resource_policy_and_a_context(account: Account) -> None:
    iam = account.client("iam")
    only_here = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    asked: dict[str, Any] = {
        "PolicyInputList": [document(allow("s3:*", Condition=only_here))],
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::b/k"],
    }
    region = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyType": "string"}
    here = [region | {"ContextKeyValues": ["eu-west-1"]}]
    without = iam.simulate_custom_policy(**asked)
    bounded = iam.simulate_custom_policy(
        **asked, ContextEntries=here, PermissionsBoundaryPolicyInputList=[document(allow("logs:*"))]
    )
    with_it = iam.simulate_custom_policy(**asked, ContextEntries=here)
    assert [decisions(a)[0][2] for a in (without, bounded, with_it)] == [
        "implicitDeny",
        "implicitDeny",
        "allowed",
    ]
    assert without["EvaluationResults"][0]["MissingContextValues"] == ["aws:requestedregion"]


def test_a_user_has_two_git_passwords_at_most_each_shown_once(account: Account) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    made = iam.create_service_specific_credential(UserName="ann", ServiceName="codecommit.amazonaws.com")
    found = made["ServiceSpecificCredential"]
    assert found["ServiceUserName"] == f"ann-at-{account.id}"
    listed = iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"]
    assert "ServicePassword" in found
    assert [set(item) & {"ServicePassword"} for item in listed] == [set()]
    iam.create_service_specific_credential(UserName="ann", ServiceName="codecommit.amazonaws.com")
    with pytest.raises(ClientError, match="LimitExceeded"):
        iam.create_service_specific_credential(UserName="ann", ServiceName="codecommit.amazonaws.com")


def test_a_users_boundary_limits_what_the_policies_give(account: Account) -> None:
    iam = account.client("iam")
    arn = iam.create_policy(PolicyName="b", PolicyDocument=document(allow("logs:*")))["Policy"]["Arn"]
    iam.create_user(UserName="ann", PermissionsBoundary=arn)
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(allow("*")))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account.id}:user/ann",
        ActionNames=["s3:ListAllMyBuckets", "logs:DescribeLogGroups"],
    )
    assert [decision for _, _, decision in decisions(answer)] == ["implicitDeny", "allowed"]
