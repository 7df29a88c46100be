"""Nothing grows without end in the sandbox's own memory, however long an account is used."""

from __future__ import annotations

import gc
import time
import weakref
from dataclasses import replace
from datetime import UTC, datetime

from moto.logs.models import logs_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sns.models import sns_backends

from tests.conftest import Account
from tests.sandbox.workbench import deploy, furnished, stage, wait_for
from workshop.sandbox.cloudformation.ledger import MOST_EVENTS, MOST_GONE
from workshop.sandbox.cloudformation.state import Stack
from workshop.sandbox.codebuild.start import MOST_BUILDS, new_build
from workshop.sandbox.codebuild.state import Region, now
from workshop.sandbox.codepipeline import history
from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline, StageRun, Trigger
from workshop.sandbox.codepipeline.structure import Structure
from workshop.sandbox.events.bus import MOST_UNDER_WAY
from workshop.sandbox.events.timer import Timer
from workshop.sandbox.logs.room import LARGEST, cut
from workshop.sandbox.post import MOST_LETTERS, Post
from workshop.sandbox.snapshot.stored import Stored


def bucket(account: Account) -> str:
    name = f"bucket-{account.id}"
    where = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


def kept(account: Account, name: str) -> weakref.ref[FakeKey]:
    """moto's object of a bucket's only object, without keeping it."""
    found = s3_backends[account.id]["aws"].buckets[name].keys
    return weakref.ref(next(iter(found.values())))


def test_what_is_deleted_from_s3_is_gone_from_memory(account: Account) -> None:
    s3, name = account.client("s3"), bucket(account)
    s3.put_object(Bucket=name, Key="k", Body=b"one")
    first = kept(account, name)
    s3.put_object(Bucket=name, Key="k", Body=b"two")
    second = kept(account, name)
    gc.collect()
    assert first() is None
    assert second() is not None
    s3.delete_object(Bucket=name, Key="k")
    gc.collect()
    assert second() is None


