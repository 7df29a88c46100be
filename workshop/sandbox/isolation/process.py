"""A running box, as its owner sees it: pipes, an end, and why it ended."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from workshop.sandbox.isolation.box import Limits


@dataclass(frozen=True)
class Launched:
    """What a way of isolating hands back: the first process and how to deal with its tree.

    `end` kills the whole tree at once, `settle` waits until its last process is gone,
    `clean` removes what the box leaves on this machine's disk.
    """

    popen: subprocess.Popen[bytes]
    root: int
    end: Callable[[], None]
    settle: Callable[[], None]
    clean: Callable[[], None]
    places: Mapping[str, str]


class Process:
    """A program in its box.  When it ends, everything that it started ends with it.

    `killed` says why the box was ended from outside: "memory", "processes" or the reason
    given to `kill`; None if it ended by itself.
    """

    def __init__(self, launched: Launched, limits: Limits) -> None:
        self._launched = launched
        self._popen = launched.popen
        self._lock = threading.Lock()
        self._settled = False
        self.limits = limits
        self.killed: str | None = None

    @property
    def root(self) -> int:
        """The process id, on this machine, above everything in the box."""
        return self._launched.root

    @property
    def stdin(self) -> IO[bytes] | None:
        return self._popen.stdin

    @property
    def stdout(self) -> IO[bytes] | None:
        return self._popen.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        return self._popen.stderr

    def path(self, inside: str) -> str:
        """Where the program finds the inside path: the same, but for plain processes."""
        return translate(inside, self._launched.places)

    def poll(self) -> int | None:
        """The exit status once all is over (128 + N after signal N), else None."""
        if self._popen.poll() is None:
            return None
        self._settle()
        return self._status()

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, when every process of the box is gone; subprocess.TimeoutExpired."""
        self._popen.wait(timeout)
        self._settle()
        return self._status()

    def kill(self, reason: str = "killed") -> None:
        """End every process of the box, now; returns when they are gone."""
        with self._lock:
            if self._settled:
                return
            if self._popen.poll() is None:
                self.killed = self.killed or reason
                self._launched.end()
        self.wait()

    def _settle(self) -> None:
        with self._lock:
            if self._settled:
                return
            self._launched.settle()
            self._launched.clean()
            self._settled = True

    def _status(self) -> int:
        status = self._popen.returncode
        return status if status >= 0 else 128 - status


def translate(text: str, places: Mapping[str, str]) -> str:
    """`text` with every inside path in it, alone or in a list with colons, made a real one."""
    return ":".join(_place(part, places) for part in text.split(":")) if places else text


def _place(path: str, places: Mapping[str, str]) -> str:
    for inside in sorted(places, key=len, reverse=True):
        if path == inside or path.startswith(inside + "/"):
            return places[inside] + path[len(inside) :]
    return path
