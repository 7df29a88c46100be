"""CodeBuild runs real builds: what they do, what they may not, and how that is told."""

from __future__ import annotations

import json
import pickle
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Account
from tests.sandbox.building import (
    ENVIRONMENT,
    Builder,
    allow,
    artifact_names,
    bucket_with,
    commands,
    context_of,
    phase_of,
)
from workshop.sandbox.server import Server


@pytest.fixture
def builder(account: Account) -> Builder:
    return Builder(account, allow("s3:*"))


def test_a_build_runs_its_commands_and_goes_through_all_phases(builder: Builder) -> None:
    builder.project(commands("echo hello $((40 + 2))"))
    build = builder.build()
    assert build["buildStatus"] == "SUCCEEDED"
    assert [one["phaseType"] for one in build["phases"]] == [
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD"),
        *("POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
    ]
    assert "hello 42\n" in builder.log(build)


def test_the_log_is_told_as_codebuild_tells_it(builder: Builder) -> None:
    builder.project(commands("echo hello"))
    lines = builder.log(builder.build()).splitlines()
    position = next(i for i, line in enumerate(lines) if line.endswith("Running command echo hello"))
    assert lines[position - 1] == ""
    assert lines[position].startswith("[Container] 20")
    assert lines[position + 1] == "hello"
    assert lines[position + 2].endswith("Phase complete: BUILD State: SUCCEEDED")


def test_the_log_can_be_read_while_the_build_runs(builder: Builder) -> None:
    builder.project(commands("echo early", "sleep 60"))
    build = builder.codebuild.start_build(projectName="proj")["build"]
    while "streamName" not in build["logs"] or "\nearly\n" not in builder.log(build):
        time.sleep(0.05)
        build = builder.codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    assert not build["buildComplete"]
    builder.codebuild.stop_build(id=build["id"])


def test_in_version_0_1_each_command_starts_afresh(builder: Builder) -> None:
    spec = {"version": "0.1", "phases": {"build": {"commands": ["A=kept; cd /", 'echo "A=$A in $PWD"']}}}
    builder.project(json.dumps(spec))
    assert re.search(r"\nA= in \S+/src\d+/src\n", builder.log(builder.build()))


def test_what_codebuild_remembers_can_be_saved(builder: Builder) -> None:
    builder.project(commands("true"))
    build = builder.build()
    state = builder.account.server.sandbox.service("codebuild").state
    key = builder.account.id, builder.account.region
    assert pickle.loads(pickle.dumps(state))[key].builds[build["id"]] == state[key].builds[build["id"]]


def test_a_failing_command_ends_its_phase_and_fails_the_build(builder: Builder) -> None:
    builder.project(commands("exit 7", "echo never"))
    build = builder.build()
    assert build["buildStatus"] == "FAILED"
    assert context_of(build, "BUILD") == (
        "COMMAND_EXECUTION_ERROR",
        "Error while executing command: exit 7. Reason: exit status 7",
    )
    assert "Command did not exit successfully exit 7 exit status 7" in builder.log(build)
    assert "\nnever\n" not in builder.log(build)


@pytest.mark.parametrize(
    ("phase", "last"), [("install", "INSTALL"), ("pre_build", "PRE_BUILD"), ("build", "UPLOAD_ARTIFACTS")]
)
def test_an_early_failure_ends_the_build_and_a_late_one_does_not(
    builder: Builder, phase: Any, last: Any
) -> None:
    builder.project(commands("false", phase=phase))
    build = builder.build()
    assert [one["phaseType"] for one in build["phases"]][-3:] == [last, "FINALIZING", "COMPLETED"]


def test_folder_and_variables_carry_over_and_shell_functions_do_not(builder: Builder) -> None:
    builder.project(
        commands(
            "PLAIN=kept",
            "mkdir -p sub && cd sub",
            "f() { echo function; }",
            'echo "$PLAIN in $(basename $PWD)"',
            "f",
        )
    )
    build = builder.build()
    assert "kept in sub\n" in builder.log(build)
    assert "script.sh: 4: f: not found" in builder.log(build)
    assert context_of(build, "BUILD")[1].endswith("exit status 127")


def test_finally_runs_after_a_failure(builder: Builder) -> None:
    spec = {"commands": ["false"], "finally": ["echo at last"]}
    builder.project(json.dumps({"version": "0.2", "phases": {"install": spec}}))
    build = builder.build()
    assert "\nat last\n" in builder.log(build)
    assert phase_of(build, "INSTALL")["phaseStatus"] == "FAILED"


def test_later_phases_know_that_the_build_fails(builder: Builder) -> None:
    phases = {
        "build": {"commands": ["false"]},
        "post_build": {"commands": ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]},
    }
    builder.project(json.dumps({"version": "0.2", "phases": phases}))
    assert "succeeding=0" in builder.log(builder.build())


