"""A sandbox that stops leaves no action of a pipeline behind."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.conftest import Account, free_port
from tests.sandbox.test_codepipeline_build import build, project
from tests.sandbox.workbench import ALLOW_ALL, Workbench, commit, stage, wait_for
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

ENDLESS = "version: 0.2\nphases: {build: {commands: [sleep 600]}}"


def actions() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("action-")]


def test_threads_end_with_the_sandbox(tmp_path: Path) -> None:
    server = Server(Settings(state=tmp_path, port=free_port()))
    server.start()
    try:
        account = Account(server)
        bucket = f"codepipeline-eu-west-1-{account.id}"
        account.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region}
        )
        account.client("codecommit").create_repository(repositoryName="app")
        commit(account, "hello")
        role = account.role("pipeline", "codepipeline.amazonaws.com", ALLOW_ALL)
        bench = Workbench(account, account.client("codepipeline"), role, bucket, bucket)
        project(bench, ENDLESS)
        bench.create(stage("Build", build()))
        wait_for(lambda: bench.action("Build", "Build").get("externalExecutionId"))
        assert actions()
    finally:
        server.stop()
    assert actions() == []
