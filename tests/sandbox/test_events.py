"""EventBridge: what services and users emit reaches the targets, as whoever may."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.workbench import (
    Workbench,
    bench,
    commit,
    deploy,
    page,
    stage,
    wait_for,
)

__all__ = ["bench"]


def put_rule(account: Account, name: str, pattern: dict[str, Any], **more: Any) -> str:
    arn = account.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), **more)["RuleArn"]
    return str(arn)


def put_event(account: Account, detail: dict[str, Any], source: str = "shop", **more: Any) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "order", "Detail": json.dumps(detail), **more}
    found: dict[str, Any] = account.client("events").put_events(Entries=[entry])
    return found


def starter(bench: Workbench, resource: str | None = None) -> str:
    """A role for EventBridge that may start the pipeline."""
    arn = resource or f"arn:aws:codepipeline:eu-west-1:{bench.account.id}:p"
    policy = {"Effect": "Allow", "Action": "codepipeline:StartPipelineExecution", "Resource": arn}
    return bench.account.role("cwe", "events.amazonaws.com", {"Version": "2012-10-17", "Statement": [policy]})


def on_commit(bench: Workbench, role: str, **target: Any) -> str:
    """A rule that starts the pipeline when main changes; its ARN."""
    account = bench.account
    pattern = {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "resources": [f"arn:aws:codecommit:eu-west-1:{account.id}:app"],
        "detail": {"event": ["referenceCreated", "referenceUpdated"], "referenceName": ["main"]},
    }
    rule = put_rule(account, "on-commit", pattern)
    arn = f"arn:aws:codepipeline:eu-west-1:{account.id}:p"
    entry = {"Id": "pipeline", "Arn": arn, "RoleArn": role, **target}
    account.client("events").put_targets(Rule="on-commit", Targets=[entry])
    return rule


def queue(account: Account, name: str = "q") -> tuple[str, str]:
    """A queue that EventBridge may send to: its URL and ARN."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:{account.id}:{name}"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def received(account: Account, url: str) -> Any:
    """The next message of a queue, parsed."""
    sqs = account.client("sqs")
    found = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    return json.loads(found[0]["Body"])


def test_a_commit_starts_the_pipeline(bench: Workbench) -> None:
    first = bench.create(stage("Deploy", deploy(bench.target)))
    bench.finished(first)
    rule = on_commit(bench, starter(bench))
    sha = commit(bench.account, "by event")
    newest = wait_for(lambda: (found := bench.executions())[1:] and found[0])
    assert newest["trigger"] == {"triggerType": "CloudWatchEvent", "triggerDetail": rule}
    assert bench.finished(newest["pipelineExecutionId"]) == "Succeeded"
    assert bench.executions()[0]["sourceRevisions"][0]["revisionId"] == sha
    assert page(bench) == "by event"


def test_nothing_starts_under_a_role_that_may_not(bench: Workbench) -> None:
    bench.finished(bench.create(stage("Deploy", deploy(bench.target))))
    other = f"arn:aws:codepipeline:eu-west-1:{bench.account.id}:another"
    on_commit(bench, starter(bench, other))
    url, arn = queue(bench.account)
    bench.account.client("events").put_targets(Rule="on-commit", Targets=[{"Id": "queue", "Arn": arn}])
    commit(bench.account, "unheard")
    received(bench.account, url)  # delivered after the pipeline, so that one has been tried
    assert len(bench.executions()) == 1


