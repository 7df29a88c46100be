"""Ends boxes that outgrow their memory or their number of processes.

It looks more often while something changes and rarely while all is still, so that idle
functions cost nothing.  A machine without /proc (macOS) has no such watch.
"""

from __future__ import annotations

import contextlib
import resource
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop.sandbox.isolation.process import Process

QUICK, SLOW = 0.05, 0.5
PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Size:
    """What a tree of processes uses: resident bytes, and how many processes it is."""

    memory: int = 0
    processes: int = 0


class Watchdog:
    """Looks after the boxes that `running` returns until it is stopped."""

    def __init__(self, running: Callable[[], list[Process]]) -> None:
        self._running = running
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._watch, name="box-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look closely again: something has been started."""
        self._wake.set()

    def stop(self) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join()

    def _watch(self) -> None:
        interval, before = QUICK, None
        while not self._ended:
            processes = [one for one in self._running() if one.poll() is None]
            sizes = measure([one.root for one in processes])
            for process in processes:
                enforce(process, sizes[process.root])
            interval = min(interval * 1.5, SLOW) if sizes == before else QUICK
            before = sizes
            if self._wake.wait(interval if processes else None):
                self._wake.clear()
                interval = QUICK


def enforce(process: Process, size: Size) -> None:
    """End the box if it is larger than it may be."""
    if process.limits.memory is not None and size.memory > process.limits.memory:
        process.kill("memory")
    elif size.processes > process.limits.processes:
        process.kill("processes")


def measure(roots: Iterable[int], proc: Path = Path("/proc")) -> dict[int, Size]:
    """The size of the tree below each process id of `roots`."""
    table = _table(proc)
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    return {root: _tree(root, table, children) for root in roots}


def _tree(root: int, table: Mapping[int, tuple[int, int]], children: Mapping[int, list[int]]) -> Size:
    memory, seen, todo = 0, 0, [root]
    while todo:
        pid = todo.pop()
        if pid in table:
            memory, seen = memory + table[pid][1], seen + 1
            todo += children.get(pid, [])
    return Size(memory, seen)


def _table(proc: Path) -> dict[int, tuple[int, int]]:
    """Of every process of this machine: its parent and its resident bytes."""
    table = {}
    with contextlib.suppress(FileNotFoundError):
        for folder in proc.iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                    table[int(folder.name)] = int(fields[1]), int(fields[21]) * PAGE
    return table
