"""The gate of every account: calls pass through it, so that an account can be closed and emptied."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from workshop.sandbox.call import AwsError


class Gate:
    """Counts what is being done in each account; lets nothing more into one that is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._closed: set[str] = set()

    @contextmanager
    def passing(self, account: str) -> Iterator[None]:
        """Something is done in an account; AwsError ServiceUnavailable while that is closed."""
        with self._lock:
            if account in self._closed:
                # AWS erases no account under its users' hands; clients try again after a 503.
                raise AwsError("ServiceUnavailable", f"Account {account} is being erased.", 503)
            self._inside[account] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[account] -= 1
                if not self._inside[account]:
                    del self._inside[account]

    def inside(self, account: str) -> int:
        """How much is being done in an account."""
        with self._lock:
            return self._inside[account]

    def close(self, account: str) -> None:
        """Let nothing more in; what is inside goes on."""
        with self._lock:
            self._closed.add(account)

    def open(self, account: str) -> None:
        """Let everything in again."""
        with self._lock:
            self._closed.discard(account)
