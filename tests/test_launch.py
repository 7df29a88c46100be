"""`workshop run`: one command starts everything, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port

PATIENCE = 60


class House:
    """A `workshop run` in a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port, self.sandbox_port = free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None

    @property
    def command(self) -> list[str]:
        ports = ["--port", str(self.port), "--sandbox-port", str(self.sandbox_port)]
        return [sys.executable, "-m", "workshop", "run", "--no-open", "--state", str(self.state), *ports]

    def start(self) -> str:
        """Start it and wait for the line that names the page."""
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        return self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        assert self.process
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def processes(self) -> list[str]:
        """The command lines of everything that runs out of this state folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").replace("\0", " ")
                environment = (entry.parent / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if int(entry.parent.name) != os.getpid() and str(self.state) in words + environment:
                found.append(words)
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "var")
    yield made
    if made.process and made.process.poll() is None:
        made.stop(signal.SIGTERM)


def test_it_says_where_the_page_is_and_serves_it(house: House) -> None:
    assert f"http://127.0.0.1:{house.port}" in house.start()
    with urllib.request.urlopen(f"http://127.0.0.1:{house.port}/") as page:
        assert "Serverless CI/CD" in page.read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_leaves_no_process_behind(house: House, number: signal.Signals) -> None:
    house.start()
    assert house.processes()
    assert house.stop(number) == 0
    assert house.processes() == []


def test_a_killed_supervisor_takes_everything_with_it(house: House) -> None:
    house.start()
    assert house.process
    house.process.kill()
    house.process.wait()
    assert house.process.stdout
    house.process.stdout.close()
    until = time.monotonic() + PATIENCE
    while house.processes() and time.monotonic() < until:
        time.sleep(0.2)
    assert house.processes() == []


def test_a_taken_port_is_named_with_what_to_do(house: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.port))
        other.listen()
        done = subprocess.run(house.command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Port {house.port} is taken" in done.stdout
    assert f"make run PORT={house.port + 1}" in done.stdout


def test_a_folder_that_cannot_be_written_is_named(house: House) -> None:
    house.state.write_text("a file, not a folder")
    done = subprocess.run(house.command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot be written to" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_saved_state_of_another_version_is_told_of_where_one_starts_it(house: House) -> None:
    house.start()
    house.stop()
    origin = house.state / "snapshot" / "origin.json"
    origin.write_text(json.dumps({**json.loads(origin.read_text()), "moto": "4.0.0"}))
    house.start()
    assert house.process
    assert house.process.stdout
    said = [house.process.stdout.readline() for _ in range(2)][-1]
    assert "The saved state is of another sandbox (format 1, moto 4.0.0" in said
    assert said.endswith("“catch me up” in the workshop makes everything again.\n")


DEAF = """
import os, signal, threading
from workshop import interrupt
interrupt.listen(signal.SIGTERM)
class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
Last()  # what is raised here Python drops
try:
    threading.Event().wait(20)
except KeyboardInterrupt:
    interrupt.heard()
    threading.Event().wait(2)
    print("heard once")
"""


def test_a_signal_that_python_drops_is_heard_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", DEAF], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Exception ignored" in done.stderr
    assert done.stdout == "heard once\n"
