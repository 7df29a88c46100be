"""Keeps execution environments warm: one event at a time in each, more of them under load, few when idle."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.environment import Environment
from workshop.sandbox.lambda_.room import Bounds, Held, to_go, to_lend
from workshop.sandbox.lambda_.state import Code, Version
from workshop.sandbox.memory import Memory

MOST_PER_FUNCTION = max(4, 2 * (os.cpu_count() or 1))
MOST = 32
MOST_IDLE = 16
IDLE_SECONDS = 300
PATIENCE = 30
ROUND = 5


class Pool:
    """Environments by the revision of the function that they run.

    `launch` makes one.  Where AWS would start environments without end, this waits for one
    to become free (at most `patience` seconds): it is one machine.  No account has more than
    `per_account` of them, nor more than its `memory`, so none can take what others need.
    """

    def __init__(
        self,
        launch: Callable[[Version], Environment],
        expires_soon: Callable[[Environment], bool],
        memory: Memory,
        per_account: int,
        patience: float = PATIENCE,
    ) -> None:
        self._launch = launch
        self._expires_soon = expires_soon
        self._memory = memory
        self._patience = patience
        self._bounds = Bounds(MOST, per_account, MOST_PER_FUNCTION)
        self._changed = threading.Condition()
        self._idle: list[Environment] = []
        self._busy: list[Environment] = []
        self._starting: list[Version] = []
        self._ended = False
        self._reaper = threading.Thread(target=self._reap, name="lambda-reaper", daemon=True)
        memory.listen(self._tell)
        memory.borrow(self._lend)

    def start(self) -> None:
        self._reaper.start()

    @property
    def load(self) -> dict[str, int]:
        """How many environments are warm, and how many work or start."""
        with self._changed:
            return {"warm": len(self._idle), "busy": len(self._busy) + len(self._starting)}

    def codes(self) -> set[Code]:
        """The packages that environments run, among them those of versions that are no more."""
        with self._changed:
            versions = [one.plan.version for one in [*self._idle, *self._busy]] + self._starting
        return {code for one in versions for code in (one.code, *(layer.code for layer in one.layers))}

    def take(self, version: Version, reserved: int | None) -> Environment:
        """An environment for one event; AwsError TooManyRequestsException if there is none."""
        until = time.monotonic() + self._patience
        with self._changed:
            while True:
                if reserved is not None and self._running(_unqualified(version.arn)) >= reserved:
                    raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
                if found := self._warm(version):
                    return found
                if self._may_start(version):
                    self._starting.append(version)
                    break
                if self._is_vain(version) or not self._changed.wait(until - time.monotonic()):
                    raise throttled("ConcurrentInvocationLimitExceeded")
        return self._begin(version)

    def give_back(self, environment: Environment) -> None:
        """The event is over."""
        with self._changed:
            self._busy.remove(environment)
            keep = environment.usable and not self._ended
            if keep:
                self._idle.append(environment)
        if keep:
            self._memory.tell()
        else:
            self._close([environment])

    def retire(self, arn: str) -> None:
        """A function has changed or is gone: end what runs the old one, after its current event."""
        with self._changed:
            for environment in [*self._idle, *self._busy]:
                environment.stale |= _unqualified(environment.plan.version.arn) == arn
        self._close_idle(lambda environment: environment.stale)

    def halt(self, account: str) -> int:
        """End an account's environments, whatever they do; how many there are still."""
        with self._changed:
            busy = [one for one in self._busy if one.plan.version.account == account]
            idle = [one for one in self._idle if one.plan.version.account == account]
            starting = sum(version.account == account for version in self._starting)
        for environment in busy:
            environment.close()  # who waits for its answer gives it back
        self._close_idle(lambda environment: environment.plan.version.account == account)
        return len(busy) + len(idle) + starting

    def stop(self) -> None:
        """End all environments."""
        with self._changed:
            self._ended = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
            self._changed.notify_all()
        for environment in busy:
            environment.close()  # who waits for its answer gives it back
        self._close(idle)
        if self._reaper.is_alive():
            self._reaper.join()

    def _tell(self) -> None:
        """There may be room now for somebody who waits."""
        with self._changed:
            self._changed.notify_all()

    def _lend(self, account: str, memory: int) -> None:
        """End idle environments of an account that needs so much memory (MB) for something else."""
        with self._changed:
            self._evict(to_lend(self._held(), account, memory))

    def _warm(self, version: Version) -> Environment | None:
        for environment in reversed(self._idle):
            if environment.plan.version == version and not self._expires_soon(environment):
                self._idle.remove(environment)
                self._busy.append(environment)
                return environment
        return None

    def _is_vain(self, version: Version) -> bool:
        """Whether no waiting helps."""
        return self._ended or version.memory > self._memory.limit

    def _may_start(self, version: Version) -> bool:
        """Whether one more may start, now that idle ones have gone for it if need be."""
        left = self._memory.left(version.account)
        going = None if self._ended else to_go(self._held(), _held(version), left, self._bounds)
        if going is None:
            return False
        self._evict(going)
        return self._memory.take(version.account, version.memory)

    def _held(self) -> list[Held]:
        """All environments, the idle ones first: `_evict` takes their indices."""
        idle = [_held(one.plan.version, one.used) for one in self._idle]
        return [*idle, *(_held(one.plan.version) for one in self._busy), *map(_held, self._starting)]

    def _evict(self, indices: Iterable[int]) -> None:
        """End these idle environments, in the background; their memory may be promised again at once."""
        for environment in [self._idle[index] for index in indices]:
            self._idle.remove(environment)
            self._memory.give_back(environment.plan.version.account, environment.plan.version.memory)
            threading.Thread(target=environment.close, daemon=True).start()

    def _begin(self, version: Version) -> Environment:
        try:
            environment = self._launch(version)
        except BaseException:
            with self._changed:
                self._starting.remove(version)
            self._memory.give_back(version.account, version.memory)
            raise
        with self._changed:
            self._starting.remove(version)
            self._busy.append(environment)
        return environment

    def _running(self, arn: str) -> int:
        at_work = [*(environment.plan.version for environment in self._busy), *self._starting]
        return sum(_unqualified(version.arn) == arn for version in at_work)

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
        self._close(closing)

    def _close(self, environments: Iterable[Environment]) -> None:
        """End environments that are in no list any more; then there is room for others."""
        for environment in environments:
            environment.close()
            self._memory.give_back(environment.plan.version.account, environment.plan.version.memory)


def _wilted(newest: list[Environment], before: float, environment: Environment) -> bool:
    return environment not in newest or environment.used < before or not environment.usable


def throttled(reason: str) -> AwsError:
    """What AWS says to more events than there may be environments."""
    return AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason, Type="User")


def _held(version: Version, idle_since: float | None = None) -> Held:
    return Held(_unqualified(version.arn), version.account, version.memory, idle_since)


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:7])
