"""Runs builds, so many at once and no more: who is next is decided in turns."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.run import Run
from workshop.sandbox.codebuild.turns import Line, Waiting, in_turn, next_turn
from workshop.sandbox.memory import BUILD

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

QUEUED_TOO_LONG = ("BUILD_TIMED_OUT", "Build has timed out. ")
NO_PLACE = ("INTERNAL_SERVER_ERROR", "The sandbox has no place for this build; its log says why.")


@dataclass(frozen=True)
class Entry:
    """A build that waits, and what ends its waiting if nothing else does."""

    record: Record
    timer: threading.Timer

    @property
    def account(self) -> str:
        return self.record.build.account


@dataclass(frozen=True)
class Running:
    """A build that runs, and whose it is."""

    account: str
    run: Run


class Queue:
    """The builds of all accounts that wait or run.

    One thread gives out the turns, so that whoever starts or ends a build, or gives back memory,
    has only to wake it, whatever locks they hold.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._at_once = sandbox.settings.builds
        self._workers = ThreadPoolExecutor(self._at_once, "build")
        self._lock = threading.Lock()
        self._waiting: dict[str, Entry] = {}
        self._running: dict[str, Running] = {}
        self._numbers = itertools.count()
        self._turns: dict[str, int] = {}
        self._held: frozenset[str] = frozenset()
        self._places: dict[str, int] | None = None
        self._ended = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._give_out_turns, name="build-turns", daemon=True)
        sandbox.memory.listen(self._wake.set)

    def start(self) -> None:
        """Begin to run builds."""
        self._thread.start()

    def add(self, record: Record) -> None:
        """Run this build when its turn comes; it is in phase QUEUED."""
        arn = record.build.arn
        patience = 60 * record.build.settings["queuedTimeoutInMinutes"]
        timer = threading.Timer(patience, self._give_up, [arn])
        timer.daemon = True
        with self._lock:
            self._waiting[arn] = Entry(record, timer)
            self._places = None
        timer.start()
        self._wake.set()

    def ahead(self, arn: str) -> int | None:
        """How many builds will run before this one; None if it does not wait (any more)."""
        with self._lock:
            if self._places is None:
                order = in_turn(self._line(self._held), self._at_once)
                self._places = {one.build: place for place, one in enumerate(order)}
            return self._places.get(arn)

    def waiting(self, account: str) -> int:
        """How many builds of an account wait."""
        with self._lock:
            return sum(entry.account == account for entry in self._waiting.values())

    @property
    def load(self) -> dict[str, int]:
        """How many builds run and wait."""
        with self._lock:
            return {"running": len(self._running), "waiting": len(self._waiting)}

    def stop_build(self, arn: str) -> None:
        """End a build, whether it waits or runs."""
        entry = self._withdraw(arn)
        if entry is not None:
            _end(entry.record, phases.STOPPED, ("", ""))
            return
        with self._lock:
            running = self._running.get(arn)
        if running is not None:
            running.run.stop()

    def halt(self, account: str) -> int:
        """End an account's builds, without waiting for it; how many there are still."""
        with self._lock:
            waiting = [arn for arn, entry in self._waiting.items() if entry.account == account]
            running = [arn for arn, one in self._running.items() if one.account == account]
            self._turns.pop(account, None)
        self._stop([*waiting, *running])
        return len(waiting) + len(running)

    def stop(self) -> None:
        """End all builds; returns when the last process is gone."""
        self._ended = True
        self._wake.set()
        with self._lock:
            arns = [*self._waiting, *self._running]
        self._stop(arns)
        self._workers.shutdown()

    def _stop(self, arns: Iterable[str]) -> None:
        for arn in arns:
            self.stop_build(arn)

    def _give_out_turns(self) -> None:
        while not self._ended:
            self._wake.wait()
            self._wake.clear()
            for entry in self._begin_those_who_may():
                _end(entry.record, phases.FAULT, NO_PLACE)

    def _begin_those_who_may(self) -> list[Entry]:
        """Begin as many builds as may run; those of them that could not be."""
        failed = []
        with self._lock:
            self._places, self._held = None, frozenset()
            while not self._ended and len(self._running) < self._at_once:
                chosen = next_turn(self._line(self._held))
                if chosen is None:
                    break
                if not self._sandbox.memory.demand(chosen.account, BUILD):
                    self._held |= {chosen.account}
                elif not self._begin(chosen, entry := self._waiting.pop(chosen.build)):
                    failed.append(entry)
        return failed

    def _begin(self, chosen: Waiting, entry: Entry) -> bool:
        entry.timer.cancel()
        self._turns[chosen.account] = next(self._numbers)
        try:
            run = Run(self._sandbox, entry.record)
        except OSError:
            log.exception("Build %s has no folder", entry.record.build.id)
            self._sandbox.memory.give_back(chosen.account, BUILD)
            return False
        self._running[chosen.build] = Running(chosen.account, run)
        self._workers.submit(self._go, chosen, run)
        return True

    def _go(self, chosen: Waiting, run: Run) -> None:
        try:
            run.go()
        finally:
            with self._lock:
                self._running.pop(chosen.build, None)
            self._sandbox.memory.give_back(chosen.account, BUILD)

    def _line(self, held: frozenset[str]) -> Line:
        waiting = tuple(Waiting(entry.account, arn) for arn, entry in self._waiting.items())
        running = tuple(one.account for one in self._running.values())
        return Line(waiting, running, dict(self._turns), held)

    def _give_up(self, arn: str) -> None:
        entry = self._withdraw(arn)
        if entry is not None:
            _end(entry.record, phases.TIMED_OUT, QUEUED_TOO_LONG)

    def _withdraw(self, arn: str) -> Entry | None:
        """Take a build out of the queue; None if it does not wait (any more)."""
        with self._lock:
            entry = self._waiting.pop(arn, None)
            self._places = None
        if entry is not None:
            entry.timer.cancel()
        return entry


def _end(record: Record, status: str, context: tuple[str, str]) -> None:
    record.finish(status, context)
    record.begin(phases.COMPLETED)