def test_a_transformer_hands_the_commit_over(bench: Workbench) -> None:
    bench.finished(bench.create(stage("Deploy", deploy(bench.target))))
    template = (
        '{"sourceRevisions":[{"actionName":"Source","revisionType":"COMMIT_ID","revisionValue":<rev>}]}'
    )
    paths = {"rev": "$.detail.commitId"}
    on_commit(bench, starter(bench), InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    sha = commit(bench.account, "transformed")
    newest = wait_for(lambda: (found := bench.executions())[1:] and found[0])
    bench.finished(newest["pipelineExecutionId"])
    assert bench.executions()[0]["sourceRevisions"][0]["revisionId"] == sha


def test_a_pipeline_tells_of_itself(bench: Workbench) -> None:
    url, arn = queue(bench.account)
    kind = "CodePipeline Pipeline Execution State Change"
    put_rule(bench.account, "done", {"detail-type": [kind], "detail": {"state": ["SUCCEEDED"]}})
    bench.account.client("events").put_targets(Rule="done", Targets=[{"Id": "q", "Arn": arn}])
    first = bench.create(stage("Deploy", deploy(bench.target)))
    event = received(bench.account, url)
    assert (event["source"], event["detail"]["execution-id"]) == ("aws.codepipeline", first)
    assert event["resources"] == [f"arn:aws:codepipeline:eu-west-1:{bench.account.id}:p"]


def test_a_failed_action_tells_why(bench: Workbench) -> None:
    url, arn = queue(bench.account)
    kind = "CodePipeline Action Execution State Change"
    put_rule(bench.account, "red", {"detail-type": [kind], "detail": {"state": ["FAILED"]}})
    bench.account.client("events").put_targets(Rule="red", Targets=[{"Id": "q", "Arn": arn}])
    bench.create(stage("Deploy", deploy("no-such-bucket-" + bench.account.id)))
    detail = received(bench.account, url)["detail"]
    assert (detail["stage"], detail["action"], detail["type"]["provider"]) == ("Deploy", "Deploy", "S3")
    assert detail["execution-result"]["error-code"] == "ConfigurationError"


def test_users_events_reach_a_queue(account: Account) -> None:
    url, arn = queue(account)
    put_rule(account, "orders", {"source": ["shop"]})
    account.client("events").put_targets(
        Rule="orders", Targets=[{"Id": "q", "Arn": arn, "InputPath": "$.detail"}]
    )
    put_event(account, {"n": 1})
    assert received(account, url) == {"n": 1}


def test_a_disabled_rule_delivers_nothing(account: Account) -> None:
    url, arn = queue(account)
    events = account.client("events")
    for name, state, text in (("off", "DISABLED", '"off"'), ("on", "ENABLED", '"on"')):
        put_rule(account, name, {"source": ["shop"]}, State=state)
        events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn, "Input": text}])
    put_event(account, {})
    assert received(account, url) == "on"
    assert "Messages" not in account.client("sqs").receive_message(QueueUrl=url)


def test_a_queue_without_a_policy_gets_nothing_but_the_dead_letters_do(account: Account) -> None:
    closed = account.client("sqs").create_queue(QueueName="closed")["QueueUrl"]
    url, letters = queue(account, "letters")
    put_rule(account, "orders", {"source": ["shop"]})
    target = {
        "Id": "q",
        "Arn": f"arn:aws:sqs:eu-west-1:{account.id}:closed",
        "DeadLetterConfig": {"Arn": letters},
    }
    account.client("events").put_targets(Rule="orders", Targets=[target])
    assert put_event(account, {"n": 1})["FailedEntryCount"] == 0
    assert received(account, url)["detail"] == {"n": 1}
    assert "Messages" not in account.client("sqs").receive_message(QueueUrl=closed)


def test_events_go_on_from_one_bus_to_another(account: Account) -> None:
    events = account.client("events")
    bus = events.create_event_bus(Name="orders")["EventBusArn"]
    url, arn = queue(account)
    put_rule(account, "onwards", {"source": ["shop"]})
    events.put_targets(Rule="onwards", Targets=[{"Id": "bus", "Arn": bus}])
    put_rule(account, "there", {"source": ["shop"]}, EventBusName="orders")
    events.put_targets(Rule="there", EventBusName="orders", Targets=[{"Id": "q", "Arn": arn}])
    put_event(account, {"n": 2})
    assert received(account, url)["detail"] == {"n": 2}


