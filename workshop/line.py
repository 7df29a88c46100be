"""A waiting line: one thing for each person, a few at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future


class Line:
    """Safe in threads; its own end with the process, for what they do can be begun again."""

    def __init__(self, at_once: int, name: str) -> None:
        self._at_once = at_once
        self._name = name
        self._lock = threading.Lock()
        self._known: dict[int, Future[None]] = {}
        self._waiting: OrderedDict[int, Callable[[], object]] = OrderedDict()
        self._threads = 0

    def join(self, who: int, work: Callable[[], object]) -> Future[None]:
        """Stand in line, unless one stands there already; what failed is told once, then begun anew."""
        with self._lock:
            known = self._known.get(who)
            if known is not None:
                if known.done():
                    del self._known[who]
                return known
            future = self._known[who] = Future()
            self._waiting[who] = work
            if self._threads < self._at_once:
                self._threads += 1
                threading.Thread(target=self._serve, name=self._name, daemon=True).start()
            return future

    def before(self, who: int) -> int | None:
        """How many stand before somebody whose turn has not come; None for whoever does not wait."""
        with self._lock:
            return next((place for place, one in enumerate(self._waiting) if one == who), None)

    def _serve(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                who, work = self._waiting.popitem(last=False)
                future = self._known[who]
            try:
                work()
            except Exception as error:
                future.set_exception(error)
            else:
                with self._lock:
                    del self._known[who]
                future.set_result(None)
