"""What a service of ours has saved for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


class Lock(Protocol):
    """A lock of `threading`, reentrant or not."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...
    def release(self) -> None: ...


class Disturbed(Exception):
    """Somebody is changing what was to be looked at; try again in a moment."""


@dataclass(frozen=True)
class Kept:
    """A service's `kept`: its states by account and region, and when they hold still.

    `locks` gives the locks under which an account's states do not change; `busy` says whether
    something of that account is half done, so that a moment later would be a better one.
    """

    states: MutableMapping[tuple[str, str], Any]
    locks: Callable[[str], Sequence[Lock]]
    busy: Callable[[str], bool] = lambda _: False


@contextmanager
def still(locks: Sequence[Lock], patience: float) -> Iterator[None]:
    """Hold all locks; Disturbed if one cannot be had within `patience` seconds.

    Nothing is held while waiting for long, so that whatever order others take them in,
    nobody waits for somebody who waits for us.
    """
    with ExitStack() as held:
        for lock in locks:
            if not lock.acquire(timeout=patience):
                raise Disturbed
            held.callback(lock.release)
        yield
