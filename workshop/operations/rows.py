"""All rows of the database as lines of JSON, and back, whichever database it is.

What numbers have been given out is kept as well: an account is derived from the number of who joined,
so that of somebody who is gone must not be given out again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, delete, func, insert, inspect, select, text

from workshop.models import Base, Moment

LEFT_OUT = {"workers"}  # signs of life, not a record
AT_ONCE = 500


def tables() -> list[Table]:
    """Every table whose rows are kept, those that others point to first."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


@contextmanager
def at_one_moment(engine: Engine) -> Iterator[Connection]:
    """A connection that sees everything as it is now, whatever others write meanwhile."""
    isolation = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**isolation) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # else each question would be answered as of its own moment
        yield connection


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.scalar(select(func.count()).select_from(table)) or 0


def lines(connection: Connection, table: Table) -> Iterator[str]:
    """Each row as a line, in the order of their keys."""
    wanted = select(table).order_by(*table.primary_key).execution_options(yield_per=AT_ONCE)
    for row in connection.execute(wanted):
        values = {name: _plain(value) for name, value in row._mapping.items()}
        yield json.dumps(values, ensure_ascii=False, sort_keys=True)


def read(table: Table, line: str) -> dict[str, Any]:
    """The row of a line. ValueError if it is none of this table's."""
    given = json.loads(line)
    if not isinstance(given, dict) or set(given) != set(table.columns.keys()):
        raise ValueError(f"not a row of {table.name}")
    return {name: _value(table.columns[name], value) for name, value in given.items()}


def put(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Add the rows; says after each few how many there are by then."""
    done = 0
    for few in _few(rows):
        connection.execute(insert(table), few)
        yield (done := done + len(few))


def clear(connection: Connection) -> None:
    """Remove every row of every table."""
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(delete(table))


def given_out(connection: Connection) -> dict[str, int]:
    """The last number that each table has given out, where it remembers that."""
    if connection.dialect.name == "sqlite":
        if not inspect(connection).has_table("sqlite_sequence"):
            return {}
        found = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {name: int(number) for name, number in found if name in Base.metadata.tables}
    return {table.name: _last_value(connection, table) for table, _ in _numbered(connection)}


def give_on(connection: Connection, numbers: Mapping[str, int]) -> None:
    """Let every table give out numbers after these, and after those of its rows."""
    for table, sequence in _numbered(connection):
        column = next(iter(table.primary_key))
        highest = connection.scalar(select(func.max(column))) or 0
        last = max(numbers.get(table.name, 0), highest)
        if sequence:
            after = {"sequence": sequence, "last": last or 1, "used": last > 0}
            connection.execute(text("SELECT setval(:sequence, :last, :used)"), after)
            continue
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        connection.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"),
            {"name": table.name, "last": last},
        )


def _numbered(connection: Connection) -> Iterator[tuple[Table, str]]:
    """Tables that remember which numbers they gave out, and PostgreSQL's name for that."""
    for table in tables():
        column = table.autoincrement_column
        if column is None:
            continue
        if connection.dialect.name == "sqlite":
            if table.dialect_options["sqlite"]["autoincrement"]:
                yield table, ""
            continue
        asked = text("SELECT pg_get_serial_sequence(:table, :column)")
        sequence = connection.scalar(asked, {"table": f'"{table.name}"', "column": column.name})
        if sequence:
            yield table, str(sequence)


def _last_value(connection: Connection, table: Table) -> int:
    sequence = dict(_numbered(connection))[table]
    last, used = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
    return int(last) if used else 0


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _value(column: Column[Any], value: Any) -> Any:
    moment = value is not None and isinstance(column.type, Moment)
    return datetime.fromisoformat(value) if moment else value


def _few(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    few: list[dict[str, Any]] = []
    for row in rows:
        few.append(row)
        if len(few) == AT_ONCE:
            yield few
            few = []
    if few:
        yield few