def test_bash_is_used_where_the_buildspec_wants_it(builder: Builder) -> None:
    spec = {"version": "0.2", "env": {"shell": "bash"}, "phases": {"build": {"commands": ["[[ a == a ]]"]}}}
    builder.project(json.dumps(spec))
    assert builder.build()["buildStatus"] == "SUCCEEDED"


def test_the_build_acts_as_its_role_and_as_nobody_else(builder: Builder) -> None:
    builder.project(commands("aws sts get-caller-identity --query Arn --output text", "env | sort"))
    build = builder.build()
    log = builder.log(build)
    uuid = build["id"].partition(":")[2]
    assert f"arn:aws:sts::{builder.account.id}:assumed-role/builder/AWSCodeBuild-{uuid}\n" in log
    assert str(builder.account.server.sandbox.settings.state) + "/key" not in log


def test_what_the_role_may_not_the_build_may_not(account: Account) -> None:
    builder = Builder(account)
    bucket = bucket_with(account, {})
    builder.project(commands(f"echo x > f && aws s3 cp f s3://{bucket}/f"))
    build = builder.build()
    assert build["buildStatus"] == "FAILED"
    assert "An error occurred (AccessDenied) when calling the PutObject operation" in builder.log(build)
    assert "no identity-based policy allows the s3:PutObject action" in builder.log(build)


TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  App:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs24.x, Handler: index.handler, CodeUri: ./}
"""


def test_a_package_that_may_not_be_uploaded_is_told_in_the_log(account: Account) -> None:
    builder = Builder(account, allow("s3:GetObject"))
    bucket = bucket_with(account, {"template.yaml": TEMPLATE, "index.js": "exports.handler = 1"})
    package = f"aws cloudformation package --template-file template.yaml --s3-bucket {bucket}"
    source = {"type": "S3", "location": f"{bucket}/source.zip", "buildspec": commands(package)}
    builder.project(None, source=source)
    log = builder.log(builder.build())
    assert "Unable to upload artifact ./ referenced by CodeUri parameter of App resource." in log
    assert "is not authorized to perform: s3:PutObject on resource:" in log
    assert "Reason: exit status 255" in log


def test_a_role_that_may_not_log_ends_the_build_in_the_queue(account: Account) -> None:
    builder = Builder(account)
    account.client("iam").delete_role_policy(RoleName="builder", PolicyName="inline-0")
    builder.project(commands("true"))
    build = builder.build()
    code, message = context_of(build, "QUEUED")
    assert code == "ACCESS_DENIED"
    assert message.startswith(f"Service role {builder.role} does not allow AWS CodeBuild to create Amazon")
    assert "is not authorized to perform: logs:CreateLogStream" in message
    assert build["phases"][-1]["phaseType"] == "COMPLETED"


def test_the_source_is_unpacked_where_the_build_starts(builder: Builder) -> None:
    bucket = bucket_with(builder.account, {"buildspec.yml": commands("cat a/b.txt"), "a/b.txt": "from s3"})
    builder.project(None, source={"type": "S3", "location": f"{bucket}/source.zip"})
    assert "from s3" in builder.log(builder.build())


def test_a_source_that_the_role_may_not_read_fails_the_download(account: Account) -> None:
    builder = Builder(account)
    bucket = bucket_with(account, {"buildspec.yml": commands("true")})
    builder.project(None, source={"type": "S3", "location": f"{bucket}/source.zip"})
    code, message = context_of(builder.build(), "DOWNLOAD_SOURCE")
    assert code == "CLIENT_ERROR"
    assert message.startswith("AccessDenied: User: ")
    assert message.endswith("for primary source and source version")


def test_a_missing_buildspec_is_said(builder: Builder) -> None:
    bucket = bucket_with(builder.account, {"a": "b"})
    builder.project(None, source={"type": "S3", "location": f"{bucket}/source.zip"})
    code, message = context_of(builder.build(), "DOWNLOAD_SOURCE")
    assert code == "YAML_FILE_ERROR"
    assert message.startswith("stat ")
    assert message.endswith("/src/buildspec.yml: no such file or directory")


def test_a_broken_buildspec_is_said(builder: Builder) -> None:
    builder.project("version: 0.2\nphases: [\n")
    assert context_of(builder.build(), "DOWNLOAD_SOURCE") == (
        "YAML_FILE_ERROR",
        "did not find expected node content at line 3",
    )


def test_variables_of_the_start_win_over_the_projects_and_those_over_the_buildspecs(builder: Builder) -> None:
    spec = {
        "version": "0.2",
        "env": {"variables": {"A": "spec", "B": "spec", "C": "spec"}},
        "phases": {"build": {"commands": ["echo $A $B $C"]}},
    }
    variables = [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}]
    builder.project(json.dumps(spec), environment={**ENVIRONMENT, "environmentVariables": variables})
    build = builder.build(environmentVariablesOverride=[{"name": "C", "value": "start"}])
    assert "spec project start\n" in builder.log(build)


def test_parameters_are_fetched_by_the_role_and_never_shown(account: Account) -> None:
    builder = Builder(account, allow("ssm:GetParameters"))
    account.client("ssm").put_parameter(Name="/p/secret", Value="tell-nobody", Type="SecureString")
    variables = [{"name": "S", "value": "/p/secret", "type": "PARAMETER_STORE"}]
    spec = commands("echo length ${#S}", "echo value $S")
    builder.project(spec, environment={**ENVIRONMENT, "environmentVariables": variables})
    log = builder.log(builder.build())
    assert "length 11\n" in log
    assert "value ***\n" in log
    assert "tell-nobody" not in log


def test_exported_variables_are_told(builder: Builder) -> None:
    spec = {
        "version": "0.2",
        "env": {"exported-variables": ["VERSION", "AWS_REGION"]},
        "phases": {"build": {"commands": ["export VERSION=$(echo 1.2.3)"]}},
    }
    builder.project(json.dumps(spec))
    exported = builder.build()["exportedEnvironmentVariables"]
    assert exported == [{"name": "VERSION", "value": "1.2.3"}]


def test_a_parameter_that_is_not_there_fails_the_download(account: Account) -> None:
    builder = Builder(account, allow("ssm:GetParameters"))
    variables = [{"name": "S", "value": "/none", "type": "PARAMETER_STORE"}]
    builder.project(commands("true"), environment={**ENVIRONMENT, "environmentVariables": variables})
    code, message = context_of(builder.build(), "DOWNLOAD_SOURCE")
    assert (code, message) == ("DECRYPTED_VARIABLES_ERROR", "parameter does not exist: /none")


def test_artifacts_are_stored_as_a_zip(builder: Builder) -> None:
    bucket = bucket_with(builder.account, {})
    spec = {
        "version": "0.2",
        "phases": {"build": {"commands": ["mkdir -p d/e && touch d/a.txt d/e/b.txt d/.hidden d/c.log"]}},
        "artifacts": {"files": ["**/*"], "base-directory": "d", "exclude-paths": ["*.log"]},
    }
    artifacts = {"type": "S3", "location": bucket, "packaging": "ZIP", "path": "out", "name": "app.zip"}
    builder.project(json.dumps(spec), artifacts=artifacts)
    build = builder.build()
    assert artifact_names(builder.account, bucket, "out/app.zip") == [".hidden", "a.txt", "e/b.txt"]
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{bucket}/out/app.zip"


def test_artifacts_can_be_stored_file_by_file(builder: Builder) -> None:
    bucket = bucket_with(builder.account, {})
    spec = {
        "version": "0.2",
        "phases": {"build": {"commands": ["mkdir d && echo x > d/a.txt"]}},
        "artifacts": {"files": ["d/*"], "discard-paths": "yes"},
    }
    builder.project(json.dumps(spec), artifacts={"type": "S3", "location": bucket, "name": "site"})
    builder.build()
    stored = builder.account.client("s3").get_object(Bucket=bucket, Key="site/a.txt")
    assert stored["Body"].read() == b"x\n"


def test_no_matching_artifact_fails_the_upload(builder: Builder) -> None:
    bucket = bucket_with(builder.account, {})
    spec = {"version": "0.2", "artifacts": {"files": ["nothing/*"]}}
    builder.project(json.dumps(spec), artifacts={"type": "S3", "location": bucket})
    assert context_of(builder.build(), "UPLOAD_ARTIFACTS") == (
        "CLIENT_ERROR",
        "no matching artifact paths found",
    )


def test_a_stopped_build_is_over_at_once_and_leaves_nothing(builder: Builder) -> None:
    builder.project(commands("echo started", "sleep 4711"))
    started = builder.codebuild.start_build(projectName="proj")["build"]
    while "logs" not in started or started["currentPhase"] != "BUILD":
        time.sleep(0.05)
        started = builder.codebuild.batch_get_builds(ids=[started["id"]])["builds"][0]
    builder.codebuild.stop_build(id=started["id"])
    build = builder.finished(started["id"])
    assert (build["buildStatus"], phase_of(build, "BUILD")["phaseStatus"]) == ("STOPPED", "STOPPED")
    assert not running("sleep 4711")


def running(command: str) -> bool:
    """Whether any process of this machine has this command line."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command in file.read_bytes().replace(b"\0", b" ").decode():
                return True
        except OSError:
            continue
    return False


