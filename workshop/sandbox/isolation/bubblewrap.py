"""A box by bubblewrap: its own file tree, process table, network and user, no privileges.

Inside are /usr and the Python and Node that this sandbox itself runs on, read-only; a few
small files of /etc; the box's own folders; and 127.0.0.1 with the endpoint on it, nothing else.
Not contained: bugs in the kernel, what the endpoint lets the program do, load on the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from workshop.sandbox.isolation import inside, seccomp
from workshop.sandbox.isolation.box import MIB, Box
from workshop.sandbox.isolation.process import Launched
from workshop.sandbox.toolchain import Toolchain

SCRIPT = "/run/box/inside.py"
ENDPOINT = "/run/box/endpoint.sock"
SHARED_MEMORY = 64 * MIB
USER = 1000
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nbuild:x:1000:1000:build:/root:/bin/sh\n",
    "group": "root:x:0:\nbuild:x:1000:\n",
    "hosts": "127.0.0.1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
UNSHARED = ("user", "pid", "ipc", "uts", "net")
FROM_ETC = ("alternatives", "ca-certificates", "ld.so.cache", "ld.so.conf.d", "pki", "ssl")


class Bubblewrap:
    """Starts boxes with the `bwrap` of this machine."""

    name = "bubblewrap"

    def __init__(self, state: Path, toolchain: Toolchain, endpoint: Path, port: int) -> None:
        self._etc = state.absolute() / "isolation" / "etc"
        self._toolchain = toolchain
        self._endpoint = endpoint.absolute()
        self._port = port

    def prepare(self) -> None:
        """Write the files of /etc that boxes see, and end what an earlier sandbox left; idempotent."""
        self._sweep()
        self._etc.mkdir(parents=True, exist_ok=True)
        for name, text in ETC.items():
            (self._etc / name).write_text(text)

    def _sweep(self) -> None:
        """End boxes of a sandbox that was killed before bwrap had asked to die with it.

        bwrap asks only after it has started its child, which waits for a word that then never comes.
        """
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError), _handle(int(folder.name)) as process:
                if self._is_left_over(folder):
                    signal.pidfd_send_signal(process, signal.SIGKILL)

    def _is_left_over(self, process: Path) -> bool:
        words = (process / "cmdline").read_bytes().split(b"\0")
        ours = os.fsencode(self._etc / "passwd")
        return Path(os.fsdecode(words[0])).name == "bwrap" and ours in words

    def launch(self, box: Box, path: str) -> Launched:
        """Start the box; `path` is the PATH of a program that brings none."""
        info, told = os.pipe()
        with _file(self._task(box, path)) as task, _file(seccomp.program()) as rules:
            command = [
                *arguments(self._mounts(box), rules.fileno(), told),
                *(_python(), "-I", "-S", "-B", SCRIPT, str(task.fileno())),
            ]
            popen = subprocess.Popen(
                command,
                env={},
                stdin=box.stdin,
                stdout=box.stdout,
                stderr=box.stderr,
                pass_fds=(task.fileno(), rules.fileno(), told),
                start_new_session=True,
            )
        os.close(told)
        return _launched(popen, _first_process(info))

    def _task(self, box: Box, path: str) -> bytes:
        relay = {"port": self._port, "socket": ENDPOINT} if box.endpoint else None
        limits = {"RLIMIT_NPROC": box.limits.processes, **resource_limits(box)}
        task = {"relay": relay, "lifeline": None, "limits": limits, "cwd": box.cwd}
        env = {"PATH": path, **box.env}
        return json.dumps({**task, "command": box.command, "env": env}).encode()

    def _mounts(self, box: Box) -> list[tuple[str, str, str]]:
        """(kind, inside path, source or size), parents before what lies in them."""
        mounts = [("--ro-bind", str(path), str(path)) for path in visible(self._toolchain.folders)]
        mounts += [("--ro-bind-try", f"/etc/{name}", f"/etc/{name}") for name in FROM_ETC]
        mounts += [("--ro-bind", f"/etc/{name}", str(self._etc / name)) for name in ETC]
        mounts += [("--ro-bind", SCRIPT, inside.__file__)]
        if box.endpoint:
            mounts += [("--ro-bind", ENDPOINT, str(self._endpoint))]
        mounts += [("--tmpfs", path, str(size)) for path, size in box.scratch.items()]
        mounts += [("--ro-bind", path, str(source.absolute())) for path, source in box.read_only.items()]
        mounts += [("--bind", path, str(source.absolute())) for path, source in box.writable.items()]
        return sorted(mounts, key=lambda mount: len(Path(mount[1]).parts))


def available() -> str | None:
    """What keeps bubblewrap from being used here at all, or None."""
    if not shutil.which("bwrap"):
        return "there is no bwrap on this machine"
    if not seccomp.supported():
        return "there is no system call filter for this kind of machine"
    return None


def arguments(mounts: list[tuple[str, str, str]], rules: int, told: int) -> list[str]:
    """The command line of bwrap up to the program."""
    command = [shutil.which("bwrap") or "bwrap", *(f"--unshare-{name}" for name in UNSHARED)]
    command += ["--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--uid", str(USER), "--gid", str(USER), "--hostname", "build"]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm"]
    command += ["--remount-ro", "/dev"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        command += _top_level(Path("/", name))
    for kind, path, value in mounts:
        command += ["--size", value, kind, path] if kind == "--tmpfs" else [kind, value, path]
    command += ["--remount-ro", "/", "--seccomp", str(rules), "--info-fd", str(told), "--"]
    return command


def resource_limits(box: Box) -> dict[str, int]:
    """The limits that the kernel keeps for each process."""
    return {
        "RLIMIT_FSIZE": box.limits.file_size,
        "RLIMIT_NOFILE": box.limits.open_files,
        "RLIMIT_CORE": 0,
    }


def visible(toolchain: Iterable[Path]) -> list[Path]:
    """The folders of this machine in which Python, Node and the system's programs lie."""
    real = Path(sys.executable).resolve().parent.parent
    folders = {Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), real, *toolchain}
    return [one for one in folders if one.is_dir() and not any(up in folders for up in one.parents)]


def _python() -> str:
    return sys.executable


def _top_level(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.is_dir() else []


@contextlib.contextmanager
def _file(content: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    """A handle of a process, which no later process of the same number can be mistaken for."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _first_process(info: int) -> int | None:
    """The process id of the box's first process, as bwrap tells it; None if it never came to be."""
    with os.fdopen(info) as file:
        told: dict[str, Any] = json.loads(file.read() or "{}")
    return told.get("child-pid")


def _launched(popen: subprocess.Popen[bytes], first: int | None) -> Launched:
    handle = None
    if first is not None:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(first)
    if handle is None:
        return Launched(popen, popen.pid, popen.kill, lambda: None, lambda: None, {})

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)

    def settle() -> None:
        # the kernel ends the first process of a box last: then all others are gone
        select.select([handle], [], [])
        os.close(handle)

    return Launched(popen, first or popen.pid, end, settle, lambda: None, {})
