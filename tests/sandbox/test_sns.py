"""SNS: topics reach functions, and nothing outside of the sandbox."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, free_port
from tests.sandbox.functions import function
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

SAYS = "export const handler = async (e) => console.log('got', e.Records[0].Sns.Message);"


def logged(account: Account, words: str) -> list[dict[str, Any]]:
    logs = account.client("logs")
    until = time.monotonic() + 40
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < until:
        time.sleep(0.2)
        if logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/f")["logGroups"]:
            found = logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern=words)["events"]
    return found


def test_a_topic_runs_the_function_that_lets_it_in(account: Account) -> None:
    arn, sns = function(account, {"index.mjs": SAYS}), account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="too early")
    account.client("lambda").add_permission(
        FunctionName="f",
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    sns.publish(TopicArn=topic, Message="in time")
    assert logged(account, '"in time"')
    assert not account.client("logs").filter_log_events(
        logGroupName="/aws/lambda/f", filterPattern='"too early"'
    )["events"]


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [("http", "http://127.0.0.1:22/"), ("email", "ann@example.com"), ("sms", "+15550100")],
)
def test_a_topic_reaches_nothing_outside(account: Account, protocol: str, endpoint: str) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    with pytest.raises(ClientError) as refused:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_another_sandbox_that_has_ended_takes_nothing_with_it(account: Account, tmp_path: Path) -> None:
    other = Server(Settings(state=tmp_path, port=free_port()))
    other.start()
    other.stop()
    test_a_topic_runs_the_function_that_lets_it_in(account)
