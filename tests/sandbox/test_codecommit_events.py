"""What CodeCommit tells of changes: events for EventBridge, messages of triggers."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.test_codecommit_git import Learner

R = {"repositoryName": "r"}
PATTERN = {"source": ["aws.codecommit"]}
PATIENCE = 20  # seconds


class Ear:
    """A queue that hears every event of CodeCommit in an account, and what topics publish."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.queue = account.client("sqs")
        self.url = self.queue.create_queue(QueueName="ear")["QueueUrl"]
        asked = self.queue.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = asked["Attributes"]["QueueArn"]
        services = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
        statement = {
            "Effect": "Allow",
            "Principal": services,
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.queue.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def to_events(self) -> None:
        rules = self.account.client("events")
        rules.put_rule(Name="codecommit", EventPattern=json.dumps(PATTERN))
        rules.put_targets(Rule="codecommit", Targets=[{"Id": "ear", "Arn": self.arn}])

    def heard(self, count: int) -> list[dict[str, Any]]:
        """The next messages; they may come in any order."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < end, f"heard only {found}"
            time.sleep(0.02)
            got = self.queue.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            for message in got.get("Messages", []):
                found.append(json.loads(message["Body"]))
                self.queue.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def ear(account: Account) -> Ear:
    ear = Ear(account)
    ear.to_events()
    return ear


@pytest.fixture
def codecommit(account: Account) -> Any:
    client = account.client("codecommit")
    client.create_repository(**R)
    return client


def put(codecommit: Any, branch: str, content: bytes, **parent: str) -> str:
    made = codecommit.put_file(**R, branchName=branch, filePath="a", fileContent=content, **parent)
    return str(made["commitId"])


def test_the_first_commit_by_api_makes_a_branch_known(codecommit: Any, ear: Ear, account: Account) -> None:
    commit = put(codecommit, "master", b"1")
    [event] = ear.heard(1)
    assert event["detail-type"] == "CodeCommit Repository State Change"
    assert event["resources"] == [f"arn:aws:codecommit:eu-west-1:{account.id}:r"]
    detail = event["detail"]
    assert detail.pop("repositoryId")
    assert detail == {
        "event": "referenceCreated",
        "repositoryName": "r",
        "referenceType": "branch",
        "referenceName": "master",
        "referenceFullName": "refs/heads/master",
        "commitId": commit,
        "callerUserArn": f"arn:aws:iam::{account.id}:root",
    }


def test_further_changes_tell_what_was_before(codecommit: Any, ear: Ear) -> None:
    first = put(codecommit, "master", b"1")
    ear.heard(1)
    second = put(codecommit, "master", b"2", parentCommitId=first)
    [event] = ear.heard(1)
    assert event["detail"]["event"] == "referenceUpdated"
    assert (event["detail"]["oldCommitId"], event["detail"]["commitId"]) == (first, second)


def test_a_deleted_branch_is_told(codecommit: Any, ear: Ear) -> None:
    tip = put(codecommit, "master", b"1")
    codecommit.create_branch(**R, branchName="other", commitId=tip)
    ear.heard(2)
    codecommit.delete_branch(**R, branchName="other")
    [event] = ear.heard(1)
    assert event["detail"]["event"] == "referenceDeleted"
    assert event["detail"]["oldCommitId"] == tip


def test_a_merge_tells_its_commits(codecommit: Any, ear: Ear) -> None:
    first = put(codecommit, "master", b"1")
    codecommit.create_branch(**R, branchName="feature", commitId=first)
    second = put(codecommit, "feature", b"2", parentCommitId=first)
    ear.heard(3)
    codecommit.merge_branches_by_fast_forward(
        **R, sourceCommitSpecifier="feature", destinationCommitSpecifier="master"
    )
    [event] = ear.heard(1)
    told = event["detail"]
    assert (told["sourceCommitId"], told["destinationCommitId"], told["baseCommitId"]) == (
        second,
        first,
        first,
    )
    assert told["mergeOption"] == "FAST_FORWARD_MERGE"


def test_a_push_tells_of_each_branch_and_a_forced_one_of_what_it_replaced(
    codecommit: Any, ear: Ear, account: Account, tmp_path: Any
) -> None:
    learner = Learner(tmp_path, account)
    first = learner.work()
    learner.git("push", "-q", "origin", "master", "HEAD:other", at="work")
    assert {event["detail"]["referenceName"] for event in ear.heard(2)} == {"master", "other"}
    learner.git("commit", "-q", "--amend", "-m", "Rewritten", at="work")
    learner.git("push", "-q", "--force", "origin", "master", at="work")
    [event] = ear.heard(1)
    assert (event["detail"]["event"], event["detail"]["oldCommitId"]) == ("referenceUpdated", first)


def test_pull_requests_are_told(codecommit: Any, ear: Ear) -> None:
    first = put(codecommit, "master", b"1")
    codecommit.create_branch(**R, branchName="feature", commitId=first)
    put(codecommit, "feature", b"2", parentCommitId=first)
    ear.heard(3)
    target = {**R, "sourceReference": "feature", "destinationReference": "master"}
    codecommit.create_pull_request(title="Please", targets=[target])
    [event] = ear.heard(1)
    assert event["detail-type"] == "CodeCommit Pull Request State Change"
    assert (event["detail"]["event"], event["detail"]["isMerged"]) == ("pullRequestCreated", "False")


def test_a_trigger_publishes_to_its_topic(codecommit: Any, account: Account) -> None:
    ear, topics = Ear(account), account.client("sns")
    topic = topics.create_topic(Name="pushes")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ear.arn)
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "codecommit.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    trigger = {"name": "tell", "destinationArn": topic, "events": ["createReference"], "branches": ["master"]}
    codecommit.put_repository_triggers(**R, triggers=[trigger])
    commit = put(codecommit, "master", b"1")
    [message] = ear.heard(1)
    [record] = json.loads(message["Message"])["Records"]
    assert record["codecommit"]["references"] == [
        {"commit": commit, "ref": "refs/heads/master", "created": True}
    ]


def test_testing_a_trigger_tells_why_its_target_refuses(codecommit: Any, account: Account) -> None:
    missing = f"arn:aws:lambda:eu-west-1:{account.id}:function:nowhere"
    trigger = {"name": "tell", "destinationArn": missing, "events": ["all"]}
    tested = codecommit.test_repository_triggers(**R, triggers=[trigger])
    assert tested["successfulExecutions"] == []
    assert tested["failedExecutions"][0]["trigger"] == "tell"


def test_of_commits_at_once_on_one_parent_one_wins(codecommit: Any, account: Account) -> None:
    first = put(codecommit, "master", b"0")

    def attempt(number: int) -> str:
        try:
            return put(account.client("codecommit"), "master", b"%d!" % number, parentCommitId=first)
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])

    with ThreadPoolExecutor(5) as pool:
        results = sorted(pool.map(attempt, range(5)))
    assert results.count("ParentCommitIdOutdatedException") == 4
    tip = codecommit.get_branch(**R, branchName="master")["branch"]["commitId"]
    assert tip in results
