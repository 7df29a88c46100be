"""kill -9 of the sandbox at random moments of pipeline runs: nothing hangs, nothing is there twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.house import House
from tests.sandbox.test_codepipeline_build import build, project
from tests.sandbox.test_codepipeline_stacks import change_set, put
from tests.sandbox.test_snapshot_under_way import started_by_pushes
from tests.sandbox.workbench import ALLOW_ALL, Workbench, furnished, stage, wait_for

SANDBOXES = 2  # so that two workers of the tests share the work
RUNS = 8  # that are killed, in each; more where too few of them were under way
MOST_RUNS = 40
STARTS = 4  # that are killed, in each
KILLS = RUNS + STARTS
LEAST_HIT = 4
LONGEST_START = 2.0  # seconds from a start until its kill
SETTLES_WITHIN = 40.0  # seconds
BUILDSPEC = "{version: 0.2, phases: {build: {commands: [sleep 0.3]}}, artifacts: {files: ['**/*']}}"
TEMPLATE = """
Parameters:
  Word: {Type: String}
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /of/the/stack, RetentionInDays: 7, Tags: [{Key: word, Value: !Ref Word}]}
  Role:
    Type: AWS::IAM::Role
    DependsOn: Group
    Properties:
      RoleName: of-the-stack
      Description: !Ref Word
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.start()
    yield house
    house.stop()


@pytest.fixture
def bench(house: House) -> Workbench:
    """A pipeline that a push starts: it builds and deploys a stack."""
    bench = furnished(house.account)
    project(bench, BUILDSPEC)
    put(bench, t__yml=TEMPLATE)
    started_by_pushes(bench)
    role = house.account.role("cfn", "cloudformation.amazonaws.com", ALLOW_ALL)
    more = {"Capabilities": "CAPABILITY_NAMED_IAM", "ParameterOverrides": '{"Word": "#{Src.CommitId}"}'}
    bench.create(
        stage("Build", build()),
        stage("Deploy", *change_set(role, **more)),
    )
    house.wait_until_saved()
    return bench


@pytest.mark.parametrize("number", range(SANDBOXES))
def test_a_pipeline_becomes_green_however_often_the_sandbox_is_killed(
    house: House, bench: Workbench, number: int
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"sandbox {number}, seed {seed}")
    chance, hit, turn = random.Random(seed), 0, 0
    lasts = undisturbed(bench)
    while turn < RUNS or hit < LEAST_HIT:
        assert turn < MOST_RUNS, "the kills hit nothing"
        put(bench, index__html=f"number {turn}")
        time.sleep(chance.uniform(0, lasts))
        hit += any(one["status"] == "InProgress" for one in bench.executions())
        house.kill()
        if turn < RUNS and turn % (RUNS // STARTS) == 0:
            house.begin()
            time.sleep(chance.uniform(0, LONGEST_START))
            house.kill()
        assert house.start()["restored"] == "1 account"
        turn += 1
    wait_for(lambda: under_way(bench) == [], SETTLES_WITHIN)
    again = bench.client.start_pipeline_execution(name="p")["pipelineExecutionId"]
    assert (
        wait_for(lambda: (now := bench.status(again)) != "InProgress" and now, SETTLES_WITHIN) == "Succeeded"
    )
    assert twice(bench) == []
    assert by_pushes(bench) <= 1 + turn
    house.stop()
    assert left_behind(house) == []


def undisturbed(bench: Workbench) -> float:
    """Seconds that a run takes from its push to its end on this machine, while nobody kills."""
    before, began = len(bench.executions()), time.monotonic()
    put(bench, index__html="undisturbed")
    wait_for(lambda: len(bench.executions()) > before and under_way(bench) == [], SETTLES_WITHIN)
    return time.monotonic() - began


def under_way(bench: Workbench) -> list[str]:
    """Executions, builds and stacks that have not ended."""
    codebuild, cloudformation = bench.account.client("codebuild"), bench.account.client("cloudformation")
    builds = codebuild.batch_get_builds(ids=codebuild.list_builds()["ids"])["builds"]
    stacks = cloudformation.list_stacks()["StackSummaries"]
    return [
        *(one["pipelineExecutionId"] for one in bench.executions() if one["status"] == "InProgress"),
        *(one["id"] for one in builds if not one["buildComplete"]),
        *(one["StackId"] for one in stacks if one["StackStatus"].endswith("_IN_PROGRESS")),
    ]


def twice(bench: Workbench) -> list[str]:
    """What is there more often than it was made, of the pipeline's doing."""
    account = bench.account
    buckets = [
        f"bucket {one['Name'].partition('-bucket-')[0]}"
        for one in account.client("s3").list_buckets()["Buckets"]
    ]
    stacks = [
        f"stack {one['StackName']}"
        for one in account.client("cloudformation").list_stacks()["StackSummaries"]
    ]
    roles = [f"role {one['RoleName']}" for one in account.client("iam").list_roles()["Roles"]]
    found = Counter([*buckets, *stacks, *roles])
    return [name for name, times in found.items() if times > 1]


def by_pushes(bench: Workbench) -> int:
    """How many executions pushes have started; each takes the newest commit, as in AWS."""
    return sum(one["trigger"]["triggerType"] == "CloudWatchEvent" for one in bench.executions())


def left_behind(house: House) -> list[str]:
    """Processes of builds and functions that outlived the sandbox."""
    processes = [path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")]
    return [command for command in processes if str(house.folder) in command]
