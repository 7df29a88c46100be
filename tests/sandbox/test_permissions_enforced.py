"""Every call is judged: what boto3 sees of AWS's permission rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.call import acting_service
from workshop.sandbox.server import Server

Statement = dict[str, Any]
REGION = "eu-west-1"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> Statement:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def policy(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def bucket_of(account: Account) -> str:
    name = f"b-{account.id}"
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def outcome(deed: Callable[[], Any]) -> str:
    """ "allowed", or the code of the refusal; a thing that is not there was allowed to be looked for."""
    try:
        deed()
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        denied = code in ("403", "AccessDenied", "AccessDeniedException")
        return "denied" if denied else "allowed"
    return "allowed"


# The cases by which the sandbox's base was judged: service, call, what the role has, the outcome.
ONLY_HERE = {"StringEquals": {"aws:RequestedRegion": REGION}}
ONLY_THERE = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
PUT = ("s3", "put_object", {"Bucket": "{bucket}", "Key": "k", "Body": b""})
GET_PIPELINE = ("codepipeline", "get_pipeline", {"name": "p"})
CREATE_GROUP = ("logs", "create_log_group", {"logGroupName": "/g"})
METRIC = (
    "cloudwatch",
    "put_metric_data",
    {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]},
)
INVOKE = ("lambda", "invoke", {"FunctionName": "f"})
REST_API = ("apigateway", "create_rest_api", {"name": "a"})
NOT_ELSEWHERE = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::{bucket}/k"}
CASES: list[tuple[str, tuple[str, str, dict[str, Any]], list[Statement], str]] = [
    ("nothing is allowed by default: s3", PUT, [], "denied"),
    ("… codepipeline", GET_PIPELINE, [], "denied"),
    ("… logs", CREATE_GROUP, [], "denied"),
    ("… lambda", INVOKE, [], "denied"),
    ("… cloudformation", ("cloudformation", "list_stacks", {}), [], "denied"),
    ("… iam", ("iam", "list_roles", {}), [], "denied"),
    ("allow", PUT, [allow("s3:PutObject")], "allowed"),
    ("a resource", PUT, [allow("s3:PutObject", "arn:aws:s3:::{bucket}/*")], "allowed"),
    ("another resource", PUT, [allow("s3:PutObject", "arn:aws:s3:::other/*")], "denied"),
    (
        "a pipeline",
        GET_PIPELINE,
        [allow("codepipeline:GetPipeline", f"arn:aws:codepipeline:{REGION}:{{id}}:p")],
        "allowed",
    ),
    (
        "another pipeline",
        GET_PIPELINE,
        [allow("codepipeline:GetPipeline", f"arn:aws:codepipeline:{REGION}:{{id}}:q")],
        "denied",
    ),
    (
        "a log group as CodeBuild's base policy names it",
        CREATE_GROUP,
        [allow("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{{id}}:log-group:/g:*")],
        "allowed",
    ),
    ("a condition that is met", PUT, [allow("s3:*", Condition=ONLY_HERE)], "allowed"),
    ("a condition that is not met", PUT, [allow("s3:*", Condition=ONLY_THERE)], "denied"),
    ("a Deny whose condition is met", PUT, [allow("s3:*"), deny("s3:*", Condition=ONLY_HERE)], "denied"),
    (
        "a Deny whose condition is not met",
        PUT,
        [allow("s3:*"), deny("s3:*", Condition=ONLY_THERE)],
        "allowed",
    ),
    ("Deny outweighs Allow", PUT, [allow("*"), deny("s3:PutObject")], "denied"),
    ("NotResource spares what it names", PUT, [allow("s3:*"), NOT_ELSEWHERE], "allowed"),
    (
        "NotResource denies the rest",
        ("s3", "put_object", {"Bucket": "{bucket}", "Key": "other", "Body": b""}),
        [allow("s3:*"), NOT_ELSEWHERE],
        "denied",
    ),
    (
        "NotAction allows the rest",
        PUT,
        [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
        "allowed",
    ),
    (
        "NotAction spares what it names",
        PUT,
        [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}],
        "denied",
    ),
    ("an action in other letters", PUT, [allow("S3:putOBJECT")], "allowed"),
    ("an action with a question mark", PUT, [allow("s3:Put?bject")], "allowed"),
    ("cloudwatch is not monitoring", METRIC, [allow("cloudwatch:PutMetricData")], "allowed"),
    ("invoking is lambda:InvokeFunction", INVOKE, [allow("lambda:InvokeFunction")], "allowed"),
    ("and not lambda:Invoke", INVOKE, [allow("lambda:Invoke")], "denied"),
    (
        "API Gateway's actions are methods",
        REST_API,
        [allow("apigateway:POST", f"arn:aws:apigateway:{REGION}::/restapis")],
        "allowed",
    ),
    (
        "on paths",
        REST_API,
        [allow("apigateway:*", f"arn:aws:apigateway:{REGION}::/restapis/x")],
        "denied",
    ),
    (
        "HeadBucket is s3:ListBucket",
        ("s3", "head_bucket", {"Bucket": "{bucket}"}),
        [allow("s3:ListBucket")],
        "allowed",
    ),
    (
        "ListBuckets is s3:ListAllMyBuckets",
        ("s3", "list_buckets", {}),
        [allow("s3:ListAllMyBuckets")],
        "allowed",
    ),
    (
        "a prefix is a condition",
        ("s3", "list_objects_v2", {"Bucket": "{bucket}", "Prefix": "mine/"}),
        [allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "yours/*"}})],
        "denied",
    ),
]


@pytest.mark.parametrize(
    ("call", "statements", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_role_may_what_its_policies_say(
    account: Account, call: tuple[str, str, dict[str, Any]], statements: list[Statement], expected: str
) -> None:
    bucket = bucket_of(account)

    def named(value: Any) -> Any:
        text = json.dumps(value).replace("{bucket}", bucket).replace("{id}", account.id)
        return json.loads(text)

    role = account.role("r", "lambda.amazonaws.com", *([policy(*named(statements))] if statements else []))
    service, operation, params = call
    body = {"Body": params["Body"]} if "Body" in params else {}
    params = named({name: value for name, value in params.items() if name != "Body"}) | body
    client = account.client(service, as_role=role)
    assert outcome(lambda: getattr(client, operation)(**params)) == expected


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "resource"),
    [
        ("codepipeline", "get_pipeline", {"name": "p"}, "AccessDeniedException", "codepipeline:{r}:{id}:p"),
        (
            "lambda",
            "get_function",
            {"FunctionName": "f"},
            "AccessDeniedException",
            "lambda:{r}:{id}:function:f",
        ),
        ("iam", "get_role", {"RoleName": "x"}, "AccessDenied", "iam::{id}:role/x"),
        (
            "cloudformation",
            "describe_stacks",
            {"StackName": "s"},
            "AccessDenied",
            "cloudformation:{r}:{id}:stack/s/*",
        ),
    ],
)
def test_each_protocol_refuses_in_its_own_shape_and_awss_words(
    account: Account, service: str, operation: str, params: dict[str, Any], code: str, resource: str
) -> None:
    client = account.client(service, as_role=account.role("r", "lambda.amazonaws.com"))
    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**params)
    action = f"{service}:{''.join(word.title() for word in operation.split('_'))}"
    arn = "arn:aws:" + resource.format(r=REGION, id=account.id)
    assert refusal(error) == (
        code,
        f"User: arn:aws:sts::{account.id}:assumed-role/r/test is not authorized to perform: {action} "
        f"on resource: {arn} because no identity-based policy allows the {action} action",
    )


def test_s3_quotes_the_resource(account: Account) -> None:
    bucket = bucket_of(account)
    s3 = account.client("s3", as_role=account.role("r", "lambda.amazonaws.com"))
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert f'on resource: "arn:aws:s3:::{bucket}/k" because no identity-based' in refusal(error)[1]


@pytest.mark.parametrize(("more", "code"), [([], "403"), ([allow("s3:ListBucket")], "404")])
def test_who_may_not_list_is_not_told_that_a_key_is_missing(
    account: Account, more: list[Statement], code: str
) -> None:
    role = account.role("r", "lambda.amazonaws.com", policy(allow("s3:GetObject"), *more))
    s3 = account.client("s3", as_role=role)
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket=bucket_of(account), Key="none")
    assert refusal(error)[0] == code


def test_copying_takes_reading_the_source(account: Account) -> None:
    bucket = bucket_of(account)
    account.client("s3").put_object(Bucket=bucket, Key="secret", Body=b"x")
    role = account.role("r", "lambda.amazonaws.com", policy(allow("s3:PutObject")))
    s3 = account.client("s3", as_role=role)
    with pytest.raises(ClientError, match="s3:GetObject"):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "secret"})
    assert "Contents" in account.client("s3").list_objects_v2(Bucket=bucket, Prefix="secret")
    assert "Contents" not in account.client("s3").list_objects_v2(Bucket=bucket, Prefix="copy")


def test_of_many_objects_those_are_deleted_that_may_be(account: Account) -> None:
    bucket, root = bucket_of(account), account.client("s3")
    for key in ("mine/k", "yours/k"):
        root.put_object(Bucket=bucket, Key=key, Body=b"")
    rights = policy(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*"))
    s3 = account.client("s3", as_role=account.role("r", "lambda.amazonaws.com", rights))
    asked = {"Objects": [{"Key": "mine/k"}, {"Key": "yours/k"}]}
    answer = s3.delete_objects(Bucket=bucket, Delete=asked)
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert [item["Key"] for item in root.list_objects_v2(Bucket=bucket)["Contents"]] == ["yours/k"]


def test_a_bucket_policy_allows_within_its_account(account: Account) -> None:
    bucket, role = bucket_of(account), account.role("r", "lambda.amazonaws.com")
    grant = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": role})
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(grant)))
    account.client("s3", as_role=role).put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_bucket_policy_denies_even_root(account: Account) -> None:
    bucket = bucket_of(account)
    refuse = deny("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(refuse)))
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        account.client("s3").put_object(Bucket=bucket, Key="k", Body=b"")


def test_root_can_take_back_a_bucket_policy_that_locks_everybody_out(account: Account) -> None:
    bucket = bucket_of(account)
    refuse = deny("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], Principal="*")
    s3 = account.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(refuse)))
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_bucket_that_wants_tls_takes_local_requests(account: Account) -> None:
    bucket, s3 = bucket_of(account), account.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    refuse = deny("s3:*", f"arn:aws:s3:::{bucket}/*", Principal="*", Condition=insecure)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(refuse)))
    s3.put_object(Bucket=bucket, Key="k", Body=b"y")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"y"


def test_a_bucket_policy_against_one_leaves_the_others_alone(account: Account) -> None:
    bucket = bucket_of(account)
    rights = policy(allow("s3:*"))
    one, other = (account.role(name, "lambda.amazonaws.com", rights) for name in ("one", "other"))
    refuse = deny("s3:*", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": one})
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(refuse)))
    clients = [account.client("s3", as_role=role) for role in (one, other, one, other)]
    put = {"Bucket": bucket, "Key": "k", "Body": b""}
    results = [outcome(partial(s3.put_object, **put)) for s3 in clients]
    assert results == ["denied", "allowed", "denied", "allowed"]


@pytest.mark.parametrize("opened", [True, False])
def test_a_bucket_of_another_account_must_be_opened(sandbox: Server, opened: bool) -> None:
    owner, other = Account(sandbox), Account(sandbox)
    bucket = bucket_of(owner)
    owner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    if opened:
        grant = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": other.id})
        owner.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(grant)))
    reader = other.client("s3")
    assert outcome(lambda: reader.get_object(Bucket=bucket, Key="k")) == ("allowed" if opened else "denied")


PASSING: list[tuple[list[Statement], bool]] = [
    ([], False),
    ([allow("iam:PassRole")], True),
    ([allow("iam:PassRole", "arn:aws:iam::{id}:role/passed")], True),
    ([allow("iam:PassRole", "arn:aws:iam::{id}:role/other")], False),
    (
        [allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}})],
        True,
    ),
    (
        [allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})],
        False,
    ),
]


@pytest.mark.parametrize(("statements", "passed"), PASSING)
def test_handing_a_role_to_a_service_takes_pass_role(
    account: Account, statements: list[Statement], passed: bool
) -> None:
    arn = account.role("passed", "events.amazonaws.com")
    named = json.loads(json.dumps([allow("events:*"), *statements]).replace("{id}", account.id))
    events = account.client("events", as_role=account.role("r", "lambda.amazonaws.com", policy(*named)))
    events.put_rule(Name="rule", ScheduleExpression="rate(1 day)")
    target = {"Id": "1", "Arn": f"arn:aws:codepipeline:{REGION}:{account.id}:p", "RoleArn": arn}
    if passed:
        assert events.put_targets(Rule="rule", Targets=[target])["FailedEntryCount"] == 0
        return
    with pytest.raises(ClientError) as error:
        events.put_targets(Rule="rule", Targets=[target])
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in refusal(error)[1]
    assert account.client("events").list_targets_by_rule(Rule="rule")["Targets"] == []


@pytest.mark.parametrize(
    ("policy_arn", "expected"),
    [("AmazonS3FullAccess", "allowed"), ("AdministratorAccess", "denied")],
)
def test_which_policy_is_attached_is_a_condition(account: Account, policy_arn: str, expected: str) -> None:
    only = {"ArnLike": {"iam:PolicyARN": ["arn:aws:iam::aws:policy/AmazonS3*"]}}
    role = account.role("r", "lambda.amazonaws.com", policy(allow("iam:AttachRolePolicy", Condition=only)))
    iam = account.client("iam", as_role=role)
    arn = f"arn:aws:iam::aws:policy/{policy_arn}"
    assert outcome(lambda: iam.attach_role_policy(RoleName="r", PolicyArn=arn)) == expected


def test_a_roles_boundary_limits_it(account: Account) -> None:
    account.role("r", "lambda.amazonaws.com", policy(allow("*")))
    iam = account.client("iam")
    made = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(policy(allow("logs:*"))))
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=made["Policy"]["Arn"])
    role = f"arn:aws:iam::{account.id}:role/r"
    account.client("logs", as_role=role).describe_log_groups()
    with pytest.raises(ClientError, match="because no permissions boundary allows the s3:ListAllMyBuckets"):
        account.client("s3", as_role=role).list_buckets()


def test_a_group_gives_its_members_what_it_has(account: Account) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="readers")
    text = json.dumps(policy(allow("s3:ListAllMyBuckets")))
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=text)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    root = account.root
    ann = type(root)(key["AccessKeyId"], key["SecretAccessKey"], None, root.principal)
    s3 = account.client("s3", who=ann)
    assert outcome(s3.list_buckets) == "denied"
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    assert outcome(s3.list_buckets) == "allowed"


def test_a_branch_may_be_closed_to_changes(account: Account) -> None:
    codecommit = account.client("codecommit")
    codecommit.create_repository(repositoryName="repo")
    closed = {"StringEqualsIfExists": {"codecommit:References": ["refs/heads/main"]}}
    kept = {"Null": {"codecommit:References": "false"}}
    rights = policy(allow("codecommit:*"), deny("codecommit:PutFile", Condition={**closed, **kept}))
    client = account.client("codecommit", as_role=account.role("r", "lambda.amazonaws.com", rights))
    put = partial(client.put_file, repositoryName="repo", fileContent=b"x", filePath="f")
    results = [outcome(partial(put, branchName=branch)) for branch in ("main", "work")]
    assert results == ["denied", "allowed"]


def test_a_service_acts_under_the_queues_policy(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn, rule = f"arn:aws:sqs:{REGION}:{account.id}:q", f"arn:aws:events:{REGION}:{account.id}:rule/r"
    only = {"ArnEquals": {"aws:SourceArn": rule}}
    grant = allow("sqs:SendMessage", arn, Principal={"Service": "events.amazonaws.com"}, Condition=only)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy(grant))})
    clients = account.server.sandbox.clients

    def send(source: str) -> str:
        events = acting_service("events.amazonaws.com", account.id, source)
        client = clients.client("sqs", events, REGION)
        return outcome(lambda: client.send_message(QueueUrl=url, MessageBody="m"))

    assert (send(rule), send(rule + "x"), send("")) == ("allowed", "denied", "denied")


def test_a_session_named_like_a_service_is_no_service(account: Account) -> None:
    role = account.role("r", "lambda.amazonaws.com", policy(allow("s3:ListAllMyBuckets")))
    who = account.assume(role, session="events.amazonaws.com")
    assert account.client("s3", who=who).list_buckets()["Buckets"] == []


def test_what_a_decision_rests_on_is_told(account: Account) -> None:
    role = account.role("r", "lambda.amazonaws.com", policy(allow("s3:*"), deny("s3:Put*") | {"Sid": "No"}))
    who = account.assume(role).principal
    decision = account.server.sandbox.permissions.evaluate(who, "s3:PutObject", "arn:aws:s3:::b/k")
    assert decision.statement is not None
    assert (decision.allowed, decision.reason, decision.statement.sid, decision.policy) == (
        False,
        "explicitDeny",
        "No",
        "inline-0",
    )


def test_what_another_layer_serves_is_required_of_the_caller(account: Account) -> None:
    arn = f"arn:aws:codecommit:{REGION}:{account.id}:repo"
    role = account.role("r", "lambda.amazonaws.com", policy(allow("codecommit:GitPull", arn)))
    who, permissions = account.assume(role).principal, account.server.sandbox.permissions
    permissions.require(who, "codecommit:GitPull", arn, REGION)
    with pytest.raises(Exception, match="codecommit:GitPush"):
        permissions.require(who, "codecommit:GitPush", arn, REGION)
