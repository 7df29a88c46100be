"""One file of everything that an installation has to keep, and an installation out of that file.

In it are the rows of all tables as they were at one moment, the secret that opens the attendees' sealed
keys unless it comes from the environment, and the saved state of the local AWS where it lies in the state
folder. Whoever has the file may act as everybody in it: it is for its owner's eyes.

Restoring looks over the whole file before it touches anything, and is one transaction: it happens
altogether or not at all. What the engine of the jobs knew is forgotten; workers hand open jobs to it anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, make_url, select, text

from workshop.config import Config
from workshop.models import WorkerRow, connect, migrate, newest, now, version
from workshop.operations import belongings, rows
from workshop.operations.archive import BLOCK, Manifest, Reader, Unusable, Writer, reading, writing

SECRET = "web.key"
ALIVE = timedelta(seconds=5)
ENGINE_SCHEMA = "dbos"

Tell = Callable[[str, int, int], None]


class Refused(Exception):
    """Why there is no backup or restore now, in a sentence, and what to do."""


def backup(config: Config, file: Path, tell: Tell) -> Manifest:
    """Write everything into a new file; `tell` is told what is being written: name, done, of how many."""
    if file.exists():
        raise Refused(f"{file} is there already. Choose another name; a backup is never written over.")
    engine = connect(config.database)
    try:
        with writing(file) as out:
            manifest = _rows(config, engine, out, tell)
            if not config.secret:
                out.add(SECRET, [config.secret_key.encode()])
            if belongings.there(config.state):
                _belongings(config, out, tell)
            out.end(manifest)
            return manifest
    except belongings.Unsteady as reason:
        raise Refused(str(reason)) from reason
    finally:
        engine.dispose()


def restore(config: Config, file: Path, replace: bool, tell: Tell) -> Manifest:
    """Make this installation what the file says. Raises Unusable and Refused; then nothing has changed."""
    with reading(file) as archive:
        manifest = archive.manifest
        _fits(archive)
        _may_replace(config, archive, replace)
        _may_open(config, archive)
        migrate(config)
        engine = connect(config.database)
        try:
            with (
                tempfile.TemporaryDirectory(dir=config.state, prefix="restore-") as folder,
                _files(config, archive, Path(folder)) as place,
                _changing(engine) as connection,
            ):
                _refill(connection, archive, replace, tell)
                place()
        finally:
            engine.dispose()
        _forget_jobs(config)
        return manifest


def _rows(config: Config, engine: Engine, out: Writer, tell: Tell) -> Manifest:
    schema = version(engine)
    if schema != newest():
        raise Refused(f"The database is of version {schema}, not {newest()}. Run `workshop migrate` first.")
    counts: dict[str, int] = {}
    with rows.at_one_moment(engine) as connection:
        for table in rows.tables():
            counts[table.name] = total = rows.count(connection, table)
            told = _told(rows.lines(connection, table), table, total, tell)
            out.add(_member(table), (f"{line}\n".encode() for line in told))
        return Manifest(
            made=now().isoformat(timespec="seconds"),
            schema=newest(),
            mark=mark(config.secret_key),
            tables=counts,
            given_out=rows.given_out(connection),
        )


def _told(lines: Iterator[str], table: Table, total: int, tell: Tell) -> Iterator[str]:
    tell(table.name, 0, total)
    for number, line in enumerate(lines, start=1):
        yield line
        if number % rows.AT_ONCE == 0 or number == total:
            tell(table.name, number, total)


def _belongings(config: Config, out: Writer, tell: Tell) -> None:
    with tempfile.TemporaryDirectory(dir=config.state, prefix="backup-") as folder:
        belongings.copy(config.state, Path(folder))
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        for number, path in enumerate(files, start=1):
            out.add(f"sandbox/{path.relative_to(folder).as_posix()}", _blocks(path))
            tell("local AWS", number, len(files))


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            yield block


def mark(secret: str) -> str:
    """Tells one secret from another, and tells nobody the secret."""
    return hmac.new(secret.encode(), b"workshop backup", hashlib.sha256).hexdigest()


def _member(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _fits(archive: Reader) -> None:
    """Raise Unusable unless the rows are those of this program's tables, as many as were counted."""
    manifest = archive.manifest
    if manifest.schema != newest():
        raise Unusable(
            f"The backup's tables are of version {manifest.schema}, and this program's of {newest()}."
            " Restore it with the program that made it, then run `workshop migrate` with this one."
        )
    known = {table.name: table for table in rows.tables()}
    if set(known) != set(manifest.tables):
        raise Unusable("The backup has other tables than this program. Use the program that made it.")
    for name, count in manifest.tables.items():
        try:
            found = sum(1 for line in archive.lines(_member(known[name])) if rows.read(known[name], line))
        except (KeyError, ValueError) as wrong:
            raise Unusable(
                f"The backup's table {name} cannot be read ({wrong}). Use another backup."
            ) from None
        if found != count:
            raise Unusable(f"The backup has {found} rows of {name} where there should be {count}.")


