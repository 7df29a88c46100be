"""gunicorn's worker, which on SIGTERM takes in who already waits at the door, and then shuts the door.

gunicorn keeps the door open until its last answer is given: until then the system lets people queue
there whom nobody will ever serve, and who are thrown out in the end. A proxy cannot send on what it has
sent once; a door that is shut at once tells it to ask elsewhere.
"""

from __future__ import annotations

import select

from gunicorn.workers.gthread import ThreadWorker


class Draining(ThreadWorker):
    """Threads, as gunicorn's own."""

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Take connections or not; for good, once this worker is told to end."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            self._shut()

    def _shut(self) -> None:
        """The door is gone when the last of the processes that share it has shut it."""
        for listener in self.sockets:
            listener.setblocking(False)
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
