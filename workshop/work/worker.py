"""The worker: hands jobs to the engine, gives signs of life, and takes over from workers that died.

A worker holds a lock for as long as it lives. Who finds the lock of another free twice in a row hands
that one's jobs to the living. A worker that is no longer sure of its own lock ends within a second, so
that no job is done by two. What DBOS does not do by itself is here: it takes up the jobs of a dead
process only when a process of the same name is started, and it starts no two at once on SQLite.
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
from sqlalchemy import Engine, delete, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from workshop import interrupt
from workshop.config import Config
from workshop.course import load
from workshop.jobs import ALIVE, Jobs, Outcome
from workshop.labs import Labs
from workshop.models import WorkerRow, alone, connect, now
from workshop.progress import Progress
from workshop.room.hooks import Hooks
from workshop.room.news import News
from workshop.room.whereto import Whereto
from workshop.vault import NEWS, Vault
from workshop.work.helping import AWAY, Helper
from workshop.work.janitor import Janitor
from workshop.work.lease import Locks, locks
from workshop.work.post import Post
from workshop.work.pulse import Pulse

log = logging.getLogger(__name__)

QUEUE = "help"
# Of the workflow below, not of the program: it stays while a job's number is all that it takes, so
# that a newer program finishes what an older one began.
VERSION = "1"
AT_ONCE = 8
PAUSE = 0.1
BEAT = 0.3
SIGN = timedelta(seconds=1)
UNSURE = 3.0  # seconds without an answer about the lock; the server gives up on us after five
LOST = {"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS"}


class Worker:
    """One process that does jobs."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._engine = connect(config.database)
        progress = Progress(self._engine, config.first_account)
        self._jobs = Jobs(self._engine)
        labs = Labs(config, progress, Vault(config.secret_key))
        course = load(config.course)
        self._helper = Helper(course, progress, labs, self._jobs)
        hooks = Hooks(self._engine, Vault(config.secret_key, NEWS))
        self._post = Post(hooks, News(self._engine, course), Whereto(config.hooks_to_private))
        self._janitor = Janitor(self._engine, progress, labs, self._jobs)
        self._crew = Crew(self._engine, locks(config.database))
        self._pulse = Pulse(self._engine, config)
        self._ended = threading.Event()

    def serve(self) -> None:
        """Work until a KeyboardInterrupt; what is under way is taken up again at the next start."""
        status = 1
        try:
            self._crew.join()
            self._start("watch", self._watch)
            self._start_engine()
            self._start("look after", self._look_after)
            self._start("janitor", lambda: self._janitor.go_round(self._ended))
            self._start("post", lambda: self._post.serve(self._ended))
            self._start("pulse", lambda: self._pulse.serve(self._ended))
            while True:
                self._hand_over()
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            interrupt.heard()
            status = 0
        except Exception:
            log.exception("the worker cannot go on")
        finally:
            self._ended.set()
            self._crew.leave()
        # A job may wait for a build for minutes: it is left, and the next worker takes it up again.
        os._exit(status)

    def _start(self, name: str, work: object) -> None:
        threading.Thread(target=work, daemon=True, name=name).start()  # type: ignore[arg-type]

    def _start_engine(self) -> None:
        settings: DBOSConfig = {
            "name": "workshop",
            "system_database_url": engine_database(self._config),
            "executor_id": self._crew.id,
            "application_version": VERSION,
            "log_level": "WARNING",
        }
        DBOS(config=settings)
        helper = self._helper

        @DBOS.step(
            name="help", retries_allowed=True, max_attempts=6, should_retry=lambda e: isinstance(e, AWAY)
        )
        def work(job: str) -> None:
            helper.help(job)

        @DBOS.workflow(name="help")
        def workflow(job: str) -> None:
            work(job)

        self._workflow = workflow
        with alone(self._engine, self._config.state):  # it makes its own tables, and must not twice at once
            DBOS.launch()
            self._queue = DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=PAUSE)

    def _hand_over(self) -> None:
        """Give new jobs to the engine; a second worker that does the same changes nothing."""
        try:
            for job in self._jobs.unqueued():
                with SetWorkflowID(job):
                    self._queue.enqueue(self._workflow, job)
                self._jobs.mark_queued(job)
        except AWAY as error:
            log.warning("the database does not answer, jobs wait: %s", error)
            time.sleep(1)

    def _watch(self) -> None:
        """End at once when the lock is lost, or when nobody can say whether it is."""
        sure = [time.monotonic()]

        def ask() -> None:
            while self._crew.holds_on():
                sure[0] = time.monotonic()
                time.sleep(BEAT)
            sure[0] = 0.0

        self._start("ask for the lock", ask)
        while not self._ended.wait(BEAT / 2):
            if time.monotonic() - sure[0] > UNSURE:
                log.error("this worker has lost its lock and ends; others take its jobs")
                os._exit(1)

    def _look_after(self) -> None:
        """Give signs of life, and take over from workers that are gone."""
        while not self._ended.wait(BEAT):
            try:
                self._crew.sign()
                self._take_over()
            except AWAY as error:
                log.warning("the database does not answer: %s", error)

    def _take_over(self) -> None:
        for gone in self._crew.gone():
            log.warning("worker %s is gone, its jobs are taken over", gone)
            DBOS._recover_pending_workflows([gone])
            self._crew.bury(gone)
        for job in self._jobs.queued():
            status = DBOS.get_workflow_status(job)
            if status is None:  # restored from a backup, and new to this engine
                self._jobs.mark_unqueued(job)
            elif status.status in LOST and self._jobs.end(job, Outcome.BUG, job[:8]):
                log.error("reference %s: its workflow is %s, but it never ended", job[:8], status.status)


