"""What a program in a box may touch, and that nothing of it is left behind."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from workshop.sandbox.isolation import Box, Isolation, IsolationUnavailable, Limits, Process
from workshop.sandbox.isolation.bubblewrap import available
from workshop.sandbox.isolation.seccomp import program
from workshop.sandbox.settings import Settings

MIB = 1024 * 1024
WAYS = ["none"] if available() else ["none", "bubblewrap"]
isolated = pytest.mark.skipif("bubblewrap" not in WAYS, reason=available() or "")


def make(tmp_path: Path, way: Any) -> Isolation:
    return Isolation(Settings(state=tmp_path, isolation=way, port=free_port()))


@pytest.fixture(params=WAYS)
def isolation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Isolation]:
    """Each way of isolating that this machine can do."""
    made = make(tmp_path, request.param)
    yield made
    made.stop()


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Iterator[Isolation]:
    made = make(tmp_path, "bubblewrap")
    yield made
    made.stop()


def run(isolation: Isolation, *command: str, **settings: Any) -> tuple[int, str, Process]:
    """The exit status, all that was printed, and the ended process."""
    box = replace(Box(command, endpoint=False, stderr=subprocess.STDOUT), **settings)
    process = isolation.start(box)
    assert process.stdout is not None
    with process.stdout as pipe:
        output = pipe.read().decode()
    return process.wait(), output, process


def alive(command: str) -> bool:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command in file.read_bytes().replace(b"\0", b" ").decode():
                return True
        except OSError:
            continue
    return False


def test_a_program_has_its_variables_and_no_others(isolation: Isolation) -> None:
    _, output, _ = run(isolation, "env", env={"GREETING": "hello"})
    names = {line.partition("=")[0] for line in output.splitlines()}
    assert names - {"PWD", "LC_CTYPE"} == {"PATH", "GREETING"}


def test_the_toolchain_is_found(isolation: Isolation) -> None:
    _, output, _ = run(isolation, "node", "-p", "process.version")
    assert output.startswith("v24.")


def test_paths_inside_are_found_in_commands_and_variables(isolation: Isolation, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.txt").write_text("from the code folder")
    settings = {"read_only": {"/var/task": tmp_path / "code"}, "cwd": "/var/task", "env": {"D": "/var/task"}}
    _, output, _ = run(isolation, "sh", "-c", 'cat a.txt "$D/a.txt"', **settings)
    assert output == "from the code folder" * 2


def test_scratch_folders_can_be_written_to(isolation: Isolation) -> None:
    _, output, _ = run(isolation, "sh", "-c", "echo x > f && cat f", cwd="/tmp")
    assert output == "x\n"


@pytest.mark.parametrize(("command", "status"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_status_is_the_programs(isolation: Isolation, command: str, status: int) -> None:
    assert run(isolation, "sh", "-c", command)[0] == status


def test_a_program_that_is_not_there_is_said(isolation: Isolation) -> None:
    status, output, _ = run(isolation, "nonesuch")
    assert (status, output) == (127, "nonesuch: No such file or directory\n")


def test_a_daemon_ends_with_its_box(isolation: Isolation) -> None:
    run(isolation, "sh", "-c", "setsid sleep 6201 > /dev/null 2>&1 & sleep 6201 > /dev/null 2>&1 &")
    assert not alive("sleep 6201")


def test_a_killed_box_leaves_nothing(isolation: Isolation) -> None:
    process = isolation.start(Box(("sh", "-c", "setsid sleep 6202 & wait"), endpoint=False))
    while not alive("sleep 6202"):
        time.sleep(0.01)
    process.kill()
    assert process.killed == "killed"
    assert not alive("sleep 6202")
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def test_memory_beyond_the_limit_ends_the_box(isolation: Isolation) -> None:
    script = "import time; b = [bytearray(10**7) for _ in range(60)]; time.sleep(30)"
    _, _, process = run(isolation, "python3", "-c", script, limits=Limits(memory=200 * MIB))
    assert process.killed == "memory"


def test_a_program_that_forks_on_and_on_is_ended(isolation: Isolation) -> None:
    # No real bomb: where root runs without bubblewrap the kernel sets it no limit, and until the watchdog
    # comes nothing else on this machine could start a process.
    forks = "for _ in range(400):\n  try:\n    os.fork() or (time.sleep(60), os._exit(0))\n"
    script = f"import os, time\n{forks}  except OSError: raise SystemExit\ntime.sleep(60)"
    status, _, _ = run(isolation, "python3", "-c", script, limits=Limits(processes=60))
    assert status in (0, 137)


def test_without_bubblewrap_auto_runs_plain_processes(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    isolation = make(tmp_path, "auto")
    assert isolation.kind == "none"
    assert isolation.why_not == "there is no bwrap on this machine"
    isolation.stop()


def test_where_bubblewrap_is_wanted_nothing_runs_without_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    isolation = make(tmp_path, "bubblewrap")
    with pytest.raises(IsolationUnavailable, match="there is no bwrap on this machine"):
        isolation.start(Box(("true",)))
    isolation.stop()


@isolated
def test_what_a_killed_sandbox_left_is_ended_by_the_next(tmp_path: Path) -> None:
    left = []
    for name in ("this", "other"):
        file = tmp_path / name / "isolation" / "etc" / "passwd"
        file.parent.mkdir(parents=True)
        file.touch()
        words = ["bwrap", "--ro-bind", "/", "/", "--ro-bind", str(file), "/etc/passwd", "sleep", "6204"]
        left.append(subprocess.Popen(words))
    isolation = make(tmp_path / "this", "bubblewrap")
    assert isolation.kind == "bubblewrap"
    assert left[0].wait(10) == -signal.SIGKILL
    assert left[1].poll() is None
    left[1].kill()
    left[1].wait()
    isolation.stop()


SERVER = """
import sys, time
from pathlib import Path
from workshop.sandbox.isolation import Box, Isolation
from workshop.sandbox.settings import Settings
isolation = Isolation(Settings(state=Path(sys.argv[1]), isolation=sys.argv[2]))
isolation.start(Box(("sh", "-c", f"setsid {sys.argv[3]} & {sys.argv[3]}"), endpoint=False))
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("way", WAYS)
def test_no_box_survives_the_server_even_when_that_is_killed(tmp_path: Path, way: str) -> None:
    sleep = f"sleep {secrets.randbelow(10**6) + 10**6}"  # nobody else's
    command = [sys.executable, "-c", SERVER, str(tmp_path), way, sleep]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        while not alive(sleep):
            time.sleep(0.01)
        os.kill(server.pid, signal.SIGKILL)
    for _ in range(300):
        if not alive(sleep):
            return
        time.sleep(0.01)
    raise AssertionError("a process of the box is still there")


