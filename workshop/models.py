"""The tables, and how a database gets them: SQLite in a file, or PostgreSQL by its URL.

What happened is only ever added to (`happenings`, `lines`, `deeds`, `audits`); what it means is computed
from it. Rows that change are events and what is set in them, jobs, hands, notes, signs of life (`workers`,
`presences`, `backends`), accounts to be emptied (`kept_out`), and when AWS was last asked (`sights`,
`budgets`).
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
    ColumnElement,
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
    update,
)
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, Session, mapped_column

from workshop.config import Config
from workshop.turns import Turns

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 4242_0023
PAUSE = 0.05
THREADS = 16  # of one web process


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

    type_annotation_map = {  # noqa: RUF012
        datetime: Moment,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        list[str]: JSON,
    }


class EventRow(Base):
    """One event: when, where and for whom, and what its facilitators have set since.

    `version` grows with each change, so that nobody overwrites what they have not seen.
    """

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    made: Mapped[datetime] = mapped_column(default=now)
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    region: Mapped[str] = mapped_column(String(32))
    prefix: Mapped[str] = mapped_column(String(16))
    chapters: Mapped[list[str]] = mapped_column(default=list)
    gated: Mapped[bool] = mapped_column(default=False)
    capacity: Mapped[int]
    welcome: Mapped[str] = mapped_column(Text, default="")
    backends: Mapped[list[str]] = mapped_column(default=list)
    invited_only: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[datetime | None]
    archived: Mapped[datetime | None]
    deleted: Mapped[datetime | None]
    timer_seconds: Mapped[int] = mapped_column(default=0)
    timer_used: Mapped[float] = mapped_column(default=0.0)
    timer_since: Mapped[datetime | None]
    pauses: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    version: Mapped[int] = mapped_column(default=1)
    purging: Mapped[datetime | None]  # a worker takes it away for good, and is to be heard of by then


class GateRow(Base):
    """Whether a chapter of an event is open, once a facilitator has said so."""

    __tablename__ = "gates"

    event: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    chapter: Mapped[str] = mapped_column(String(120), primary_key=True)
    open: Mapped[bool]


class InviteRow(Base):
    """A handle that may join an event, and the name that goes with it."""

    __tablename__ = "invites"

    event: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    handle: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), default="")


class EnrolmentRow(Base):
    """Somebody who joined (alone, or an event), their account, and the sealed keys that open it."""

    __tablename__ = "enrolments"

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    handle: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    ticket: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[str] = mapped_column(String(12))
    backend: Mapped[str] = mapped_column(String(40), default="", server_default="")
    keys: Mapped[str] = mapped_column(Text, default="")
    joined: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = (
        Index("one_handle_each", "event", "handle", unique=True),
        Index("one_account_each", "backend", "account", unique=True),
        Index(
            "one_handle_alone",
            "handle",
            unique=True,
            sqlite_where=text("event IS NULL"),
            postgresql_where=text("event IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class HappeningRow(Base):
    """One thing that happened, never changed: who, when, what, on which step, and its details.

    Of a look also who asked for it (`by`), the first claim that did not hold and what was found of
    it, so that a board can be drawn without opening the details.
    """

    __tablename__ = "happenings"

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str] = mapped_column(String(80), default="")
    by: Mapped[str] = mapped_column(String(16), default="", server_default="")
    claim: Mapped[str] = mapped_column(Text, default="", server_default="")
    found: Mapped[str] = mapped_column(String(16), default="", server_default="")
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
    facilitator: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    batch: Mapped[str] = mapped_column(String(36), default="", server_default="", index=True)

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


class PresenceRow(Base):
    """When an attendee's page last gave a sign of life, and at which step it stood."""

    __tablename__ = "presences"

    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), primary_key=True)
    seen: Mapped[datetime]
    slug: Mapped[str] = mapped_column(String(80), default="")


class FacilitatorRow(Base):
    """Somebody who may run events; `password` is an argon2 hash, `subject` an OIDC identity."""

    __tablename__ = "facilitators"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    owner: Mapped[bool] = mapped_column(default=False)
    made: Mapped[datetime] = mapped_column(default=now)
    ended: Mapped[datetime | None]


class AttemptRow(Base):
    """How often a login (sealed: some type their password there) was tried, and until when it rests."""

    __tablename__ = "attempts"

    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    at: Mapped[datetime]
    until: Mapped[datetime]


