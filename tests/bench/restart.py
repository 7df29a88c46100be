"""A restart of the sandbox with one attendee's walked course in it, and with fifty of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from botocore.exceptions import BotoCoreError

from tests.bench.endpoint import ACCOUNT
from tests.bench.lab import Bench
from tests.conftest import REGION, free_port
from workshop.lab import Aws, Keys
from workshop.sandbox.identity.sessions import Sessions, load_key

ROUNDS = 3
ATTENDEES = (0, 1, 50)
SAVED_AFTER = 4.0  # seconds: by then the last change is on disk


def restarted(bench: Bench) -> dict[int, float]:
    """Seconds from the start of a process to its first answer about a pipeline, by attendees in it.

    The fifty are copies of the one: an account's number is the same number of bytes in all of them.
    """
    time.sleep(SAVED_AFTER)
    return {attendees: _measured(bench.folder / "state", attendees) for attendees in ATTENDEES}


def _measured(walked: Path, attendees: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        shutil.copy(walked / "root.key", state)
        if attendees:
            shutil.copytree(walked / "lambda", state / "lambda", symlinks=True, ignore=_sockets)
            (state / "snapshot").mkdir()
            shutil.copy(walked / "snapshot" / "origin.json", state / "snapshot")
        for number in range(attendees):
            _copied(walked, state, f"{int(ACCOUNT) + number}")
        return median(_start(state, attendees) for _ in range(ROUNDS))


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_socket()]


def _copied(walked: Path, state: Path, account: str) -> None:
    for part in ("snapshot", "codecommit"):
        shutil.copytree(walked / part / ACCOUNT, state / part / account)
    saved = state / "snapshot" / account / "state.pickle"
    saved.write_bytes(saved.read_bytes().replace(ACCOUNT.encode(), account.encode()))


def _start(state: Path, attendees: int) -> float:
    """Start a sandbox, ask for the last attendee's pipelines, and kill it."""
    port = free_port()
    root = Sessions(load_key(state)).root(f"{int(ACCOUNT) + max(attendees - 1, 0)}")
    keys = Keys(root.access_key, root.secret_key)
    asked = Aws(REGION, f"http://127.0.0.1:{port}").session(keys).client("codepipeline")
    command = [sys.executable, "-m", "workshop", "sandbox", "--port", str(port), "--state", str(state)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        found = _first_answer(asked)
        seconds = time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
    if len(found) != min(attendees, 1):
        raise RuntimeError(f"{len(found)} pipelines after a restart with {attendees} attendees")
    return seconds


def _first_answer(codepipeline: object) -> list[object]:
    while True:
        try:
            pipelines: list[object] = codepipeline.list_pipelines()["pipelines"]  # type: ignore[attr-defined]
        except BotoCoreError:
            time.sleep(0.01)
        else:
            return pipelines
