"""How much of something each account has under way, counted across threads."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """A number for each account, up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()

    def begin(self, account: str) -> bool:
        """One more of an account; False if that were too many."""
        with self._lock:
            if self._numbers[account] >= self._most:
                return False
            self._numbers[account] += 1
            return True

    def end(self, account: str) -> None:
        """One of an account is over."""
        with self._lock:
            self._numbers[account] -= 1
            if self._numbers[account] <= 0:
                del self._numbers[account]

    def of(self, account: str) -> int:
        """How many an account has."""
        with self._lock:
            return self._numbers[account]

    def has_room(self, account: str) -> bool:
        """Whether an account may have one more."""
        return self.of(account) < self._most
