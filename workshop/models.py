"""The tables, and how a database gets them: SQLite in a file, or PostgreSQL by its URL.

What happened is only ever added to (`happenings`, `lines`, `deeds`); what it means is computed from
it. Rows that change are jobs, workers' signs of life, and when AWS was last asked (`sights`, `budgets`).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from workshop.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 4242_0023
PAUSE = 0.05


class Moment(TypeDecorator[datetime]):
    """A time in UTC, aware on the way out, also where the database keeps no zones (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What all tables share: how Python's types are kept."""

    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON}  # noqa: RUF012


class EnrolmentRow(Base):
    """Somebody who joined, their account, and the sealed keys that open it."""

    __tablename__ = "enrolments"

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    ticket: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[str] = mapped_column(String(12))
    keys: Mapped[str] = mapped_column(Text, default="")
    joined: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = ({"sqlite_autoincrement": True},)


class HappeningRow(Base):
    """One thing that happened, never changed: who, when, what, on which step, and its details."""

    __tablename__ = "happenings"

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str] = mapped_column(String(80), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (Index("happenings_of_a_step", "enrolment", "slug", "kind", "id"),)


class JobRow(Base):
    """One piece of help (`kind`): asked for, handed to the engine, over. One open job per attendee."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    slug: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16), default="do", server_default="do")
    asked: Mapped[datetime] = mapped_column(default=now)
    queued: Mapped[datetime | None]
    stopping: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")
    words: Mapped[str] = mapped_column(Text, default="")
    hint: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index(
            "one_open_job_each",
            "enrolment",
            unique=True,
            sqlite_where=text("ended IS NULL"),
            postgresql_where=text("ended IS NULL"),
        ),
        Index("jobs_of_a_step", "enrolment", "slug", "asked"),
    )


class LineRow(Base):
    """One line of a job's progress, said while it was at that step."""

    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("jobs.id"), index=True)
    slug: Mapped[str] = mapped_column(String(80), default="", server_default="")
    at: Mapped[datetime] = mapped_column(default=now)
    words: Mapped[str] = mapped_column(Text)


class DeedRow(Base):
    """One thing that a job did in AWS, or found there: a sentence, and the command for the same."""

    __tablename__ = "deeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("jobs.id"), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text)
    command: Mapped[str] = mapped_column(Text, default="")


class SightRow(Base):
    """When a step was last looked at, and how many looks in a row found nothing new."""

    __tablename__ = "sights"

    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    still: Mapped[int] = mapped_column(default=0)


class BudgetRow(Base):
    """How many calls to AWS may be made unasked in an account, and until when it is to be spared."""

    __tablename__ = "budgets"

    account: Mapped[str] = mapped_column(String(12), primary_key=True)
    calls: Mapped[float]
    at: Mapped[datetime]
    until: Mapped[datetime]
    strikes: Mapped[int] = mapped_column(default=0)


class WorkerRow(Base):
    """A worker and its last sign of life."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    seen: Mapped[datetime]


def connect(url: str) -> Engine:
    """An engine for the database; SQLite with a journal that lets readers and a writer be at once."""
    engine = create_engine(
        driver(url),
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # they would stand in the log
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def driver(url: str) -> str:
    """The URL with the driver that we install for PostgreSQL."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def _tune_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def migrate(config: Config) -> None:
    """Bring the database up to date, whoever else tries the same at this moment."""
    config.state.mkdir(parents=True, exist_ok=True)
    engine = connect(config.database)
    with alone(engine, config.state):
        if version(engine) != newest():
            _upgrade(engine)
    engine.dispose()


def version(engine: Engine) -> str | None:
    """What the database was last brought to; asked before Alembic is loaded, which takes a while."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return str(found) if found else None


def newest() -> str:
    """What this program expects a database to be brought to: "0002"."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("*.py")).partition("_")[0]


def _upgrade(engine: Engine) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command
    from alembic.config import Config as Alembic

    settings = Alembic()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each statement would stand for itself
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


@contextlib.contextmanager
def alone(engine: Engine, state: Path) -> Iterator[None]:
    """Hold the one lock for migrations: the database's own, or a file beside SQLite's."""
    if engine.dialect.name == "sqlite":
        with (state / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Asked for again and again: an index is made CONCURRENTLY, and waits for all who wait in the server.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
            time.sleep(PAUSE)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