class Crew:
    """The workers that there are: this one among them, and those that are gone."""

    def __init__(self, engine: Engine, locks: Locks) -> None:
        self._engine = engine
        self._locks = locks
        self._host = socket.gethostname()
        self.id = f"{self._host}-{os.getpid()}-{secrets.token_hex(4)}"
        self._suspects: set[str] = set()
        self._signed = now()

    def join(self) -> None:
        """Begin: the lock first, so that nobody finds us without."""
        self._locks.take(self.id)
        with Session(self._engine) as session:
            session.add(WorkerRow(id=self.id, host=self._host, pid=os.getpid(), seen=now()))
            session.commit()

    def holds_on(self) -> bool:
        """Whether the lock is still ours."""
        return self._locks.held()

    def sign(self) -> None:
        """Give a sign of life, which the pages show; once a second is enough."""
        if now() - self._signed >= SIGN:
            self._seen(timedelta())
            self._signed = now()

    def leave(self) -> None:
        """Say that we are gone; the lock goes with the process."""
        try:
            self._seen(2 * ALIVE)
        except SQLAlchemyError as error:
            log.warning("left without a word: %s", error)

    def _seen(self, ago: timedelta) -> None:
        change = update(WorkerRow).where(WorkerRow.id == self.id).values(seen=now() - ago)
        with Session(self._engine) as session:
            session.execute(change)
            session.commit()

    def gone(self) -> list[str]:
        """Workers whose lock was found free twice in a row."""
        with Session(self._engine) as session:
            others = list(session.scalars(select(WorkerRow.id).where(WorkerRow.id != self.id)))
        free = {other for other in others if self._locks.free(other)}
        twice, self._suspects = free & self._suspects, free
        return sorted(twice)

    def bury(self, worker: str) -> None:
        """Forget a worker whose jobs have been taken over."""
        with Session(self._engine) as session:
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker))
            session.commit()
        self._locks.forget(worker)


def engine_database(config: Config) -> str:
    """Where the engine keeps its own state: beside SQLite's file, or in the same PostgreSQL."""
    url = make_url(config.database)
    if url.get_backend_name() != "sqlite":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    file = f"{(url.database or 'workshop.db').removesuffix('.db')}.jobs.db"
    connect(f"sqlite:///{file}").connect().close()  # leaves it in WAL mode: half the time for each job
    return f"sqlite:///{file}"


def serve(config: Config) -> None:
    """Run jobs until a KeyboardInterrupt."""
    Worker(config).serve()