def _may_open(config: Config, archive: Reader) -> None:
    """Raise Refused where the secret here would not open the keys in the backup."""
    inside = SECRET in archive.manifest.members
    if config.secret:
        known, way_out = config.secret, "WORKSHOP_SECRET is another than the backup's"
        way_out += ": leave it out, and that of the backup is used." if inside else "; give the same one."
    elif inside:
        return
    else:
        kept = config.state / SECRET
        known = kept.read_text() if kept.exists() else ""
        way_out = "The backup was made with WORKSHOP_SECRET, and does not hold it: give the same one."
    if not hmac.compare_digest(mark(known), archive.manifest.mark):
        raise Refused(f"Attendees' keys could not be opened any more. {way_out}")


def _may_replace(config: Config, archive: Reader, replace: bool) -> None:
    """Raise Refused where somebody is at work, or something is there that nobody wants to lose."""
    if not archive.names("sandbox"):
        return
    if belongings.running(config.state):
        raise Refused("The local AWS is running. Stop it first, then restore.")
    if belongings.there(config.state) and not replace:
        raise Refused("A local AWS has its state in the state folder. To replace it: --replace.")


@contextlib.contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """One transaction in which nobody else writes."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _refill(connection: Connection, archive: Reader, replace: bool, tell: Tell) -> None:
    alive = select(func.count()).select_from(WorkerRow).where(WorkerRow.seen > now() - ALIVE)
    if connection.scalar(alive):
        raise Refused("A worker is running. Stop all workers and web processes first, then restore.")
    if not replace and any(rows.count(connection, table) for table in rows.tables()):
        raise Refused("The database is not empty. To replace everything in it: --replace.")
    rows.clear(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"DROP SCHEMA IF EXISTS {ENGINE_SCHEMA} CASCADE"))
    for table in rows.tables():
        total = archive.manifest.tables[table.name]
        tell(table.name, 0, total)
        found = (rows.read(table, line) for line in archive.lines(_member(table)))
        for done in rows.put(connection, table, found):
            tell(table.name, done, total)
    rows.give_on(connection, archive.manifest.given_out)


@contextlib.contextmanager
def _files(config: Config, archive: Reader, folder: Path) -> Iterator[Callable[[], None]]:
    """Puts the secret and the local AWS's state in their places; if anything fails, all is as before."""
    staged = folder / "sandbox"
    for name in archive.names("sandbox"):
        _write(folder / name, archive.blocks(name))
    with contextlib.ExitStack() as undone:

        def place() -> None:
            if staged.exists():
                undone.enter_context(belongings.placed(staged, config.state))
            if SECRET in archive.manifest.members and not config.secret:
                undone.enter_context(_secret(config.state / SECRET, b"".join(archive.blocks(SECRET))))

        yield place


@contextlib.contextmanager
def _secret(file: Path, secret: bytes) -> Iterator[None]:
    before = file.read_bytes() if file.exists() else None
    _write(file, [secret])
    try:
        yield
    except BaseException:
        if before is None:
            file.unlink()
        else:
            _write(file, [before])
        raise


def _write(file: Path, blocks: Iterator[bytes] | list[bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out:
        for block in blocks:
            out.write(block)
    part.replace(file)


def _forget_jobs(config: Config) -> None:
    """What the engine kept beside SQLite's file; in PostgreSQL it went with the rows."""
    url = make_url(config.database)
    if url.get_backend_name() == "sqlite":
        base = f"{(url.database or 'workshop.db').removesuffix('.db')}.jobs.db"
        for end in ("", "-wal", "-shm"):
            Path(base + end).unlink(missing_ok=True)
