"""STS: who may assume which role, for how long, and what a session may do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.call import Credentials
from workshop.sandbox.server import Server

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, **more: Any) -> Statement:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    return {"Effect": "Allow", "Principal": principal, "Action": actions, **more}


def role(account: Account, name: str, trusting: Statement, *policies: Statement, **more: Any) -> str:
    iam = account.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusting), **more)
    if policies:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*policies))
    arn: str = made["Role"]["Arn"]
    return arn


def user(account: Account, name: str, *policies: Statement) -> Credentials:
    iam = account.client("iam")
    iam.create_user(UserName=name)
    if policies:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*policies))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"], None, account.root.principal)


def assume(account: Account, who: Credentials, arn: str, **more: Any) -> Credentials:
    sts = account.client("sts", who=who)
    made = sts.assume_role(RoleArn=arn, **{"RoleSessionName": "ses", **more})["Credentials"]
    keys = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    return Credentials(*keys, account.root.principal)


def refusal(account: Account, who: Credentials, arn: str, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        assume(account, who, arn, **more)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def root_arn(account: Account) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account.id}:root"}


def may_list_roles(account: Account, who: Credentials) -> bool:
    try:
        account.client("iam", who=who).list_roles()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def test_a_session_of_a_role_is_who_aws_says_it_is(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)))
    who = account.client("sts", who=assume(account, user(account, "ann", allow("sts:AssumeRole")), arn))
    seen = who.get_caller_identity()
    role_id = account.client("iam").get_role(RoleName="r")["Role"]["RoleId"]
    assert (seen["Arn"], seen["Account"], seen["UserId"]) == (
        f"arn:aws:sts::{account.id}:assumed-role/r/ses",
        account.id,
        f"{role_id}:ses",
    )


def test_trust_in_the_account_leaves_it_to_the_users_own_policies(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)))
    code, message = refusal(account, user(account, "ann"), arn)
    assert (code, message) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account.id}:user/ann is not authorized to perform: sts:AssumeRole "
        f"on resource: {arn}",
    )


def test_trust_in_the_user_is_enough_within_an_account(account: Account) -> None:
    ann = user(account, "ann")
    arn = role(account, "r", trust({"AWS": f"arn:aws:iam::{account.id}:user/ann"}))
    assert assume(account, ann, arn).token


@pytest.mark.parametrize(
    "trusting",
    [
        trust({"Service": "lambda.amazonaws.com"}),
        trust({"AWS": "arn:aws:iam::{id}:user/bob"}),
        trust({"AWS": "arn:aws:iam::{id}:root"}) | {"Effect": "Deny"},
        trust({"AWS": "arn:aws:iam::{id}:root"}) | {"Action": "sts:TagSession"},
    ],
)
def test_a_role_that_does_not_trust_is_not_assumed_whatever_one_may(
    account: Account, trusting: Statement
) -> None:
    user(account, "bob")
    ann = user(account, "ann", allow("*"))
    arn = role(account, "r", json.loads(json.dumps(trusting).replace("{id}", account.id)))
    assert refusal(account, ann, arn)[0] == "AccessDenied"


def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(account: Account) -> None:
    arn = f"arn:aws:iam::{account.id}:role/none"
    assert refusal(account, user(account, "ann", allow("*")), arn)[0] == "AccessDenied"


def test_root_may_not_assume_roles(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)))
    assert refusal(account, account.root, arn) == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )


@pytest.mark.parametrize(("given", "taken"), [("secret", True), ("other", False), (None, False)])
def test_an_external_id_must_match(account: Account, given: str | None, taken: bool) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    arn = role(account, "r", trust(root_arn(account), Condition=condition))
    ann = user(account, "ann", allow("sts:AssumeRole"))
    more = {"ExternalId": given} if given else {}
    if taken:
        assert assume(account, ann, arn, **more).token
    else:
        assert refusal(account, ann, arn, **more)[0] == "AccessDenied"


@pytest.mark.parametrize(("own", "trusted"), [(True, True), (True, False), (False, True)])
def test_across_accounts_both_sides_must_allow(sandbox: Server, own: bool, trusted: bool) -> None:
    home, away = Account(sandbox), Account(sandbox)
    ann = user(home, "ann", *([allow("sts:AssumeRole")] if own else []))
    principal = root_arn(home) if trusted else root_arn(away)
    arn = role(away, "r", trust(principal))
    if own and trusted:
        assert away.id in home.client("sts", who=assume(home, ann, arn)).get_caller_identity()["Arn"]
    else:
        assert refusal(home, ann, arn)[0] == "AccessDenied"


def test_a_session_policy_only_takes_away(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)), allow(["iam:ListRoles", "s3:*"]))
    ann = user(account, "ann", allow("sts:AssumeRole"))
    assert may_list_roles(account, assume(account, ann, arn))
    assert may_list_roles(account, assume(account, ann, arn, Policy=document(allow("iam:*"))))
    assert not may_list_roles(account, assume(account, ann, arn, Policy=document(allow("s3:*"))))


def test_a_managed_policy_may_be_a_session_policy(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)), allow("*"))
    ann = user(account, "ann", allow("sts:AssumeRole"))
    made = account.client("iam").create_policy(PolicyName="m", PolicyDocument=document(allow("s3:*")))
    arns = [{"arn": made["Policy"]["Arn"]}]
    assert not may_list_roles(account, assume(account, ann, arn, PolicyArns=arns))


def test_a_session_tag_is_a_policy_variable(account: Account) -> None:
    bucket = f"tags-{account.id}"
    account.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region}
    )
    own = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/handle}}/*")
    arn = role(account, "r", trust(root_arn(account)), own)
    ann = user(account, "ann", allow(["sts:AssumeRole", "sts:TagSession"]))
    s3 = account.client("s3", who=assume(account, ann, arn, Tags=[{"Key": "handle", "Value": "janed"}]))
    s3.put_object(Bucket=bucket, Key="janed/k", Body=b"")
    with pytest.raises(ClientError):
        s3.put_object(Bucket=bucket, Key="paulf/k", Body=b"")


def test_tags_need_a_permission_of_their_own(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)))
    ann = user(account, "ann", allow("sts:AssumeRole"))
    code, message = refusal(account, ann, arn, Tags=[{"Key": "k", "Value": "v"}])
    assert code == "AccessDenied"
    assert "sts:TagSession" in message


def test_transitive_tags_follow_a_chain_of_roles(account: Account) -> None:
    may = allow(["sts:AssumeRole", "sts:TagSession"])
    first = role(account, "first", trust(root_arn(account)), may)
    only = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    second = role(account, "second", trust(root_arn(account)), allow("iam:ListRoles", Condition=only))
    tags = {"Tags": [{"Key": "team", "Value": "red"}]}
    ann = user(account, "ann", may)
    kept = assume(account, ann, first, **tags, TransitiveTagKeys=["team"])
    lost = assume(account, ann, first, **tags)
    assert may_list_roles(account, assume(account, kept, second))
    assert not may_list_roles(account, assume(account, lost, second))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"RoleSessionName": "a b"}, "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ({"RoleSessionName": "x" * 65}, "Member must have length less than or equal to 64"),
        ({"DurationSeconds": 43201}, "Member must have value less than or equal to 43200"),
        ({"DurationSeconds": 7200}, "exceeds the MaxSessionDuration set for this role"),
    ],
)
def test_limits_are_told_in_awss_words(account: Account, params: dict[str, Any], words: str) -> None:
    arn = role(account, "r", trust(root_arn(account)))
    code, message = refusal(account, user(account, "ann", allow("sts:AssumeRole")), arn, **params)
    assert code == "ValidationError"
    assert words in message


def test_a_role_may_be_assumed_for_as_long_as_it_says_but_an_hour_in_a_chain(account: Account) -> None:
    arn = role(account, "r", trust(root_arn(account)), allow("*"), MaxSessionDuration=7200)
    ann = user(account, "ann", allow("sts:AssumeRole"))
    first = assume(account, ann, arn, DurationSeconds=7200)
    message = refusal(account, first, arn, DurationSeconds=7200)[1]
    assert "exceeds the 1 hour session limit for roles assumed by role chaining" in message


def test_a_users_session_may_what_the_user_may_but_not_ask_iam(account: Account) -> None:
    ann = user(account, "ann", allow("*"))
    made = account.client("sts", who=ann).get_session_token()["Credentials"]
    keys = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    who = Credentials(*keys, account.root.principal)
    assert account.client("sts", who=who).get_caller_identity()["Arn"].endswith(":user/ann")
    assert account.client("s3", who=who).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        account.client("iam", who=who).list_roles()


def test_a_federated_session_may_what_both_its_policy_and_its_user_allow(account: Account) -> None:
    ann = user(account, "ann", allow(["sts:GetFederationToken", "s3:ListAllMyBuckets"]))
    sts = account.client("sts", who=ann)
    made = sts.get_federation_token(Name="guest", Policy=document(allow(["s3:*", "logs:*"])))
    assert made["FederatedUser"]["Arn"] == f"arn:aws:sts::{account.id}:federated-user/guest"
    keys = made["Credentials"]
    who = Credentials(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], account.root.principal
    )
    assert account.client("s3", who=who).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="AccessDenied"):
        account.client("logs", who=who).describe_log_groups()


def test_an_access_key_names_its_account(account: Account) -> None:
    sts = account.client("sts")
    session = account.assume(account.role("r", "lambda.amazonaws.com"))
    for key in (user(account, "ann").access_key, session.access_key, account.root.access_key):
        assert sts.get_access_key_info(AccessKeyId=key)["Account"] == account.id


def test_what_is_not_there_says_so(account: Account) -> None:
    with pytest.raises(ClientError) as error:
        account.client("sts").decode_authorization_message(EncodedMessage="x")
    assert error.value.response["Error"]["Code"] == "NotImplemented"
