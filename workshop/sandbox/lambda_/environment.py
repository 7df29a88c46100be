"""One execution environment: a process in a box that runs one version of a function, event by event."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from workshop.sandbox.call import Credentials
from workshop.sandbox.isolation import Box, Isolation
from workshop.sandbox.lambda_.logs import LogStream, Scribe
from workshop.sandbox.lambda_.memory import resident
from workshop.sandbox.lambda_.outcome import (
    Outcome,
    answered,
    exited,
    init_failed,
    init_report,
    report,
    timed_out,
)
from workshop.sandbox.lambda_.runtime import Answered, Asked, Gone, InitFailed, RuntimeApi, Signal, Work
from workshop.sandbox.lambda_.state import Version

INIT_SECONDS = 10
PIECE = 64 * 1024
MIB = 1024 * 1024
LONGEST_ROOT = 70


class Lost(Exception):
    """The environment ended before it took the event: another one may have it."""


@dataclass(frozen=True)
class Plan:
    """What an environment is for: a version of a function, its role's credentials, its box."""

    version: Version
    credentials: Credentials
    box: Box
    banner: str


class Environment:
    """Runs a plan.  One invocation at a time; `usable` says whether there may be another."""

    def __init__(
        self, plan: Plan, isolation: Isolation, log: LogStream, scribe: Scribe, sockets: Path
    ) -> None:
        self.plan = plan
        self.stale = False
        self.used = time.monotonic()
        self._log = scribe.open(log)
        self._scribe = scribe
        self._sockets = sockets
        self._signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        self._reading = threading.Lock()
        self._initialised = False
        self._broken = False
        self._api = RuntimeApi(sockets / "runtime.sock", self._signals)
        self._born = time.monotonic()
        try:
            self._process = isolation.start(plan.box)
        except BaseException:
            self._api.close()
            raise
        self._output = self._process.stdout
        threading.Thread(target=self._pump, name="lambda-output", daemon=True).start()

    @property
    def usable(self) -> bool:
        return not (self.stale or self._broken or self._process.poll() is not None)

    def invoke(self, work: Work, *, tail: bool = False) -> tuple[Outcome, bytes]:
        """The outcome and, if wanted, the end of the log.  Lost if the event was never taken."""
        self._log.begin()
        limit = self.plan.version.timeout
        init, failure = (None, None) if self._initialised else self._initialise(work)
        self._log.say(f"START RequestId: {work.request_id} Version: {self.plan.version.number}")
        began = time.monotonic()
        outcome = failure or self._run(work, began + limit)
        millis = min((time.monotonic() - began) * 1000, limit * 1000)
        self._finish(work, outcome, millis, init)
        return outcome, self._log.tail() if tail else b""

    def close(self) -> None:
        """End the process, its sockets and its log."""
        self._broken = True
        self._process.kill()
        self._api.close()
        self._drain()
        self._scribe.close(self._log)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _initialise(self, work: Work) -> tuple[float | None, Outcome | None]:
        """Wait until the code is loaded: (milliseconds, None), or (None, what went wrong)."""
        self._log.say(self.plan.banner)
        signal = self._await(self._born + max(INIT_SECONDS, self.plan.version.timeout))
        millis = (time.monotonic() - self._born) * 1000
        if isinstance(signal, Asked):
            self._initialised = True
            return millis, None
        self._broken = True
        self._drain()
        failure = self._init_failure(signal, work)
        self._log.say(init_report(failure, "init", millis))
        return None, failure

    def _init_failure(self, signal: Signal | None, work: Work) -> Outcome:
        if isinstance(signal, InitFailed):
            return init_failed(signal.payload)
        if isinstance(signal, Gone):
            return exited(work.request_id, signal)
        return timed_out(work.request_id, self.plan.version.timeout)

    def _run(self, work: Work, until: float) -> Outcome:
        self._api.give(work)
        while True:
            signal = self._await(until)
            if isinstance(signal, Answered) and signal.request_id == work.request_id:
                return answered(signal)
            if isinstance(signal, Gone):
                return self._ended(work, signal)
            if signal is None:
                self._broken = True
                self._process.kill("timeout")
                return timed_out(work.request_id, self.plan.version.timeout)

    def _ended(self, work: Work, gone: Gone) -> Outcome:
        self._broken = True
        if not self._api.took(work):
            raise Lost
        return exited(work.request_id, gone)

    def _finish(self, work: Work, outcome: Outcome, millis: float, init: float | None) -> None:
        self._drain()
        if outcome.note and outcome.status == "timeout":
            self._log.say(outcome.note)
        self._log.say(f"END RequestId: {work.request_id}")
        size = self.plan.version.memory
        used = size if outcome.error_type == "Runtime.OutOfMemory" else self._memory()
        self._log.say(report(work.request_id, outcome, millis, size, used, init))
        if outcome.note and outcome.status == "error":
            self._log.say(outcome.note)
        self.used = time.monotonic()

    def _memory(self) -> int:
        """Resident MB of what runs in the box, at most what it may have."""
        return min(resident(self._process.root) // MIB, self.plan.version.memory)

    def _await(self, until: float) -> Signal | None:
        """The next signal, or None when the time is over."""
        with contextlib.suppress(queue.Empty):
            return self._signals.get(timeout=max(until - time.monotonic(), 0))
        return None

    def _pump(self) -> None:
        """Take the box's output while it comes; when it ends, so has the process."""
        assert self._output is not None
        descriptor = self._output.fileno()
        os.set_blocking(descriptor, False)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while True:
            poll.poll()
            if self._read() == b"":
                break
        with self._reading, self._output:
            self._output = None
        self._signals.put(Gone(self._process.wait(), self._process.killed))

    def _drain(self) -> None:
        """Take what the box has printed so far, before anything of Lambda's own is logged."""
        while self._read():
            pass

    def _read(self) -> bytes | None:
        """One piece of output into the log; None if there is none now, empty at the end."""
        with self._reading:
            if self._output is None:
                return b""
            try:
                piece = os.read(self._output.fileno(), PIECE)
            except BlockingIOError:
                return None
            self._log.write(piece)
        return piece


def socket_folder(root: Path) -> Path:
    """A private folder for one socket, below `root` if that has a short name.

    The path of a unix socket has 107 bytes at most.
    """
    long = len(bytes(root)) > LONGEST_ROOT
    return Path(tempfile.mkdtemp(prefix="lambda-" if long else "", dir=None if long else root))
