"""Lets the threads of a process write to SQLite one after the other.

SQLite has one writer. The others sleep and look again, ever longer, and who is unlucky does so for
seconds; here they wait for each other instead. Other processes still meet in SQLite.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import Connection, Engine, event

HOLDS = "turn"
READS = ("SELECT", "PRAGMA", "WITH", "EXPLAIN")
COMES_WITHIN = 10.0  # seconds; then SQLite decides


class Turns:
    """One at a time, from a transaction's first change to its end."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def listen(self, engine: Engine) -> None:
        """Take the turn with a transaction's first change, and give it back with its end."""
        event.listen(engine, "before_cursor_execute", self._before)
        for end in ("commit", "rollback"):
            event.listen(engine, end, lambda connection: self._after(connection.info))
        event.listen(engine, "reset", lambda _dbapi, record, _state: self._after(record.info))

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if HOLDS not in connection.info and not statement.lstrip().startswith(READS):
            connection.info[HOLDS] = self._turn.acquire(timeout=COMES_WITHIN)

    def _after(self, info: dict[Any, Any]) -> None:
        if info.pop(HOLDS, False):
            self._turn.release()
