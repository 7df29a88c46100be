"""A worker's right to work: a lock that ends when the worker ends, however that comes about.

On SQLite it is the lock of a file beside the database: the system drops it with the process, and
nothing else does, so a machine that slept loses nothing. On PostgreSQL it is an advisory lock, which
lives as long as one connection: a worker that finds its connection gone must end at once, and the
server is asked to give up on a silent machine within seconds rather than hours. (So workers connect
to PostgreSQL itself, not through a pooler that shares connections out by transaction.)
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from workshop.models import driver

# A machine that is gone is noticed by the server after about 2 + 3 × 1 seconds.
NOTICE_THE_DEAD = (
    "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=5000"
)


class Locks(Protocol):
    """One lock a worker, by its name."""

    def take(self, name: str) -> None:
        """Hold the lock of this worker from now on."""

    def held(self) -> bool:
        """Whether this worker's lock is still its own; may wait for the database to answer."""

    def let_go(self) -> None:
        """Hold it no longer; who ends need not ask for that."""

    def free(self, name: str) -> bool:
        """Whether nobody holds the lock of that worker: it is gone."""

    def forget(self, name: str) -> None:
        """Leave nothing behind of a worker that is gone."""


def locks(database: str) -> Locks:
    """The locks that go with this database."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return FileLocks(Path(f"{(url.database or 'workshop.db').removesuffix('.db')}.workers"))
    settings = {"options": NOTICE_THE_DEAD, "connect_timeout": 3}
    return AdvisoryLocks(create_engine(driver(database), connect_args=settings, pool_pre_ping=True))


class FileLocks:
    """Locks of files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def take(self, name: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / name).open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def held(self) -> bool:
        """False only where somebody has removed the file, as when the state folder is deleted."""
        return self._file is not None and os.fstat(self._file.fileno()).st_nlink > 0

    def let_go(self) -> None:
        if self._file:
            self._file.close()

    def free(self, name: str) -> bool:
        try:
            with (self._folder / name).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: others may be asking as well
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def forget(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


class AdvisoryLocks:
    """Advisory locks of PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def take(self, name: str) -> None:
        self._connection = self._engine.connect()
        self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(name)})

    def held(self) -> bool:
        """False where the connection is gone, and the lock with it."""
        mine = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
        )
        try:
            return self._connection is not None and bool(self._connection.scalar(text(mine)))
        except SQLAlchemyError:
            return False

    def let_go(self) -> None:
        if self._connection:
            self._connection.close()
        self._engine.dispose()

    def free(self, name: str) -> bool:
        with self._engine.connect() as connection:
            # Shared, and for this one statement: others may be asking as well.
            return bool(
                connection.scalar(text("SELECT pg_try_advisory_xact_lock_shared(:key)"), {"key": _key(name)})
            )

    def forget(self, name: str) -> None:
        """A lock that nobody holds is nowhere."""


def _key(name: str) -> int:
    """A name as the number that PostgreSQL takes: 64 bits, signed."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