def test_a_daemon_does_not_outlive_its_build(builder: Builder) -> None:
    builder.project(commands("setsid sleep 4712 > /dev/null 2>&1 &"))
    assert builder.build()["buildStatus"] == "SUCCEEDED"
    assert not running("sleep 4712")


def test_a_flood_of_output_is_cut_and_the_build_goes_on(builder: Builder) -> None:
    builder.project(commands("yes | head -c 40000000", "touch done && ls done"))
    build = builder.build()
    log = builder.log(build)
    assert build["buildStatus"] == "SUCCEEDED"
    assert "The log is cut here" in log
    assert "Running command touch done" in log
    assert len(log) < 10_000_000


def test_another_node_than_the_one_here_is_said(builder: Builder) -> None:
    phases = {
        "install": {"runtime-versions": {"nodejs": 20}},
        "build": {"commands": ["node --version"]},
    }
    builder.project(json.dumps({"version": "0.2", "phases": phases}))
    log = builder.log(builder.build())
    assert "the build runs with 24 instead of 20" in log
    assert "\nv24." in log


def test_a_build_reaches_no_other_port_of_this_machine(builder: Builder, sandbox: Server) -> None:
    if sandbox.sandbox.isolation.kind == "none":
        pytest.skip("plain processes are not kept from the network")
    script = "import socket; socket.create_connection(('127.0.0.1', 22), 2)"
    builder.project(commands(f'python3 -c "{script}"', phase="install"))
    assert "ConnectionRefusedError" in builder.log(builder.build())


def test_a_project_whose_role_codebuild_may_not_assume_is_refused(account: Account) -> None:
    role = account.role("other", "lambda.amazonaws.com")
    codebuild = account.client("codebuild")
    with pytest.raises(codebuild.exceptions.InvalidInputException, match="not authorized to perform: sts:A"):
        codebuild.create_project(
            name="proj",
            source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment=ENVIRONMENT,
            serviceRole=role,
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a b"}, "Only alphanumeric characters, dash, and underscore are supported"),
        ({"source": {"type": "S3"}}, "Project source location is required"),
        ({"timeoutInMinutes": 3000}, "Invalid timeoutInMinutes"),
        ({"artifacts": {"type": "CODEPIPELINE"}}, "must both be of type CODEPIPELINE"),
        ({"environment": {**ENVIRONMENT, "computeType": "HUGE"}}, "Invalid compute type provided: HUGE"),
    ],
)
def test_wrong_settings_are_refused(builder: Builder, settings: Any, message: Any) -> None:
    given = {"name": "proj", "buildspec": commands("true"), **settings}
    with pytest.raises(builder.codebuild.exceptions.InvalidInputException, match=message):
        builder.project(given.pop("buildspec"), **given)


def test_a_name_cannot_be_taken_twice(builder: Builder) -> None:
    builder.project(commands("true"))
    with pytest.raises(builder.codebuild.exceptions.ResourceAlreadyExistsException, match="already exists"):
        builder.project(commands("true"))


def test_an_update_changes_what_it_names_and_nothing_else(builder: Builder) -> None:
    builder.project(commands("true"), description="before")
    builder.codebuild.update_project(name="proj", description="after")
    found = builder.codebuild.batch_get_projects(names=["proj", "none"])
    assert found["projects"][0]["description"] == "after"
    assert found["projects"][0]["environment"]["image"] == ENVIRONMENT["image"]
    assert found["projectsNotFound"] == ["none"]


def test_only_a_pipeline_starts_a_pipelines_project(builder: Builder) -> None:
    kind = {"type": "CODEPIPELINE"}
    builder.project(None, source=kind, artifacts=kind)
    with pytest.raises(builder.codebuild.exceptions.InvalidInputException, match="CODEPIPELINE"):
        builder.codebuild.start_build(projectName="proj")


def test_builds_are_listed_newest_first(builder: Builder) -> None:
    builder.project(commands("true"))
    ids = [builder.build()["id"] for _ in range(2)]
    assert builder.codebuild.list_builds_for_project(projectName="proj")["ids"] == ids[::-1]
    assert builder.codebuild.batch_get_builds(ids=ids)["builds"][1]["buildNumber"] == 2


def test_a_build_can_be_retried(builder: Builder) -> None:
    builder.project(commands("echo $V"))
    first = builder.build(environmentVariablesOverride=[{"name": "V", "value": "again"}])
    second = builder.finished(builder.codebuild.retry_build(id=first["id"])["build"]["id"])
    assert "\nagain\n" in builder.log(second)
