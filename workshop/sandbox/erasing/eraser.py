"""Erases an account: ends what runs in it, forgets what it holds, deletes what it has on disk.

The account's gate is closed meanwhile, so that nothing new begins; then everything is told to
end, until nothing runs any more; only then is anything forgotten.  A mark on disk comes first and
goes last: a sandbox that is killed between the two has the account gone when it starts again, one
that is killed before has it whole.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workshop.sandbox.erasing import inventory
from workshop.sandbox.snapshot.drawer import replace

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

PATIENCE: Final = 45.0  # seconds that everything has to end
STEP: Final = 0.05
QUIET: Final = 3  # looks in a row that find nothing running: what one thing has begun, the next finds
TOLD: Final = ("builds", "pipeline executions", "stack operations", "environments", "events for functions")
BEGINNERS: Final = ("codepipeline", "cloudformation")  # told first, or they see fail what they began
Counts = Mapping[str, int]


class StillRunning(Exception):
    """Something in the account did not end in time, so nothing of it was erased."""

    def __init__(self, account: str, what: Counts) -> None:
        words = ", ".join(f"{number} {name}" for name, number in what.items())
        super().__init__(f"Account {account} was not erased: it still has {words} under way.")


@dataclass(frozen=True)
class Erased:
    """What ran in an account and was ended, and what it held; by name in the plural."""

    ended: Counts
    removed: Counts


class Eraser:
    """Erases accounts, one at a time."""

    def __init__(self, sandbox: Sandbox, patience: float = PATIENCE) -> None:
        self._sandbox = sandbox
        self._patience = patience
        self._marks = sandbox.settings.state / "erasing"
        self._lock = threading.Lock()

    def erase(self, account: str) -> Erased:
        """Have everything in an account gone; StillRunning if that cannot be.

        An account that never was has nothing, and is erased as well as any other.
        """
        gate, snapshot = self._sandbox.gate, self._sandbox.snapshot
        with self._lock:
            snapshot.seal(account)
            try:
                ran = self._running(account)
                gate.close(account)
                ended = self._end(account, ran)
                removed = inventory.of(account, self._sandbox.snapshot.kept())
                self._forget(account)
            finally:
                snapshot.unseal(account)
                gate.open(account)
        log.info("Account %s is erased.", account)
        return Erased(ended, removed)

    def finish(self) -> None:
        """Erase on disk what an earlier sandbox was killed over; before anything is restored."""
        for mark in list(self._marks.glob("*")):
            self._delete(mark.name)
            mark.unlink()

    def _end(self, account: str, ran: Counts) -> Counts:
        """End all that runs in the account; what that was, with what `ran` before it was closed."""
        until, quiet, ended = time.monotonic() + self._patience, 0, dict(ran)
        while quiet < QUIET:
            running = self._running(account)
            ended = {name: max(ended.get(name, 0), running.get(name, 0)) for name in {**ended, **running}}
            quiet = 0 if running else quiet + 1
            if running and time.monotonic() > until:
                raise StillRunning(account, running)
            time.sleep(STEP)
        return {name: ended[name] for name in TOLD if name in ended}

    def _running(self, account: str) -> dict[str, int]:
        """Tell everything in the account to end; what still runs."""
        found: dict[str, int] = {}
        for part in self._parts():
            found |= getattr(part, "halt", _nothing)(account)
        found["calls"] = self._sandbox.gate.inside(account)
        return {name: number for name, number in found.items() if number}

    def _forget(self, account: str) -> None:
        self._marks.mkdir(exist_ok=True)
        mark = self._marks / account
        replace(mark, b"")
        self._sandbox.snapshot.forget(account)
        for part in self._parts():
            getattr(part, "forget", _nothing)(account)
        self._delete(account)
        mark.unlink()

    def _delete(self, account: str) -> None:
        """Delete what is the account's own on disk."""
        for folder in ("snapshot", "codecommit"):
            _remove(self._sandbox.settings.state / folder / account)

    def _parts(self) -> Iterable[Any]:
        services = self._sandbox.services
        first = [services[name] for name in BEGINNERS]
        return [*first, *(one for one in services.values() if one not in first), self._sandbox.events]


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _nothing(_: str) -> Counts:
    return {}
