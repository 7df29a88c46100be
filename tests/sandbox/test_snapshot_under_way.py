"""What was under way when the sandbox stopped: it goes on, or fails in AWS's terms."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.sandbox.building import Builder
from tests.sandbox.functions import function, package
from tests.sandbox.house import House
from tests.sandbox.test_cloudformation import group, history, status, template
from tests.sandbox.workbench import ALLOW_ALL, Workbench, commit, deploy, furnished, stage, wait_for

# Stands behind a custom resource; where that says Wait, it waits, answers at once, or fails.
CODE = """
import json, time, urllib.request
def handler(event, context):
    asked = event["RequestType"] != "Delete" and event["ResourceProperties"]["Wait"] == "yes"
    if asked and MODE == "waits":
        time.sleep(600)
    status = "FAILED" if asked and MODE == "fails" else "SUCCESS"
    answer = {"Status": status, "Reason": "no", "PhysicalResourceId": "mine", "StackId": event["StackId"],
              "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"]}
    headers = {"Content-Type": ""}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, headers, method="PUT"))
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    house.start()
    yield house
    house.stop()


@pytest.fixture
def house(running: House) -> House:
    """A running sandbox with a fresh account."""
    running.__dict__.pop("account", None)
    return running


def slow(house: House, wait: str, name: str = "/made") -> str:
    """A log group, and after it a resource that takes for ever if `wait` is "yes"."""
    token = f"arn:aws:lambda:eu-west-1:{house.account.id}:function:f"
    custom = {"Type": "Custom::Slow", "DependsOn": "G", "Properties": {"ServiceToken": token, "Wait": wait}}
    return template(G=group(name), C=custom)


def behind(mode: str) -> dict[str, str]:
    return {"app.py": f"MODE = {mode!r}\n{CODE}"}


def slow_function(house: House) -> None:
    function(house.account, behind("waits"), runtime="python3.12", Timeout=600)


def from_now_on(house: House, mode: str) -> None:
    """The function does not wait any more, but answers or fails."""
    house.account.client("lambda").update_function_code(FunctionName="f", ZipFile=package(behind(mode)))


def groups(house: House) -> list[str]:
    """The log groups that the stack has made."""
    found = house.account.client("logs").describe_log_groups()["logGroups"]
    return [one["logGroupName"] for one in found if not one["logGroupName"].startswith("/aws")]


def reached(house: House, resource: str, wanted: str) -> None:
    """Wait until the stack's resource has this status."""
    wait_for(lambda: any((name, now) == (resource, wanted) for name, now, _ in history(house.account, "s")))


def test_the_making_of_a_stack_goes_on(house: House) -> None:
    slow_function(house)
    cloudformation = house.account.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=slow(house, "yes"))
    reached(house, "C", "CREATE_IN_PROGRESS")
    from_now_on(house, "answers")
    house.restart()
    assert status(house.account, "s") == "CREATE_COMPLETE", history(house.account, "s")
    made = [name for name, now, _ in history(house.account, "s") if now == "CREATE_COMPLETE"]
    assert made == ["G", "C", "s"]
    cloudformation.delete_stack(StackName="s")
    assert wait_for(lambda: groups(house) == [])


def test_the_change_of_a_stack_goes_on(house: House) -> None:
    slow_function(house)
    cloudformation = house.account.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=slow(house, "no", "/old"))
    assert status(house.account, "s") == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="s", TemplateBody=slow(house, "yes", "/new"))
    reached(house, "C", "UPDATE_IN_PROGRESS")
    from_now_on(house, "answers")
    house.restart()
    assert status(house.account, "s") == "UPDATE_COMPLETE", history(house.account, "s")
    assert groups(house) == ["/new"]


def test_a_change_that_fails_after_all_is_undone_as_a_whole(house: House) -> None:
    slow_function(house)
    cloudformation = house.account.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=slow(house, "no", "/old"))
    assert status(house.account, "s") == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="s", TemplateBody=slow(house, "yes", "/new"))
    reached(house, "C", "UPDATE_IN_PROGRESS")
    from_now_on(house, "fails")
    house.restart()
    assert status(house.account, "s") == "UPDATE_ROLLBACK_COMPLETE", history(house.account, "s")
    assert groups(house) == ["/old"]


def test_a_build_is_at_fault(house: House) -> None:
    builder = Builder(house.account)
    builder.project("version: 0.2\nphases: {build: {commands: [echo here, sleep 600]}}")
    begun = builder.codebuild.start_build(projectName="proj")["build"]["id"]
    wait_for(lambda: builder.codebuild.batch_get_builds(ids=[begun])["builds"][0]["currentPhase"] == "BUILD")
    house.kill_when_saved()
    house.start()
    build = builder.finished(begun)
    assert (build["buildStatus"], build["currentPhase"]) == ("FAULT", "COMPLETED")
    broken = next(one for one in build["phases"] if one.get("phaseStatus") == "FAULT")
    assert broken["contexts"][0]["message"] == "The sandbox was stopped while this build ran."


def test_an_action_fails_and_can_be_retried(house: House) -> None:
    bench = furnished(house.account)
    bench.account.role("slow", "lambda.amazonaws.com")
    function(
        bench.account,
        {"app.py": "import time\ndef handler(e, c): time.sleep(600)"},
        runtime="python3.12",
        Timeout=600,
    )
    kind = {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"}
    wait = {"name": "Wait", "actionTypeId": kind, "configuration": {"FunctionName": "f"}}
    execution = bench.create(stage("Wait", wait))
    wait_for(lambda: bench.action("Wait", "Wait").get("status") == "InProgress")
    house.restart()
    assert bench.finished(execution) == "Failed"
    assert bench.action("Wait", "Wait")["errorDetails"] == {
        "code": "SystemUnavailable",
        "message": "The sandbox was stopped while this action ran.",
    }
    bench.client.retry_stage_execution(
        pipelineName="p", stageName="Wait", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    wait_for(lambda: bench.action("Wait", "Wait").get("status") == "InProgress")


def test_a_push_of_the_last_moment_starts_its_pipeline(house: House) -> None:
    bench = furnished(house.account)
    started_by_pushes(bench)
    first = bench.create(stage("Deploy", deploy(bench.target)))
    assert bench.finished(first) == "Succeeded"
    house.wait_until_saved()
    sent = commit(house.account, "at the last moment")
    house.kill()
    house.start()
    newest = wait_for(lambda: (found := bench.executions())[0]["pipelineExecutionId"] != first and found[0])
    assert bench.finished(newest["pipelineExecutionId"]) == "Succeeded"
    assert bench.action("Source", "Source")["externalExecutionId"] == sent
    assert len(bench.executions()) == 2


def started_by_pushes(bench: Workbench) -> None:
    """A rule that starts the pipeline when something is pushed."""
    role = bench.account.role(
        "starts",
        "events.amazonaws.com",
        ALLOW_ALL,
    )
    events = bench.account.client("events")
    events.put_rule(Name="pushes", EventPattern=json.dumps({"source": ["aws.codecommit"]}))
    pipeline = f"arn:aws:codepipeline:eu-west-1:{bench.account.id}:p"
    events.put_targets(Rule="pushes", Targets=[{"Id": "p", "Arn": pipeline, "RoleArn": role}])
