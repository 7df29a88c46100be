"""Saves every account soon after it changed, and restores all of them at the start.

An account is saved whole, at a moment when nothing in it changes: moto's turn and the locks of
our services are held meanwhile (some milliseconds).  What is on disk already, git objects and
deployment packages, is not saved again.  What a crash loses: changes of the last seconds, events
on their way to targets, asynchronous invocations that waited for their turn.  What was under way
is taken up by the services themselves when they start: their states say how far it got.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.sandbox.call import Call
from workshop.sandbox.snapshot import graph, origin, stored
from workshop.sandbox.snapshot.changes import changed_by
from workshop.sandbox.snapshot.drawer import Drawer, drawers, move_aside
from workshop.sandbox.snapshot.holdings import Holdings, dump
from workshop.sandbox.snapshot.kept import Disturbed, Kept, Lock, still

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

BEAT = 0.25  # seconds between two looks at what has changed
QUIET = 0.3  # seconds without a change after which an account is saved at once
LATEST = 2.0  # seconds after which it is saved although it goes on changing
LATEST_BUSY = 6.0  # the same while something is half done
PATIENCE = 0.1  # seconds to wait for one lock
AGAIN = 10.0  # seconds until the next try when a save has failed
REST = 4.0  # times as long as a save took, the next one waits: saving gets a fifth of the time
LAST_WORDS = 5.0  # seconds that a stopping sandbox gives its last save
BELONGINGS = ("snapshot", "codecommit", "lambda")  # below the state folder: they go together
WAY_ON = "“catch me up” in the workshop makes everything again."


@dataclass
class Change:
    """When an account began to differ from what is saved, and when it last changed."""

    since: float
    last: float


class Snapshot:
    """The saved state of one sandbox; `told` is what its health page says of the restoring."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.told: dict[str, str] = {}
        self._sandbox = sandbox
        self._folder = sandbox.settings.state / "snapshot"
        self._changes: dict[str, Change] = {}
        self._known: set[str] = set()
        self._sealed: set[str] = set()
        self._saving = threading.Lock()
        self._digests: dict[str, graph.Digests] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)
        sandbox.events.listen(lambda event: self.touch(event.account))

    def touch(self, account: str) -> None:
        """Something has changed in an account: save it soon."""
        now = time.monotonic()
        with self._lock:
            if account in self._sealed:
                return
            self._changes.setdefault(account, Change(now, now)).last = now
            self._known.add(account)

    @property
    def accounts(self) -> int:
        """How many accounts there are: saved, or about to be."""
        return len(self._known)

    def notice(self, call: Call) -> None:
        """A call was made: save soon what it may have changed."""
        for account in changed_by(call):
            self.touch(account)

    def seal(self, account: str) -> None:
        """Save nothing of an account from now on, whatever changes in it."""
        with self._saving, self._lock:
            self._sealed.add(account)

    def unseal(self, account: str) -> None:
        """Save the account again; if it is still there, soon."""
        with self._lock:
            self._sealed.discard(account)
            known = account in self._known
        if known:
            self.touch(account)

    def forget(self, account: str) -> None:
        """Drop all that a sealed account has, in memory."""
        with self._lock:
            self._changes.pop(account, None)
            self._digests.pop(account, None)
            self._known.discard(account)
        kept = self.kept()
        while True:
            try:
                with still([self._sandbox.api.turn(account), *_locks(account, kept)], PATIENCE):
                    Holdings.drop(account, kept)
                return
            except Disturbed:
                time.sleep(PATIENCE)

    def restore(self) -> None:
        """Bring back what is saved, before anything runs; what cannot be read is moved aside."""
        why = origin.objection(self._folder) if self._folder.exists() else None
        if why:
            self._refuse(why)
        elif found := drawers(self._folder):
            restored = [drawer for drawer in found if self._open(drawer)]
            self.told["restored"] = _accounts(len(restored))
            log.info("The sandbox goes on from its saved state: %s.", self.told["restored"])
        origin.sign(self._folder)

    def start(self) -> None:
        """Begin to save."""
        self._thread.start()

    def stop(self) -> None:
        """Save what has changed, and nothing that happens from now on."""
        self._ended.set()
        if not self._thread.is_alive():
            return
        self._thread.join()
        until = time.monotonic() + LAST_WORDS
        for account in list(self._changes):
            while not self._save(account) and time.monotonic() < until:
                time.sleep(PATIENCE)

    def _run(self) -> None:
        while not self._ended.wait(BEAT):
            for account in self._due(time.monotonic()):
                began = time.monotonic()
                self._save(account)
                if self._ended.wait((time.monotonic() - began) * REST):
                    return

    def _due(self, now: float) -> list[str]:
        with self._lock:
            changes = list(self._changes.items())
        return [account for account, change in changes if self._is_due(account, change, now)]

    def _is_due(self, account: str, change: Change, now: float) -> bool:
        if any(kept.busy(account) for kept in self.kept().values()):
            return now - change.since > LATEST_BUSY
        return now - change.last > QUIET or now - change.since > LATEST

    def _save(self, account: str) -> bool:
        """Save an account; if that fails, it is still due."""
        with self._saving:
            return self._save_now(account)

    def _save_now(self, account: str) -> bool:
        with self._lock:
            change = self._changes.pop(account, None)
            if account in self._sealed:
                return True
        try:
            self._write(account)
        except (Disturbed, RuntimeError):  # a dictionary changed its size while it was read
            self._again(account, change)
        except OSError as refused:
            log.error("Account %s could not be saved: %s", account, refused)
            self._again(account, None)
        except Exception:
            # What no pickle can take today must not end the saving of all other accounts.
            log.exception("account %s could not be saved", account)
            self._again(account, None)
        else:
            return True
        return False

    def _again(self, account: str, change: Change | None) -> None:
        """What was not saved is due as it was, or in a while."""
        later = time.monotonic() + AGAIN
        self._digests.pop(account, None)
        with self._lock:
            self._changes[account] = change or Change(later, later)

    def _write(self, account: str) -> None:
        """Save an account as it is; one that somebody has only named is none."""
        drawer, kept = Drawer(self._folder / account), self.kept()
        known = self._digests.setdefault(account, graph.Digests())
        with still([self._sandbox.api.turn(account), *_locks(account, kept)], PATIENCE):
            held = Holdings.of(account, kept)
            dumped = dump(account, held, known)
        if held.empty and not drawer.folder.exists():
            self._known.discard(account)
        else:
            drawer.write(dumped)
            stored.release(known, drawer.file)

    def _open(self, drawer: Drawer) -> bool:
        """Restore an account; False if its state cannot be read."""
        try:
            held: Holdings = graph.load(drawer.read(), drawer.body)
        except Exception as broken:  # pickle raises whatever a damaged file leads it to
            log.exception("the saved state of account %s cannot be read", drawer.account)
            aside = self._aside()
            git = self._sandbox.settings.state / "codecommit" / drawer.account
            move_aside([drawer.folder], aside / "snapshot")
            move_aside([git], aside / "codecommit")
            self.told["refused"] = (
                f"The saved state of account {drawer.account} cannot be read ({type(broken).__name__}) "
                f"and was moved to {aside.name}; {WAY_ON}"
            )
            return False
        held.put(drawer.account, self.kept())
        self._known.add(drawer.account)
        return True

    def _refuse(self, why: str) -> None:
        state, aside = self._sandbox.settings.state, self._aside()
        move_aside([state / name for name in BELONGINGS], aside)
        self.told["refused"] = f"{why} and was moved to {aside.name}; the sandbox starts empty, and {WAY_ON}"
        log.warning("%s", self.told["refused"])

    def _aside(self) -> Path:
        return self._sandbox.settings.state / f"refused-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"

    def kept(self) -> dict[str, Kept]:
        """What our services have saved for them, by service."""
        return {name: one.kept for name, one in self._sandbox.services.items() if hasattr(one, "kept")}


def _locks(account: str, kept: Mapping[str, Kept]) -> list[Lock]:
    return [lock for one in kept.values() for lock in one.locks(account)]


def _accounts(number: int) -> str:
    return "1 account" if number == 1 else f"{number} accounts"
