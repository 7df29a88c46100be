"""S3: what it refuses, and whom it tells when an object changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.server import Server


def made_bucket(account: Account, name: str = "notices") -> str:
    bucket = f"{name}-{account.id}"
    place = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    return bucket


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        act()
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize("name", ["UPPER", "under_score", "192.168.5.4", "two..dots", "-dash"])
def test_a_bucket_has_a_name_that_s3_takes(account: Account, name: str) -> None:
    s3 = account.client("s3")
    s3.meta.events.unregister("before-parameter-build.s3")
    place = {"LocationConstraint": account.region}
    refused = code_of(lambda: s3.create_bucket(Bucket=name, CreateBucketConfiguration=place))
    assert refused == "InvalidBucketName"


def test_a_bucket_name_is_taken_for_everybody(sandbox: Server) -> None:
    bucket = made_bucket(Account(sandbox))
    other = Account(sandbox).client("s3")
    place = {"LocationConstraint": "eu-west-1"}
    assert code_of(lambda: other.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)) == (
        "BucketAlreadyExists"
    )


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{no", "invalid Json"),
        ("{}", "field Statement"),
        (json.dumps({"Statement": [ALLOW]}), "field Resource"),
        (json.dumps({"Statement": [ALLOW | {"Resource": "arn:aws:s3:::another/*"}]}), "invalid resource"),
        (
            json.dumps({"Statement": [ALLOW | {"Resource": "{bucket}/*", "Action": "iam:*"}]}),
            "invalid action",
        ),
        (
            json.dumps(
                {"Statement": ALLOW | {"Resource": "{bucket}/*", "Principal": {"Service": "no.such"}}}
            ),
            "Invalid principal",
        ),
    ],
)
def test_a_bucket_policy_that_makes_no_sense_is_refused(account: Account, text: str, says: str) -> None:
    bucket = made_bucket(account)
    text = text.replace("{bucket}", f"arn:aws:s3:::{bucket}")
    with pytest.raises(ClientError, match=says) as refused:
        account.client("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    assert refused.value.response["Error"]["Code"] == "MalformedPolicy"


class Ear:
    """A queue that hears what a rule or a bucket sends."""

    def __init__(self, account: Account, sender: str) -> None:
        self._sqs = account.client("sqs")
        self.url = self._sqs.create_queue(QueueName="ear")["QueueUrl"]
        self.arn = f"arn:aws:sqs:{account.region}:{account.id}:ear"
        allow = {"Effect": "Allow", "Principal": {"Service": sender}, "Action": "sqs:SendMessage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": self.arn}]})
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def heard(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        until = time.monotonic() + 10
        while len(found) < count and time.monotonic() < until:
            answer = self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return found


def test_eventbridge_hears_of_objects_that_come_and_go(account: Account) -> None:
    ear, s3, events = Ear(account, "events.amazonaws.com"), account.client("s3"), account.client("events")
    bucket = made_bucket(account)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events.put_rule(Name="objects", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="objects", Targets=[{"Id": "ear", "Arn": ear.arn}])
    s3.put_object(Bucket=bucket, Key="a b", Body=b"four")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a b"}]})
    came, went = sorted(ear.heard(2), key=lambda event: event["detail-type"])
    assert (came["detail-type"], came["detail"]["object"]["key"], came["detail"]["object"]["size"]) == (
        "Object Created",
        "a b",
        4,
    )
    assert (went["detail-type"], went["detail"]["deletion-type"]) == ("Object Deleted", "Permanently Deleted")


def test_a_queue_hears_of_the_keys_it_asked_for(account: Account) -> None:
    ear, s3 = Ear(account, "s3.amazonaws.com"), account.client("s3")
    bucket = made_bucket(account)
    wanted = {
        "QueueArn": ear.arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".zip"}]}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [wanted]}
    )
    s3.put_object(Bucket=bucket, Key="no.txt", Body=b"")
    s3.put_object(Bucket=bucket, Key="yes.zip", Body=b"")
    records = [message for message in ear.heard(2) if "Records" in message]
    assert [message["Records"][0]["s3"]["object"]["key"] for message in records] == ["yes.zip"]
