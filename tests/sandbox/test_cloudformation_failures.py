"""Stacks that fail, and the ways out of it."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.test_cloudformation import (
    bucket,
    create,
    delete,
    group,
    groups,
    history,
    status,
    template,
    update,
)

BROKEN = {"Type": "AWS::Lambda::Version", "DependsOn": "L", "Properties": {"FunctionName": "absent"}}


def allow(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


def test_the_stack_says_what_failed_and_that_it_goes_back(account: Account) -> None:
    create(account, template(L=group("/g"), B=BROKEN))
    words = "The following resource(s) failed to create: [B]. Rollback requested by user."
    assert ("s", "ROLLBACK_IN_PROGRESS", words) in history(account, "s")


@pytest.mark.parametrize(
    ("on_failure", "expected", "left"),
    [
        ("DO_NOTHING", "CREATE_FAILED", {"/g"}),
        ("DELETE", "DELETE_COMPLETE", set()),
        ("ROLLBACK", "ROLLBACK_COMPLETE", set()),
    ],
)
def test_a_failed_creation_goes_where_it_was_told_to(
    account: Account, on_failure: str, expected: str, left: set[str]
) -> None:
    stack = create(account, template(L=group("/g"), B=BROKEN), OnFailure=on_failure)
    assert status(account, stack) == expected
    assert set(groups(account)) == left


def test_a_stack_rolled_back_can_only_be_deleted(account: Account) -> None:
    create(account, template(L=group("/g"), B=BROKEN))
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        update(account, template(L=group("/g")))
    assert delete(account) == "DELETE_COMPLETE"


def test_siblings_of_a_failure_are_cancelled(account: Account) -> None:
    absent = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": "absent"}}
    others = {f"L{number}": group(f"/{number}") for number in range(12)}
    create(account, template(A=absent, **others))
    assert any(reason == "Resource creation cancelled" for _, _, reason in history(account, "s"))


def test_a_failed_update_can_be_left_and_mended(account: Account) -> None:
    create(account, template(L=group("/g", RetentionInDays=7)))
    update(account, template(L=group("/g", RetentionInDays=14), B=BROKEN), DisableRollback=True)
    assert (status(account, "s"), groups(account)) == ("UPDATE_FAILED", {"/g": 14})
    update(account, template(L=group("/g", RetentionInDays=30)))
    assert (status(account, "s"), groups(account)) == ("UPDATE_COMPLETE", {"/g": 30})


def test_a_failed_update_can_be_left_and_rolled_back_later(account: Account) -> None:
    create(account, template(L=group("/g", RetentionInDays=7)))
    update(
        account, template(L=group("/g", RetentionInDays=14), M=group("/m"), B=BROKEN), DisableRollback=True
    )
    account.client("cloudformation").rollback_stack(StackName="s")
    assert status(account, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(account) == {"/g": 7}


def test_a_failed_update_puts_the_replaced_resource_back(account: Account) -> None:
    create(account, template(L=group("/old")))
    update(account, template(L=group("/new"), B=BROKEN))
    assert status(account, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert set(groups(account)) == {"/old"}
    assert delete(account) == "DELETE_COMPLETE"
    assert groups(account) == {}


def test_a_rollback_that_is_denied_can_be_continued_once_it_is_allowed(account: Account) -> None:
    iam = account.client("iam")
    role = account.role("deployer", "cloudformation.amazonaws.com", allow("logs:*"))
    create(account, template(L=group("/g", RetentionInDays=7)), RoleARN=role)
    iam.put_role_policy(
        RoleName="deployer",
        PolicyName="inline-0",
        PolicyDocument=json.dumps(allow("logs:Describe*", "logs:CreateLogGroup")),
    )
    update(account, template(L=group("/g", RetentionInDays=14)))
    assert status(account, "s") == "UPDATE_ROLLBACK_FAILED"
    iam.put_role_policy(
        RoleName="deployer", PolicyName="inline-0", PolicyDocument=json.dumps(allow("logs:*"))
    )
    account.client("cloudformation").continue_update_rollback(StackName="s")
    assert status(account, "s") == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(account) == {"/g": 7}


def test_a_resource_that_resists_deletion_can_be_left_behind(account: Account) -> None:
    name = f"b-{account.id}"
    stack = create(account, template(B=bucket(BucketName=name), L=group("/g")))
    account.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    assert delete(account) == "DELETE_FAILED"
    account.client("cloudformation").delete_stack(StackName="s", RetainResources=["B"])
    assert status(account, stack) == "DELETE_COMPLETE"
    account.client("s3").head_bucket(Bucket=name)


def test_the_role_sticks_to_the_stack(account: Account) -> None:
    role = account.role("deployer", "cloudformation.amazonaws.com", allow("logs:*"))
    create(account, template(L=group("/g")), RoleARN=role)
    update(account, template(L=group("/g"), B=bucket()))
    reasons = [
        reason for name, state, reason in history(account, "s") if (name, state) == ("B", "CREATE_FAILED")
    ]
    assert (
        "assumed-role/deployer/AWSCloudFormation is not authorized to perform: s3:CreateBucket" in reasons[0]
    )


def test_a_caller_without_a_role_acts_as_himself(account: Account) -> None:
    role = account.role("weak", "lambda.amazonaws.com", allow("cloudformation:*"))
    cloudformation = account.client("cloudformation", as_role=role)
    cloudformation.create_stack(StackName="s", TemplateBody=template(L=group("/g")))
    assert status(account, "s") == "ROLLBACK_COMPLETE"
    assert any("assumed-role/weak/test is not authorized" in reason for _, _, reason in history(account, "s"))


def test_a_protected_stack_is_not_deleted(account: Account) -> None:
    create(account, template(L=group("/g")), EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        account.client("cloudformation").delete_stack(StackName="s")
    account.client("cloudformation").update_termination_protection(
        StackName="s", EnableTerminationProtection=False
    )
    assert delete(account) == "DELETE_COMPLETE"


def test_a_stack_policy_protects_a_resource_from_updates(account: Account) -> None:
    policy = {
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": "LogicalResourceId/L"},
        ]
    }
    create(account, template(L=group("/g"), M=group("/m")), StackPolicyBody=json.dumps(policy))
    update(account, template(L=group("/g", RetentionInDays=7), M=group("/m")))
    assert groups(account)["/g"] is None
    words = "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [L]"
    assert ("L", "UPDATE_FAILED", words) in history(account, "s")
    update(account, template(L=group("/g"), M=group("/m", RetentionInDays=7)))
    assert groups(account)["/m"] == 7


def test_a_change_set_whose_role_has_gone_leaves_the_stack_as_it_was(account: Account) -> None:
    role = account.role("deployer", "cloudformation.amazonaws.com")
    cloudformation = account.client("cloudformation")
    create(account, template(L=group("/g")))
    cloudformation.create_change_set(
        StackName="s", ChangeSetName="c", TemplateBody=template(M=group("/m")), RoleARN=role
    )
    account.client("iam").delete_role(RoleName="deployer")
    with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
        cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
    assert status(account, "s") == "CREATE_COMPLETE"


def test_a_stack_can_be_deleted_while_it_is_being_created(account: Account) -> None:
    row = {f"L{n}": group(f"/{n}") | ({"DependsOn": f"L{n - 1}"} if n else {}) for n in range(400)}
    cloudformation = account.client("cloudformation")
    stack = cloudformation.create_stack(StackName="s", TemplateBody=template(**row))["StackId"]
    cloudformation.delete_stack(StackName="s")
    assert status(account, stack) == "DELETE_COMPLETE"
    assert groups(account) == {}
    assert not any("ROLLBACK" in state for _, state, _ in history(account, stack))


def test_deleting_what_is_not_there_succeeds(account: Account) -> None:
    account.client("cloudformation").delete_stack(StackName="absent")


def test_a_deleted_stack_is_found_by_its_id_only(account: Account) -> None:
    stack = create(account, template(L=group("/g")))
    delete(account)
    assert status(account, stack) == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        account.client("cloudformation").describe_stacks(StackName="s")


def test_an_update_that_imports_what_nobody_exports_is_refused(account: Account) -> None:
    create(account, template(L=group("/g")))
    using = group("/m") | {"Properties": {"LogGroupName": {"Fn::ImportValue": "absent"}}}
    with pytest.raises(ClientError, match=r"No export named absent found\."):
        update(account, template(L=using))
    assert status(account, "s") == "CREATE_COMPLETE"


def test_the_same_request_twice_makes_one_stack(account: Account) -> None:
    first = create(account, template(L=group("/g")), ClientRequestToken="t")
    assert create(account, template(L=group("/g")), ClientRequestToken="t") == first


@pytest.mark.parametrize(
    ("operation", "params", "words"),
    [
        ("describe_stacks", {"StackName": "x"}, "Stack with id x does not exist"),
        ("describe_stack_events", {"StackName": "x"}, r"Stack \[x\] does not exist"),
        ("get_template", {"StackName": "x"}, "Stack with id x does not exist"),
        ("update_stack", {"StackName": "x", "TemplateBody": "{}"}, r"Stack \[x\] does not exist"),
        ("create_stack", {"StackName": "x"}, "Either Template URL or Template Body must be specified."),
        ("create_stack", {"StackName": "x_y", "TemplateBody": "{}"}, "failed to satisfy constraint"),
        (
            "create_stack",
            {"StackName": "x", "TemplateBody": template(A={"Type": "AWS::Nope::Thing"})},
            r"Template format error: Unrecognized resource types: \[AWS::Nope::Thing\]",
        ),
        ("describe_change_set", {"StackName": "x", "ChangeSetName": "c"}, r"Stack \[x\] does not exist"),
        (
            "detect_stack_drift",
            {"StackName": "x"},
            "This sandbox does not have cloudformation:DetectStackDrift",
        ),
    ],
)
def test_refusals_are_in_awss_words(
    account: Account, operation: str, params: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        getattr(account.client("cloudformation"), operation)(**params)


def test_every_change_of_status_is_an_event(account: Account) -> None:
    events, queue = account.client("events"), account.client("sqs")
    url = queue.create_queue(QueueName="q")["QueueUrl"]
    arn = f"arn:aws:sqs:{account.region}:{account.id}:q"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    queue.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_rule(Name="r", EventPattern='{"source": ["aws.cloudformation"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    stack = create(account, template(L=group("/g")))
    seen = set()
    while message := queue.receive_message(QueueUrl=url, WaitTimeSeconds=2).get("Messages"):
        event = json.loads(message[0]["Body"])
        assert event["detail"]["stack-id"] == stack
        seen.add((event["detail-type"], event["detail"]["status-details"]["status"]))
        queue.delete_message(QueueUrl=url, ReceiptHandle=message[0]["ReceiptHandle"])
        if len(seen) == 4:
            break
    kinds = ("CloudFormation Stack Status Change", "CloudFormation Resource Status Change")
    assert seen == {(kind, state) for kind in kinds for state in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")}


def test_the_stacks_topics_are_told_what_happened(account: Account) -> None:
    topic = account.client("sns").create_topic(Name="t")["TopicArn"]
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    account.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{account.region}:{account.id}:q",
        Attributes={"RawMessageDelivery": "true"},
    )
    create(account, template(L=group("/g")), NotificationARNs=[topic])
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"]
    assert "ResourceStatus='CREATE_IN_PROGRESS'\nResourceStatusReason='User Initiated'" in message


def test_all_that_is_remembered_can_be_saved(account: Account) -> None:
    create(account, template(L=group("/g"), B=BROKEN))
    state = account.server.sandbox.service("cloudformation").state
    saved = pickle.loads(pickle.dumps(state[(account.id, account.region)]))
    assert [stack.status for stack in saved.stacks.values()] == ["ROLLBACK_COMPLETE"]