def test_events_land_in_a_log_group_that_lets_them(account: Account) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="/aws/events/orders")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:eu-west-1:{account.id}:log-group:/aws/events/*:*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    logs.put_resource_policy(policyName="events", policyDocument=document)
    put_rule(account, "orders", {"source": ["shop"]})
    arn = f"arn:aws:logs:eu-west-1:{account.id}:log-group:/aws/events/orders"
    account.client("events").put_targets(Rule="orders", Targets=[{"Id": "l", "Arn": arn}])
    put_event(account, {"n": 3})
    found = wait_for(lambda: logs.filter_log_events(logGroupName="/aws/events/orders")["events"])
    assert json.loads(found[0]["message"])["detail"] == {"n": 3}


def test_awss_sources_are_not_for_users(account: Account) -> None:
    answer = put_event(account, {}, source="aws.codecommit")
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@pytest.mark.parametrize("detail", ["{", "[1]", '"text"'])
def test_a_malformed_detail_is_refused(account: Account, detail: str) -> None:
    entry = {"Source": "shop", "DetailType": "order", "Detail": detail}
    answer = account.client("events").put_events(Entries=[entry])
    assert answer["Entries"] == [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}]


def test_a_pipeline_target_needs_a_role(account: Account) -> None:
    put_rule(account, "r", {"source": ["shop"]})
    arn = f"arn:aws:codepipeline:eu-west-1:{account.id}:p"
    with pytest.raises(ClientError, match="RoleArn is required for target"):
        account.client("events").put_targets(Rule="r", Targets=[{"Id": "p", "Arn": arn}])


def test_a_targets_role_must_trust_eventbridge(account: Account) -> None:
    put_rule(account, "r", {"source": ["shop"]})
    role = account.role("other", "codebuild.amazonaws.com")
    target = {"Id": "p", "Arn": f"arn:aws:codepipeline:eu-west-1:{account.id}:p", "RoleArn": role}
    with pytest.raises(ClientError, match=r"cannot be assumed by principal 'events.amazonaws.com'"):
        account.client("events").put_targets(Rule="r", Targets=[target])


def test_a_pattern_can_be_tried(account: Account) -> None:
    event = {
        "id": "1",
        "account": account.id,
        "source": "shop",
        "time": "2026-07-04T14:25:40Z",
        "region": "eu-west-1",
        "resources": [],
        "detail-type": "order",
        "detail": {"n": 5},
    }
    events = account.client("events")
    for limit, expected in ((3, True), (7, False)):
        pattern = json.dumps({"detail": {"n": [{"numeric": [">", limit]}]}})
        assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is expected


def test_an_unknown_bus_is_said_to_be_unknown(account: Account) -> None:
    with pytest.raises(account.client("events").exceptions.ResourceNotFoundException):
        put_event(account, {}, EventBusName="nowhere")


ECHO = """
import boto3, json, os
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


def echo(account: Account, url: str) -> tuple[str, str]:
    """A function that writes its event into a queue: its ARN, and its role's name."""
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    role = account.role("echo", "lambda.amazonaws.com", {"Version": "2012-10-17", "Statement": [allow]})
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("main.py", ECHO)
    made = account.client("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": body.getvalue()},
        Environment={"Variables": {"QUEUE": url}},
    )
    return str(made["FunctionArn"]), role


def test_a_function_is_called_if_its_policy_lets_the_rule(account: Account) -> None:
    url, _ = queue(account)
    letters_url, letters = queue(account, "letters")
    function, _ = echo(account, url)
    rule = put_rule(account, "orders", {"source": ["shop"]})
    target = {"Id": "f", "Arn": function, "DeadLetterConfig": {"Arn": letters}}
    account.client("events").put_targets(Rule="orders", Targets=[target])
    put_event(account, {"n": 1})
    assert received(account, letters_url)["detail"] == {"n": 1}
    account.client("lambda").add_permission(
        FunctionName="echo",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    put_event(account, {"n": 2})
    assert received(account, url)["detail"] == {"n": 2}


def test_a_schedule_fires_when_it_is_due(account: Account) -> None:
    url, arn = queue(account)
    rule = account.client("events").put_rule(Name="nightly", ScheduleExpression="cron(30 2 * * ? *)")
    account.client("events").put_targets(Rule="nightly", Targets=[{"Id": "q", "Arn": arn}])
    timer = account.server.sandbox.events.timer
    timer.tick(datetime(2026, 7, 4, 2, 29, 59, tzinfo=UTC))
    for second in (0, 1, 30):
        timer.tick(datetime(2026, 7, 4, 2, 30, second, tzinfo=UTC))
    event = received(account, url)
    assert (event["detail-type"], event["resources"]) == ("Scheduled Event", [rule["RuleArn"]])
    assert event["time"] == "2026-07-04T02:30:00Z"
    assert "Messages" not in account.client("sqs").receive_message(QueueUrl=url)


def test_a_rule_with_a_schedule_only_hears_no_events(account: Account) -> None:
    url, arn = queue(account)
    events = account.client("events")
    events.put_rule(Name="a-rate", ScheduleExpression="rate(7 days)")
    events.put_targets(Rule="a-rate", Targets=[{"Id": "q", "Arn": arn, "Input": '"rate"'}])
    put_rule(account, "b-orders", {"source": ["shop"]})
    events.put_targets(Rule="b-orders", Targets=[{"Id": "q", "Arn": arn, "Input": '"order"'}])
    put_event(account, {})
    assert received(account, url) == "order"
    assert "Messages" not in account.client("sqs").receive_message(QueueUrl=url)


def test_a_build_is_started_by_an_event(account: Account) -> None:
    trusted = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [trusted]}
    codebuild = account.client("codebuild")
    project = codebuild.create_project(
        name="nightly",
        serviceRole=account.role("build", "codebuild.amazonaws.com", document),
        source={
            "type": "NO_SOURCE",
            "buildspec": "version: 0.2\nphases: {build: {commands: [echo hello]}}",
        },
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
    )["project"]
    put_rule(account, "orders", {"source": ["shop"]})
    role = account.role("starter", "events.amazonaws.com", document)
    target = {"Id": "b", "Arn": project["arn"], "RoleArn": role}
    account.client("events").put_targets(Rule="orders", Targets=[target])
    put_event(account, {})
    ids = wait_for(lambda: codebuild.list_builds_for_project(projectName="nightly")["ids"])
    wait_for(lambda: codebuild.batch_get_builds(ids=ids)["builds"][0]["buildComplete"])
    assert codebuild.batch_get_builds(ids=ids)["builds"][0]["buildStatus"] == "SUCCEEDED"
