"""What a build does for others: for pipelines, for event rules, and at the sandbox's own end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.conftest import REGION, Account, free_port
from tests.sandbox.building import (
    Builder,
    allow,
    artifact_names,
    bucket_with,
    commands,
    context_of,
    phase_of,
    policy,
)
from tests.sandbox.test_codebuild import running
from workshop.sandbox.codebuild.state import PipelineArtifact
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings


class Pipeline:
    """A pipeline's side of a build: its artifact bucket, inputs and outputs."""

    def __init__(self, account: Account, spec: dict[str, Any]) -> None:
        self.builder = Builder(account, allow("s3:*"))
        self.account = account
        self.bucket = bucket_with(account, {"a.txt": "first"}, f"codepipeline-{account.id}")
        kind = {"type": "CODEPIPELINE"}
        self.builder.project(None, source={**kind, "buildspec": json.dumps(spec)}, artifacts=kind)

    def artifact(self, name: str, key: str) -> PipelineArtifact:
        return PipelineArtifact(name, self.bucket, key)

    def start(self, *outputs: str, inputs: tuple[str, ...] = ("Source",), **settings: Any) -> str:
        service = self.account.server.sandbox.service("codebuild")
        build_id: str = service.start_for_pipeline(
            self.account.root.principal,
            REGION,
            "proj",
            pipeline="p",
            inputs=[self.artifact(name, "source.zip") for name in inputs],
            outputs=[self.artifact(name, f"out/{name}") for name in outputs],
            **settings,
        )
        return build_id

    def build(self, *outputs: str, **settings: Any) -> dict[str, Any]:
        return self.builder.finished(self.start(*outputs, **settings))


SECONDARY = {
    "version": "0.2",
    "phases": {"build": {"commands": ["touch one two"]}},
    "artifacts": {
        "files": ["a.txt"],
        "secondary-artifacts": {"One": {"files": ["one"]}, "Two": {"files": ["two"]}},
    },
}


def test_each_of_several_outputs_is_the_secondary_artifact_of_its_name(account: Account) -> None:
    pipeline = Pipeline(account, SECONDARY)
    assert pipeline.build("One", "Two")["buildStatus"] == "SUCCEEDED"
    assert artifact_names(account, pipeline.bucket, "out/One") == ["one"]
    assert artifact_names(account, pipeline.bucket, "out/Two") == ["two"]


def test_the_only_output_is_the_primary_artifact(account: Account) -> None:
    pipeline = Pipeline(account, SECONDARY)
    build = pipeline.build("Only")
    assert artifact_names(account, pipeline.bucket, "out/Only") == ["a.txt"]
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{pipeline.bucket}/out/Only"


def test_further_inputs_lie_in_folders_of_their_own(account: Account) -> None:
    pipeline = Pipeline(account, json.loads(commands('cat "$CODEBUILD_SRC_DIR_Second/a.txt"')))
    build = pipeline.build(inputs=("Source", "Second"))
    assert "first" in pipeline.builder.log(build)


def test_the_actions_variables_win_over_the_projects(account: Account) -> None:
    pipeline = Pipeline(account, json.loads(commands("echo value $V")))
    build = pipeline.build(variables=[{"name": "V", "value": "of the action", "type": "PLAINTEXT"}])
    assert "value of the action\n" in pipeline.builder.log(build)


def test_an_artifact_that_may_not_be_written_fails_the_upload(account: Account) -> None:
    pipeline = Pipeline(account, SECONDARY)
    deny = {"Version": "2012-10-17", "Statement": [{**allow("s3:PutObject"), "Effect": "Deny"}]}
    iam = account.client("iam")
    iam.put_role_policy(RoleName="builder", PolicyName="deny", PolicyDocument=json.dumps(deny))
    code, message = context_of(pipeline.build("Only"), "UPLOAD_ARTIFACTS")
    assert code == "CLIENT_ERROR"
    assert "with an explicit deny in an identity-based policy" in message


def test_a_build_that_takes_too_long_is_ended(account: Account) -> None:
    pipeline = Pipeline(account, json.loads(commands("sleep 4713")))
    projects = account.server.sandbox.service("codebuild").state[account.id, REGION].projects
    projects["proj"]["timeoutInMinutes"] = 0.02  # AWS's least is five minutes
    build = pipeline.build()
    assert phase_of(build, "BUILD")["phaseStatus"] == "TIMED_OUT"
    assert context_of(build, "BUILD") == ("BUILD_TIMED_OUT", "Build has timed out. ")
    assert build["buildStatus"] == "FAILED"
    assert not running("sleep 4713")


