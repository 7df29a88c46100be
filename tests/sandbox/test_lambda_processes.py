"""Functions' processes end with the service and with their function."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Account, free_port
from tests.sandbox.functions import function, invoke
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Isolation, Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
SOURCE = {"index.mjs": "export const handler = async () => process.env.MARK"}


@pytest.fixture(params=["auto", "none"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A sandbox of the test's own, with and without isolation."""
    isolation: Isolation = request.param
    server = Server(Settings(state=tmp_path, port=free_port(), isolation=isolation))
    server.start()
    yield server
    server.stop()


def marked(mark: str) -> list[str]:
    """The processes of this machine that have the mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def _running(account: Account) -> str:
    mark = uuid.uuid4().hex
    function(account, SOURCE, Environment={"Variables": {"MARK": mark}})
    assert invoke(account).answer == mark
    assert marked(mark)
    return mark


def _gone(mark: str) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not marked(mark):
            return True
        time.sleep(0.05)
    return False


def test_no_function_outlives_the_service(server: Server) -> None:
    mark = _running(Account(server))
    server.sandbox.service("lambda").stop()
    assert marked(mark) == []


def test_no_process_outlives_its_functions_code(server: Server) -> None:
    account = Account(server)
    mark = _running(account)
    account.client("lambda").delete_function(FunctionName="f")
    assert _gone(mark)
