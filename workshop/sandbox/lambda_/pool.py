"""Keeps execution environments warm: one event at a time in each, more of them under load, few when idle."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.environment import Environment
from workshop.sandbox.lambda_.state import Version

MOST_PER_FUNCTION = max(4, 2 * (os.cpu_count() or 1))
MOST = 32
MOST_IDLE = 16
IDLE_SECONDS = 300
PATIENCE = 30
ROUND = 5


class Pool:
    """Environments by the revision of the function that they run.

    `launch` makes one.  Where AWS would start environments without end, this waits for one
    to become free (at most PATIENCE seconds): it is one machine.
    """

    def __init__(
        self, launch: Callable[[Version], Environment], expires_soon: Callable[[Environment], bool]
    ) -> None:
        self._launch = launch
        self._expires_soon = expires_soon
        self._changed = threading.Condition()
        self._idle: list[Environment] = []
        self._busy: list[Environment] = []
        self._starting: list[str] = []
        self._ended = False
        self._reaper = threading.Thread(target=self._reap, name="lambda-reaper", daemon=True)

    def start(self) -> None:
        self._reaper.start()

    def take(self, version: Version, reserved: int | None) -> Environment:
        """An environment for one event; AwsError TooManyRequestsException if there is none."""
        until = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                if reserved is not None and self._running(_unqualified(version.arn)) >= reserved:
                    raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
                if found := self._warm(version):
                    return found
                if self._may_start(version):
                    self._starting.append(_unqualified(version.arn))
                    break
                if self._ended or not self._changed.wait(until - time.monotonic()):
                    raise throttled("ConcurrentInvocationLimitExceeded")
        return self._begin(version)

    def give_back(self, environment: Environment) -> None:
        """The event is over."""
        with self._changed:
            self._busy.remove(environment)
            keep = environment.usable and not self._ended
            if keep:
                self._idle.append(environment)
            self._changed.notify_all()
        if not keep:
            environment.close()

    def retire(self, arn: str) -> None:
        """A function has changed or is gone: end what runs the old one, after its current event."""
        with self._changed:
            for environment in [*self._idle, *self._busy]:
                environment.stale |= _unqualified(environment.plan.version.arn) == arn
        self._close_idle(lambda environment: environment.stale)

    def stop(self) -> None:
        """End all environments."""
        with self._changed:
            self._ended = True
            everything, self._idle = [*self._idle, *self._busy], []
            self._changed.notify_all()
        for environment in everything:
            environment.close()
        if self._reaper.is_alive():
            self._reaper.join()

    def _warm(self, version: Version) -> Environment | None:
        for environment in reversed(self._idle):
            if environment.plan.version == version and not self._expires_soon(environment):
                self._idle.remove(environment)
                self._busy.append(environment)
                return environment
        return None

    def _may_start(self, version: Version) -> bool:
        if self._ended or self._running(_unqualified(version.arn)) >= MOST_PER_FUNCTION:
            return False
        if len(self._idle) + len(self._busy) + len(self._starting) < MOST:
            return True
        if not self._idle:
            return False
        oldest = min(self._idle, key=lambda environment: environment.used)
        self._idle.remove(oldest)
        threading.Thread(target=oldest.close, daemon=True).start()
        return True

    def _begin(self, version: Version) -> Environment:
        name = _unqualified(version.arn)
        try:
            environment = self._launch(version)
        except BaseException:
            with self._changed:
                self._starting.remove(name)
                self._changed.notify_all()
            raise
        with self._changed:
            self._starting.remove(name)
            self._busy.append(environment)
        return environment

    def _running(self, arn: str) -> int:
        busy = sum(_unqualified(environment.plan.version.arn) == arn for environment in self._busy)
        return busy + self._starting.count(arn)

    def _reap(self) -> None:
        while not self._ended:
            with self._changed:
                self._changed.wait_for(lambda: self._ended, ROUND)
                newest = sorted(self._idle, key=lambda one: one.used)[-MOST_IDLE:]
            self._close_idle(functools.partial(_wilted, newest, time.monotonic() - IDLE_SECONDS))

    def _close_idle(self, unwanted: Callable[[Environment], bool]) -> None:
        with self._changed:
            closing = [environment for environment in self._idle if unwanted(environment)]
            self._idle = [environment for environment in self._idle if environment not in closing]
            self._changed.notify_all()
        for environment in closing:
            environment.close()


def _wilted(newest: list[Environment], before: float, environment: Environment) -> bool:
    return environment not in newest or environment.used < before or not environment.usable


def throttled(reason: str) -> AwsError:
    """What AWS says to more events than there may be environments."""
    return AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason, Type="User")


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:7])