class StaffRow(Base):
    """What a facilitator is in an event: "facilitator" or "observer"."""

    __tablename__ = "staff"

    event: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    facilitator: Mapped[int] = mapped_column(ForeignKey("facilitators.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))


class AuditRow(Base):
    """One thing that a facilitator did, never changed; it stays when the event is gone."""

    __tablename__ = "audits"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    facilitator: Mapped[int | None] = mapped_column(ForeignKey("facilitators.id"))
    event: Mapped[int | None] = mapped_column(index=True)
    enrolment: Mapped[int | None]
    what: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class HandRow(Base):
    """A hand that was raised, who has gone to that desk, and how it ended. One open hand each."""

    __tablename__ = "hands"

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    enrolment: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    slug: Mapped[str] = mapped_column(String(80), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    raised: Mapped[datetime] = mapped_column(default=now)
    taken: Mapped[datetime | None]
    taker: Mapped[int | None] = mapped_column(ForeignKey("facilitators.id"))
    ended: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")

    __table_args__ = (
        Index(
            "one_open_hand_each",
            "enrolment",
            unique=True,
            sqlite_where=text("ended IS NULL"),
            postgresql_where=text("ended IS NULL"),
        ),
    )


class NoteRow(Base):
    """A word from a facilitator: a banner for all, a note to one, or an offer of help to one."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    enrolment: Mapped[int | None] = mapped_column(ForeignKey("enrolments.id"), index=True)
    facilitator: Mapped[int | None] = mapped_column(ForeignKey("facilitators.id"))
    kind: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text, default="")
    slug: Mapped[str] = mapped_column(String(80), default="")
    help: Mapped[str] = mapped_column(String(16), default="")
    at: Mapped[datetime] = mapped_column(default=now)
    ended: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")


class HookRow(Base):
    """Where an event's news are sent: an address, the sealed secret that signs, and which kinds.

    `upto` is the number of the happening up to which the record has been read for it.
    """

    __tablename__ = "hooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(default=list)
    made: Mapped[datetime] = mapped_column(default=now)
    upto: Mapped[int] = mapped_column(default=0, server_default="0")
    ended: Mapped[datetime | None]


class DeliveryRow(Base):
    """One piece of news on its way to one address.

    `happening` is the number of what it tells of: a happening, or an enrolment that finished.
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    hook: Mapped[int] = mapped_column(ForeignKey("hooks.id"))
    happening: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    due: Mapped[datetime] = mapped_column(default=now)
    tries: Mapped[int] = mapped_column(default=0)
    status: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(Text, default="")
    ended: Mapped[datetime | None]

    __table_args__ = (
        Index("one_delivery_each", "hook", "kind", "happening", unique=True),
        Index(
            "deliveries_waiting",
            "hook",
            "due",
            sqlite_where=text("ended IS NULL"),
            postgresql_where=text("ended IS NULL"),
        ),
    )


class BackendRow(Base):
    """When an AWS last answered, and since when it does not."""

    __tablename__ = "backends"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen: Mapped[datetime | None]
    down: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Text, default="")


class KeptOutRow(Base):
    """An account of a pool that nobody is handed until it has been emptied; when that is tried `again`."""

    __tablename__ = "kept_out"

    backend: Mapped[str] = mapped_column(String(40), primary_key=True)
    account: Mapped[str] = mapped_column(String(12), primary_key=True)
    since: Mapped[datetime] = mapped_column(default=now)
    again: Mapped[datetime]


class WorkerRow(Base):
    """A worker and its last sign of life."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    seen: Mapped[datetime]


def hold(session: Session, column: InstrumentedAttribute[Any], which: ColumnElement[bool]) -> None:
    """Hold a row until the end of the transaction: of two who do, the second sees the first.

    A column is set to what it is, because SQLite knows no FOR UPDATE.
    """
    session.execute(update(column.class_).where(which).values({column: column}))


def hold_event(session: Session, number: int) -> None:
    """Hold an event."""
    hold(session, EventRow.version, EventRow.id == number)


def hold_person(session: Session, enrolment: int) -> None:
    """Hold somebody who joined."""
    hold(session, EnrolmentRow.name, EnrolmentRow.id == enrolment)


def connect(url: str) -> Engine:
    """An engine for the database; SQLite with a journal that lets readers and a writer be at once."""
    engine = create_engine(
        driver(url),
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # they would stand in the log
        # A thread may hold one and ask for another: with fewer than two each, all could wait for all.
        pool_size=THREADS,
        max_overflow=THREADS,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
        Turns().listen(engine)
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
            # A table that others point to can only be made anew while nobody minds.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each statement would stand for itself
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        if engine.dialect.name == "sqlite":
            wrong = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if wrong:
                raise RuntimeError(f"after the migration these rows point nowhere: {wrong[:5]}")


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
