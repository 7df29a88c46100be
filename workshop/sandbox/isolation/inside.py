"""The first process in a box: sets its limits, relays the endpoint, runs the program.

It is started with nothing but the standard library (`python -I -S inside.py <fd>`) and reads
what to do as JSON from that file descriptor, so that neither the program's variables nor its
credentials show in a command line, or reach bubblewrap itself.

Without bubblewrap it is also the keeper: when the server lets go of the lifeline, or dies,
it ends every process that the program has left.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
CHUNK = 65536


def main(descriptor: int) -> int:
    """Run the program; its exit status, 128 + N after signal N."""
    with os.fdopen(descriptor) as file:
        task: dict[str, Any] = json.load(file)
    if task["relay"]:
        relay(task["relay"]["port"], task["relay"]["socket"])
    lifeline = task["lifeline"]
    if lifeline is not None:
        adopt_orphans()
    for name, value in task["limits"].items():
        limit(name, value)
    try:
        child = subprocess.Popen(
            task["command"], env=task["env"], cwd=task["cwd"], start_new_session=lifeline is not None
        )
    except OSError as error:
        print(f"{task['command'][0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127
    if lifeline is not None:
        threading.Thread(target=keep, args=(lifeline, child), daemon=True).start()
    status = child.wait()
    if lifeline is not None:
        end_all(child.pid)
    return status if status >= 0 else 128 - status


def limit(name: str, value: int) -> None:
    """Lower one resource limit, never beyond what is allowed already."""
    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def adopt_orphans() -> None:
    """Become the parent of daemons that the program leaves behind (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep(lifeline: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until the server lets go of the lifeline, then end everything."""
    os.read(lifeline, 1)
    end_all(child.pid)
    os._exit(137)


def end_all(group: int) -> None:
    """Kill the program's process group, then whatever has left it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    while sys.platform == "linux":
        children = own_children()
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def own_children() -> list[int]:
    """The process ids of this process's children, adopted ones included."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and _parent_of(folder) == os.getpid():
                found.append(int(folder.name))
    return found


def _parent_of(process: Path) -> int:
    return int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])


def relay(port: int, path: str) -> None:
    """Answer 127.0.0.1:`port` inside the box with what listens on the unix socket `path`."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    threading.Thread(target=accept, args=(listener, path), daemon=True).start()


def accept(listener: socket.socket, path: str) -> None:
    """Join every connection with one of its own to the endpoint."""
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(path)
        except OSError:
            near.close()
            continue
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, then say so to the target."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
