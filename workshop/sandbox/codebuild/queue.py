"""Runs builds in the order they were started, so many at once and no more."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.run import Run

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

QUEUED_TOO_LONG = ("BUILD_TIMED_OUT", "Build has timed out. ")


class Queue:
    """The builds of all accounts that wait or run."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workers = ThreadPoolExecutor(sandbox.settings.builds, "build")
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[Record, Future[None], threading.Timer]] = {}
        self._running: dict[str, Run] = {}

    def add(self, record: Record) -> None:
        """Run this build when its turn comes; it is in phase QUEUED."""
        arn = record.build.arn
        patience = 60 * record.build.settings["queuedTimeoutInMinutes"]
        timer = threading.Timer(patience, self._give_up, [arn])
        timer.daemon = True
        with self._lock:
            self._waiting[arn] = record, self._workers.submit(self._take, arn), timer
        timer.start()

    def stop_build(self, arn: str) -> None:
        """End a build, whether it waits or runs."""
        record = self._withdraw(arn)
        if record is not None:
            _end(record, phases.STOPPED, ("", ""))
            return
        with self._lock:
            run = self._running.get(arn)
        if run is not None:
            run.stop()

    def stop(self) -> None:
        """End all builds; returns when the last process is gone."""
        with self._lock:
            arns = [*self._waiting, *self._running]
        for arn in arns:
            self.stop_build(arn)
        self._workers.shutdown(cancel_futures=True)

    def _take(self, arn: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(arn, None)
            if waiting is None:
                return
            record, _, timer = waiting
            timer.cancel()
            run = self._running[arn] = Run(self._sandbox, record)
        try:
            run.go()
        finally:
            with self._lock:
                self._running.pop(arn, None)

    def _give_up(self, arn: str) -> None:
        record = self._withdraw(arn)
        if record is not None:
            _end(record, phases.TIMED_OUT, QUEUED_TOO_LONG)

    def _withdraw(self, arn: str) -> Record | None:
        """Take a build out of the queue; None if it does not wait (any more)."""
        with self._lock:
            waiting = self._waiting.pop(arn, None)
        if waiting is None:
            return None
        record, future, timer = waiting
        future.cancel()
        timer.cancel()
        return record


def _end(record: Record, status: str, context: tuple[str, str]) -> None:
    record.finish(status, context)
    record.begin(phases.COMPLETED)
