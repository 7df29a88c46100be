"""The worker: hands jobs to the engine, gives signs of life, and takes over from workers that died.

A worker lives by its lease, a row that it renews every second. Who finds a lease run out twice in a
row (or its process gone, on the same machine) hands that worker's jobs to the living. A worker that
cannot renew its own ends at once, so that no job is done by two.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from datetime import timedelta

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import delete, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from workshop.config import Config
from workshop.course import load
from workshop.helping import Helper
from workshop.jobs import ALIVE, Jobs, Outcome
from workshop.labs import Labs
from workshop.models import WorkerRow, connect, now
from workshop.progress import Progress
from workshop.vault import Vault

log = logging.getLogger(__name__)

QUEUE = "help"
VERSION = "1"  # of the workflow below: jobs of another version are left to workers of that version
AT_ONCE = 8
PAUSE = 0.2
RENEW = 1.0
GIVE_UP = 4.0  # below ALIVE, so that this worker has ended before another takes over
LOST = {"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS"}


class Worker:
    """One process that does jobs."""

    def __init__(self, config: Config) -> None:
        engine = connect(config.database)
        progress = Progress(engine, config.first_account)
        self._config = config
        self._jobs = Jobs(engine)
        labs = Labs(config, progress, Vault(config.secret_key))
        self._helper = Helper(load(config.course), progress, labs, self._jobs)
        self._lease = Lease(connect(config.database))
        self._ended = threading.Event()
        self._launched = threading.Event()

    def serve(self) -> None:
        """Work until a KeyboardInterrupt; what is under way is taken up again at the next start."""
        self._lease.take()
        living = threading.Thread(target=self._live, daemon=True, name="lease")
        try:
            living.start()
            self._start_engine()
            while True:
                self._hand_over()
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            log.info("asked to end")
        finally:
            self._ended.set()
            living.join(RENEW)
            self._lease.give_up()
        # A job may wait for a build for minutes: it is left, and the next worker takes it up again.
        os._exit(0)

    def _start_engine(self) -> None:
        settings: DBOSConfig = {
            "name": "workshop",
            "system_database_url": engine_database(self._config),
            "executor_id": self._lease.id,
            "application_version": VERSION,
            "log_level": "WARNING",
        }
        DBOS(config=settings)
        helper = self._helper

        @DBOS.step(name="help")
        def work(job: str) -> None:
            helper.help(job)

        @DBOS.workflow(name="help")
        def workflow(job: str) -> None:
            work(job)

        self._workflow = workflow
        DBOS.launch()
        self._queue = DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=PAUSE)
        self._launched.set()

    def _hand_over(self) -> None:
        """Give new jobs to the engine; a second worker that does the same changes nothing."""
        for job in self._jobs.unqueued():
            with SetWorkflowID(job):
                self._queue.enqueue(self._workflow, job)
            self._jobs.mark_queued(job)

    def _live(self) -> None:
        """Renew the lease, and look after the jobs of workers that are gone."""
        renewed = time.monotonic()
        while not self._ended.wait(RENEW):
            try:
                if not self._lease.renew():
                    raise LeaseLost(self._lease.id)
                renewed = time.monotonic()
                self._recover()
            except (SQLAlchemyError, LeaseLost) as error:
                log.warning("no sign of life could be given: %s", error)
                if isinstance(error, LeaseLost) or time.monotonic() - renewed > GIVE_UP:
                    os._exit(1)

    def _recover(self) -> None:
        if not self._launched.is_set():
            return
        for gone in self._lease.dead():
            log.warning("worker %s is gone, its jobs are taken over", gone)
            DBOS._recover_pending_workflows([gone])
            self._lease.bury(gone)
        for job in self._jobs.queued():
            status = DBOS.get_workflow_status(job)
            if status and status.status in LOST:
                self._jobs.end(job, Outcome.BUG, job[:8])


class LeaseLost(Exception):
    """Others take this worker for dead."""


class Lease:
    """A worker's right to work, and a look at those of others."""

    def __init__(self, engine: object) -> None:
        self._engine = engine
        self._host = socket.gethostname()
        self.id = f"{self._host}-{os.getpid()}-{secrets.token_hex(4)}"
        self._suspects: set[str] = set()

    def take(self) -> None:
        """Begin."""
        with self._session() as session:
            session.add(WorkerRow(id=self.id, host=self._host, pid=os.getpid(), seen=now()))
            session.commit()

    def renew(self) -> bool:
        """Give a sign of life; False if others have buried this worker."""
        return self._seen(timedelta())

    def give_up(self) -> bool:
        """Let others take over at once."""
        return self._seen(2 * ALIVE)

    def _seen(self, ago: timedelta) -> bool:
        change = update(WorkerRow).where(WorkerRow.id == self.id).values(seen=now() - ago)
        with self._session() as session:
            changed = session.execute(change)
            session.commit()
            return bool(changed.rowcount)  # type: ignore[attr-defined]

    def dead(self) -> list[str]:
        """Workers found without a sign of life twice in a row, or whose process is gone."""
        with self._session() as session:
            others = list(session.scalars(select(WorkerRow).where(WorkerRow.id != self.id)))
        silent = {other.id for other in others if now() - other.seen > ALIVE}
        gone = {other.id for other in others if other.host == self._host and not _runs(other.pid)}
        dead = gone | (silent & self._suspects)
        self._suspects = silent
        return sorted(dead)

    def bury(self, worker: str) -> None:
        """Forget a worker whose jobs have been taken over."""
        with self._session() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker))
            session.commit()

    def _session(self) -> Session:
        return Session(self._engine)  # type: ignore[arg-type]


def engine_database(config: Config) -> str:
    """Where the engine keeps its own state: beside SQLite's file, or in the same PostgreSQL."""
    url = make_url(config.database)
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    file = f"{(url.database or 'workshop.db').removesuffix('.db')}.jobs.db"
    connect(f"sqlite:///{file}").connect().close()  # leaves it in WAL mode: half the time for each job
    return f"sqlite:///{file}"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
