"""How much memory an account's builds and functions may have together, so that none takes it all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

BUILD: Final = 3_072  # MB; BUILD_GENERAL1_SMALL has 3 GB, and every build here has as much
LARGEST_FUNCTION: Final = 10_240  # MB; the most that Lambda gives a function


class Memory:
    """What is promised to each account, in MB: sizes that builds and functions may grow to.

    It is the promise that counts, not what is in use: the watchdog sees to each box by itself.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._promised: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._lenders: list[Callable[[str, int], None]] = []

    @property
    def limit(self) -> int:
        """What an account may have, in MB."""
        return self._limit

    def listen(self, listener: Callable[[], None]) -> None:
        """Be told when there may be more to take; the listener must not wait for anybody."""
        self._listeners.append(listener)

    def borrow(self, lender: Callable[[str, int], None]) -> None:
        """Ask `lender` (account, MB) to give back what it can spare when `demand` finds too little."""
        self._lenders.append(lender)

    def left(self, account: str) -> int:
        """What an account may still take."""
        with self._lock:
            return self._limit - self._promised[account]

    def take(self, account: str, size: int) -> bool:
        """Promise an account so much more; False if that were too much."""
        with self._lock:
            if self._promised[account] + size > self._limit:
                return False
            self._promised[account] += size
            return True

    def demand(self, account: str, size: int) -> bool:
        """Like `take`, but whoever can spare something of that account's gives it back before."""
        for lender in self._lenders:
            if (missing := size - self.left(account)) > 0:
                lender(account, missing)
        return self.take(account, size)

    def give_back(self, account: str, size: int) -> None:
        """An account needs so much less."""
        with self._lock:
            self._promised[account] -= size
            if not self._promised[account]:
                del self._promised[account]
        self.tell()

    def tell(self) -> None:
        """Something was given back, or would be lent now."""
        for listener in self._listeners:
            listener()
