"""The local AWS's state goes along: copied while it runs, and found again by another one elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import REGION, ROOT, free_port, migrated
from tests.web.rough import Program, until
from tests.web.test_kill_sandbox import _answers
from workshop.config import Config

ACCOUNT = "555566667777"


class Aws:
    """A local AWS as a process, in a state folder that the workshop shares."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = str(free_port())
        words = ["sandbox", "--port", self.port, "--state", str(state), "--isolation", "none"]
        self.program = Program(words, Config(state=state).environment(), lambda _: _answers(self.port))

    def start(self) -> None:
        self.program.start()
        until(lambda: self.program.up)

    def stop(self) -> None:
        if self.program.process and self.program.process.poll() is None:
            self.program.process.terminate()
            self.program.process.wait(30)

    def client(self, service: str) -> Any:
        given = json.loads(
            self.command("sandbox", "credentials", "--account", ACCOUNT, "--format", "process")
        )
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
        )

    def command(self, *words: str, status: int = 0) -> str:
        """The `workshop` command for this state folder, as somebody types it."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("WORKSHOP_")}
        variables["WORKSHOP_STATE"] = str(self.state)
        command = [sys.executable, "-m", "workshop", *words]
        done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr

    @property
    def saved(self) -> bool:
        return (self.state / "snapshot" / ACCOUNT / "state.pickle").exists()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Aws, Aws]]:
    here, there = Aws(tmp_path / "here"), Aws(tmp_path / "there")
    for one in (here, there):
        migrated(one.state)
    yield here, there
    for one in (here, there):
        one.stop()


def build_something(aws: Aws) -> str:
    """A commit and an object; the commit's id."""
    codecommit, s3 = aws.client("codecommit"), aws.client("s3")
    codecommit.create_repository(repositoryName="things")
    made = codecommit.put_file(
        repositoryName="things", branchName="master", filePath="a.txt", fileContent=b"what I made"
    )
    s3.create_bucket(Bucket="things", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="things", Key="large", Body=b"x" * 300_000)
    return str(made["commitId"])


def test_what_was_built_is_there_after_a_backup_under_way_and_a_restore(places: tuple[Aws, Aws]) -> None:
    here, there = places
    here.start()
    commit = build_something(here)
    until(lambda: here.saved and any((here.state / "snapshot" / ACCOUNT / "bodies").glob("*")))
    file = here.state / "backup.zip"
    assert "rows of" in here.command("backup", str(file))
    assert "Restored" in there.command("restore", str(file))
    there.start()
    codecommit = there.client("codecommit")
    assert codecommit.get_file(repositoryName="things", filePath="a.txt")["fileContent"] == b"what I made"
    assert codecommit.get_branch(repositoryName="things", branchName="master")["branch"]["commitId"] == commit
    body = there.client("s3").get_object(Bucket="things", Key="large")["Body"].read()
    assert body == b"x" * 300_000


def test_a_running_aws_is_not_replaced_and_a_stopped_one_only_if_asked(places: tuple[Aws, Aws]) -> None:
    here, there = places
    for one in places:
        one.start()
        build_something(one)
    until(lambda: here.saved and there.saved)
    file = here.state / "backup.zip"
    here.command("backup", str(file))
    assert "local AWS is running" in there.command("restore", "--replace", str(file), status=1)
    there.stop()
    root = (there.state / "root.key").read_bytes()
    assert "--replace" in there.command("restore", str(file), status=1)
    assert (there.state / "root.key").read_bytes() == root
    there.command("restore", "--replace", str(file))
    assert (there.state / "root.key").read_bytes() == (here.state / "root.key").read_bytes() != root
    aside = next(there.state.glob("replaced-*"))
    assert (aside / "root.key").read_bytes() == root, "what was there is moved aside, not lost"
