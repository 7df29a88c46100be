"""Wakes actions that wait: what they watch has changed, or nobody waits for them any more."""

from __future__ import annotations

import threading
from collections import defaultdict

FIRST = 0.05  # seconds: the first pause between two looks
LONGEST = 1.0
GROWTH = 1.5


class Halted(Exception):
    """Nobody waits for this action any more: it was abandoned, or the sandbox stops."""


class Bell:
    """One action's alarm.  Without one, its pauses grow, so that a room full of builds costs little."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._over = False
        self._patience = FIRST

    def ring(self) -> None:
        """Have it look at once."""
        self._rung.set()

    def end(self) -> None:
        """Have it give up."""
        self._over = True
        self._rung.set()

    def wait(self) -> None:
        """Pause until it is time to look; Halted if there is no need any more."""
        rung = self._rung.wait(self._patience)
        self._rung.clear()
        self._patience = FIRST if rung else min(self._patience * GROWTH, LONGEST)
        if self._over:
            raise Halted


class Bells:
    """The alarms of all running actions, and what each of them watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_run: dict[str, Bell] = {}
        self._watching: defaultdict[str, set[Bell]] = defaultdict(set)

    def hang(self, run: str) -> Bell:
        """A bell for a run."""
        bell = Bell()
        with self._lock:
            self._of_run[run] = bell
        return bell

    def watch(self, bell: Bell, arn: str) -> None:
        """Ring it when there is news of a resource."""
        with self._lock:
            self._watching[arn].add(bell)

    def heard(self, arn: str) -> None:
        """There is news of a resource."""
        with self._lock:
            bells = list(self._watching.get(arn, ()))
        for bell in bells:
            bell.ring()

    def take_down(self, run: str) -> Bell | None:
        """The run's bell, which rings no more."""
        with self._lock:
            bell = self._of_run.pop(run, None)
            if bell:
                for arn in [arn for arn, bells in self._watching.items() if bell in bells]:
                    self._watching[arn].discard(bell)
                    if not self._watching[arn]:
                        del self._watching[arn]
            return bell

    def runs(self) -> list[str]:
        """The runs that have a bell."""
        with self._lock:
            return list(self._of_run)
