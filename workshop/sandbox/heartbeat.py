"""Something that is looked at again and again in the background, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Heartbeat:
    """Calls `beat` every so many seconds, on a thread named `name`."""

    def __init__(self, name: str, seconds: float, beat: Callable[[], None]) -> None:
        self._name = name
        self._seconds = seconds
        self._beat = beat
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; one under way is waited for as long as the next would be."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(self._seconds)

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._beat()
            except Exception:
                # What one beat stumbles over, by a bug of ours, must not end the watch for all others.
                log.exception("%s stumbled", self._name)