def test_the_oldest_builds_are_forgotten_but_none_that_is_not_over() -> None:
    region, project = Region(), {"name": "p", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/p"}
    running = new_build(region, project, {}, "somebody")
    oldest = new_build(region, project, {}, "somebody")
    region.tokens = {"running": running.id, "oldest": oldest.id}
    oldest.end = now()
    for _ in range(MOST_BUILDS - 1):
        new_build(region, project, {}, "somebody").end = now()
    assert len(region.builds) == MOST_BUILDS
    assert running.id in region.builds
    assert oldest.id not in region.builds
    assert region.tokens == {"running": running.id}


def pipeline(executions: int, structure: Structure) -> Pipeline:
    """One in which each execution passed stage A, the second and third also B, and the third failed in it."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    made = Pipeline("111122223333", "eu-west-1", {"version": 1}, structure, moment, moment)
    for number in range(executions):
        one = Execution(f"e{number}", number, 1, structure, Trigger("X"), status="Succeeded")
        one.stages["A"] = StageRun("A", "Succeeded")
        if number in (1, 2):
            one.stages["B"] = StageRun("B", "Succeeded" if number == 1 else "Failed")
        made.executions.append(one)
        made.runs.append(ActionRun(f"r{number}", one.id, "A", "act", 1, moment, moment))
    return made


def test_old_executions_are_forgotten_but_those_that_still_say_something() -> None:
    made = pipeline(10, Structure("p", "role", ()))
    made.executions[0].status = "InProgress"
    history.trim(made, most=3)
    assert [one.id for one in made.executions] == ["e0", "e1", "e2", "e7", "e8", "e9"]
    assert [run.id for run in made.runs] == ["r0", "r1", "r2", "r7", "r8", "r9"]


def test_starting_a_pipeline_forgets_what_is_too_old(account: Account) -> None:
    bench = furnished(account)
    first = bench.create(stage("Deploy", deploy(bench.target)))
    assert bench.finished(first) == "Succeeded"
    state = account.server.sandbox.service("codepipeline").register.of(account.id, account.region)
    kept = state.pipelines["p"].executions
    kept[:0] = [replace(kept[0], id=f"old-{number}") for number in range(history.MOST)]
    again = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert bench.finished(again) == "Succeeded"
    assert len(bench.executions()) <= 100
    assert len(state.pipelines["p"].executions) == history.MOST


def test_a_stack_keeps_so_many_events_and_a_region_so_many_deleted_stacks(account: Account) -> None:
    ledger = account.server.sandbox.service("cloudformation").office.ledger
    region = ledger.region(account.id, account.region)
    for number in range(MOST_GONE + 1):
        arn = f"arn:aws:cloudformation:{account.region}:{account.id}:stack/s{number}/x"
        region.stacks[arn] = Stack(arn, f"s{number}", "CREATE_COMPLETE", ledger.now())
    stack = region.stacks[arn]
    for _ in range(MOST_EVENTS):
        ledger.status(stack, "UPDATE_COMPLETE")
    stack.told = 3
    ledger.status(stack, "ROLLBACK_COMPLETE")
    assert (len(stack.events), stack.told, stack.events[-1].status) == (MOST_EVENTS, 2, "ROLLBACK_COMPLETE")
    for one in list(region.stacks.values()):
        ledger.status(one, "DELETE_COMPLETE")
    assert [one.name for one in region.stacks.values()] == [f"s{n}" for n in range(1, MOST_GONE + 1)]


def test_the_oldest_lines_of_logs_go_when_they_are_too_many(account: Account) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="g")
    line, lines, size = "x" * 250_000, 4, 1_000_000
    for stream in range(LARGEST // size + 2):
        logs.create_log_stream(logGroupName="g", logStreamName=f"s{stream}")
        events = [{"timestamp": int(time.time() * 1000), "message": line}] * lines
        logs.put_log_events(logGroupName="g", logStreamName=f"s{stream}", logEvents=events)

    def count(stream: int) -> int:
        return len(logs.get_log_events(logGroupName="g", logStreamName=f"s{stream}")["events"])

    assert [count(0), count(1)] == [0, 0]
    assert count(LARGEST // size + 1) == lines
    assert len(line) * sum(map(count, range(LARGEST // size + 2))) <= LARGEST


def test_a_cut_takes_of_a_stream_the_oldest_lines_only(account: Account) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    events = [{"timestamp": int(time.time() * 1000), "message": str(number) * 10} for number in range(5)]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    streams = logs_backends[account.id][account.region].groups["g"].streams.values()
    assert cut(streams, 25) == 20
    left = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [one["message"][0] for one in left] == ["3", "4"]


def test_what_a_topic_was_told_is_not_remembered(account: Account) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.publish(TopicArn=topic, Message="a")
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "b"}])
    assert sns_backends[account.id][account.region].topics[topic].sent_notifications == []


def test_rules_that_are_gone_are_not_watched_any_more(account: Account) -> None:
    events, timer = account.client("events"), Timer(lambda *_: None)
    events.put_rule(Name="r", ScheduleExpression="rate(1 minute)")
    timer.tick(datetime.now(UTC))
    before = len(timer)
    events.delete_rule(Name="r")
    timer.tick(datetime.now(UTC))
    assert len(timer) == before - 1


def test_users_events_are_throttled_when_too_many_are_under_way(account: Account) -> None:
    entry = {"Source": "me", "DetailType": "x", "Detail": "{}"}
    tally = account.server.sandbox.events.under_way
    while tally.begin(account.id):
        pass
    refused = account.client("events").put_events(Entries=[entry])
    assert refused["Entries"][0]["ErrorCode"] == "ThrottlingException"
    for _ in range(MOST_UNDER_WAY):
        tally.end(account.id)
    assert account.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_so_many_letters_wait_and_no_more(account: Account) -> None:
    post = Post(account.server.sandbox, "s3.amazonaws.com")
    while post.letters.begin(account.id):
        pass
    post.send(account.id, "arn:aws:s3:::b", f"arn:aws:sqs:eu-west-1:{account.id}:q", "text")
    assert post.under_way(account.id) == MOST_LETTERS
    assert post.letters.begin("another")
    post.stop()


def test_a_saved_body_is_on_disk_and_no_longer_in_memory(account: Account) -> None:
    s3, name = account.client("s3"), bucket(account)
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket=name, Key="k", Body=body)
    key = kept(account, name)()
    assert key is not None
    wait_for(lambda: isinstance(key._value_buffer, Stored))
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == body
    assert s3.get_object(Bucket=name, Key="k", Range="bytes=255-257")["Body"].read() == b"\xff\x00\x01"
    s3.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "k"})
    s3.put_object(Bucket=name, Key="k", Body=b"new")
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"new"
    assert s3.get_object(Bucket=name, Key="copy")["Body"].read() == body
