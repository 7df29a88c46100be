"""How often pages ask by themselves: as often as they like, and less often while this process is busy.

Pages ask for news, for their task and for the pipeline every few seconds. A full room on a small machine
would ask more than can be answered, and every click would wait behind all that. So each answer to an
attendee tells the page by how much to stretch its pauses ("X-Pace: 2.5"); what somebody does is never
put off. How busy a process is shows in how many requests it answers at the same time, on average: the
time that all of them took over the time that has passed (Little's law). That counts waiting for AWS and
for the database as well as computing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask, Response, g

WINDOW = 1.0  # seconds between two looks at how busy it is
AIM = 2.0  # requests at once: of sixteen threads, most are left to those who click
SLOWEST = 1.5  # at most so much more in a window
QUICKER = 0.98  # a second: slowly, for pages hear of it only when they ask next
IDLE = 0.4  # of the aim: with more than that to do, pages ask often enough
MOST = 10.0


class Pace:
    """By how much pages stretch their pauses now; safe in threads."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._busy = 0.0
        self.stretch = 1.0

    def note(self, seconds: float) -> None:
        """A request has been answered, in so much time."""
        with self._lock:
            self._busy += seconds
            elapsed = self._clock() - self._since
            if elapsed >= WINDOW:
                over = self._busy / elapsed / AIM
                self.stretch = min(MOST, max(1.0, self.stretch * _step(over, elapsed)))
                self._since, self._busy = self._clock(), 0.0

    def listen(self, app: Flask) -> None:
        """Count every request of this app, and tell attendees' pages, as they come and with each answer."""
        app.after_request(self._tell)
        app.jinja_env.globals["pace"] = self

    def _tell(self, answer: Response) -> Response:
        if "began" in g:
            self.note(self._clock() - g.began)
        if "enrolled" in g:
            answer.headers["X-Pace"] = f"{self.stretch:.1f}"
        return answer


def _step(over: float, elapsed: float) -> float:
    """By how much the stretch changes, at so many times what is aimed at, for so many seconds."""
    if over > 1:
        return float(min(SLOWEST, over**0.25))
    return float(QUICKER**elapsed) if over < IDLE else 1.0
