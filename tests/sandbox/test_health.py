"""The sandbox's health page tells how much goes on, and nothing that is anybody's."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Account, free_port
from tests.sandbox.building import Builder, commands
from tests.sandbox.functions import function, invoke
from tests.sandbox.workbench import wait_for
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

IDLE = {"builds": {"running": 0, "waiting": 0}, "environments": {"warm": 0, "busy": 0}}
SLEEPS = {"app.py": "import time\ndef handler(event, context):\n    time.sleep(event.get('seconds', 0))"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(Settings(state=tmp_path, port=free_port(), builds=1))
    server.start()
    yield server
    server.stop()


def health(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.sandbox.endpoint}/_aws/health", timeout=5) as page:
        found: dict[str, Any] = json.load(page)
    return found


def test_a_new_sandbox_has_nothing_to_do(server: Server) -> None:
    assert health(server) == {"status": "ok", "accounts": 0, **IDLE}


def test_it_counts_accounts_builds_and_environments(server: Server) -> None:
    ann, ben = Account(server), Account(server)
    function(ben, SLEEPS, runtime="python3.12", Timeout=30)
    builder = Builder(ann)
    builder.project(commands("sleep 600"))
    builds = [builder.codebuild.start_build(projectName="proj")["build"]["id"] for _ in range(3)]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(invoke, ben, {"seconds": 2})
        wait_for(lambda: health(server)["environments"] == {"warm": 0, "busy": 1})
        assert answer.result().error is None
    assert health(server) == {
        "status": "ok",
        "accounts": 2,
        "builds": {"running": 1, "waiting": 2},
        "environments": {"warm": 1, "busy": 0},
    }
    for build in reversed(builds):
        builder.codebuild.stop_build(id=build)
    wait_for(lambda: health(server)["builds"] == IDLE["builds"])