def test_a_commit_of_codecommit_is_built(account: Account) -> None:
    codecommit = account.client("codecommit")
    url = codecommit.create_repository(repositoryName="repo")["repositoryMetadata"]["cloneUrlHttp"]
    spec = commands("echo built $CODEBUILD_RESOLVED_SOURCE_VERSION").encode()
    put = {"filePath": "buildspec.yml", "fileContent": spec}
    commit = codecommit.create_commit(repositoryName="repo", branchName="main", putFiles=[put])["commitId"]
    builder = Builder(account, allow("codecommit:GitPull"))
    builder.project(None, source={"type": "CODECOMMIT", "location": url}, sourceVersion="refs/heads/main")
    build = builder.build()
    assert f"built {commit}\n" in builder.log(build)
    assert build["resolvedSourceVersion"] == commit


def test_a_repository_that_the_role_may_not_pull_fails_the_download(account: Account) -> None:
    codecommit = account.client("codecommit")
    url = codecommit.create_repository(repositoryName="repo")["repositoryMetadata"]["cloneUrlHttp"]
    builder = Builder(account)
    builder.project(None, source={"type": "CODECOMMIT", "location": url})
    code, message = context_of(builder.build(), "DOWNLOAD_SOURCE")
    assert (code, message) == ("CLIENT_ERROR", "authorization failed for primary source and source version")


def test_a_build_tells_eventbridge_how_it_goes(account: Account) -> None:
    logs, events = account.client("logs"), account.client("events")
    logs.create_log_group(logGroupName="/aws/events/builds")
    events.put_rule(Name="builds", EventPattern=json.dumps({"source": ["aws.codebuild"]}))
    arn = f"arn:aws:logs:{REGION}:{account.id}:log-group:/aws/events/builds"
    deliver = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{arn}:*")
    deliver["Principal"] = {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    logs.put_resource_policy(policyName="events", policyDocument=json.dumps(policy(deliver)))
    events.put_targets(Rule="builds", Targets=[{"Id": "log", "Arn": arn}])
    builder = Builder(account)
    builder.project(commands("true"))
    build = builder.build()
    told = delivered(logs, "SUCCEEDED")
    assert {one["detail"]["build-id"] for one in told} == {build["arn"]}
    states = {one["detail"]["build-status"] for one in told if "build-status" in one["detail"]}
    finished = {one["detail"]["completed-phase"] for one in told if "completed-phase" in one["detail"]}
    assert states == {"IN_PROGRESS", "SUCCEEDED"}
    assert {"SUBMITTED", "QUEUED", "BUILD", "FINALIZING"} <= finished


def delivered(logs: Any, last: str) -> list[dict[str, Any]]:
    """The events in the group, once one with the build status `last` is among them."""
    for _ in range(100):
        found = logs.filter_log_events(logGroupName="/aws/events/builds")["events"]
        told = [json.loads(one["message"]) for one in found]
        if any(one["detail"].get("build-status") == last for one in told):
            return told
        time.sleep(0.05)
    raise AssertionError("the events do not come")


def test_builds_beyond_the_number_at_once_wait_for_their_turn(tmp_path: Any) -> None:
    server = Server(Settings(state=tmp_path, port=free_port(), builds=1))
    server.start()
    try:
        builder = Builder(Account(server))
        builder.project(commands("sleep 0.5"))
        ids = [builder.codebuild.start_build(projectName="proj")["build"]["id"] for _ in range(2)]
        first, second = (builder.finished(one) for one in ids)
        assert phase_of(second, "QUEUED")["endTime"] >= first["endTime"]
    finally:
        server.stop()


@pytest.mark.parametrize("phase", ["BUILD", "QUEUED"])
def test_no_build_survives_the_sandboxs_end(tmp_path: Any, phase: str) -> None:
    server = Server(Settings(state=tmp_path, port=free_port(), builds=1))
    server.start()
    builder = Builder(Account(server))
    builder.project(commands("sleep 4714"))
    for _ in range(1 if phase == "BUILD" else 2):
        started = builder.codebuild.start_build(projectName="proj")["build"]
    while started["currentPhase"] != phase:
        time.sleep(0.02)
        started = builder.codebuild.batch_get_builds(ids=[started["id"]])["builds"][0]
    server.stop()
    assert not running("sleep 4714")