@isolated
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("cat /etc/shadow", "No such file"),
        (f"ls {Path(__file__).parent}", "No such file"),
        ("echo x > /usr/x", "Read-only file system"),
        ("echo x > /dev/x", "Read-only file system"),
        ("mkdir /x", "Read-only file system"),
        ("unshare --user true", "Operation not permitted"),
        ("mount -t tmpfs x /tmp", "must be superuser"),
        ("kill -9 1; echo alive", "alive"),
        ("head -c 20000000 /dev/zero > /tmp/f", "No space left"),
        ("head -c 99000000 /dev/zero > /dev/shm/f", "No space left"),
        ("python3 -c 'import socket; socket.create_connection((\"192.0.2.2\", 80), 1)'", "unreachable"),
        ("python3 -c 'import socket; socket.getaddrinfo(\"example.com\", 80)'", "gaierror"),
    ],
)
def test_what_a_program_in_bubblewrap_may_not(bubblewrap: Isolation, command: str, told: str) -> None:
    _, output, _ = run(bubblewrap, "sh", "-c", command, scratch={"/tmp": 10 * MIB})
    assert told in output


@isolated
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_system_calls_that_open_the_kernel_are_refused(bubblewrap: Isolation) -> None:
    script = "import ctypes; l = ctypes.CDLL(None, use_errno=True)\n"
    script += "for n in (250, 321, 101, 323, 425): l.syscall(n, 0, 0, 0, 0); print(ctypes.get_errno())"
    _, output, _ = run(bubblewrap, "python3", "-c", script)
    assert output.split() == ["1"] * 5


@isolated
def test_other_ports_of_this_machine_cannot_be_reached(bubblewrap: Isolation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        _, output, _ = run(bubblewrap, "python3", "-c", script)
    assert "Connection refused" in output


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_a_program_for_the_kernel(machine: str) -> None:
    assert len(program(machine)) % 8 == 0
    assert len(program(machine)) // 8 < 256


@isolated
def test_a_link_in_the_place_of_the_box_leads_nowhere(bubblewrap: Isolation, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("of the machine")
    _, output, _ = run(bubblewrap, "sh", "-c", f"ln -s {secret} /tmp/l; cat /tmp/l")
    assert "No such file" in output
