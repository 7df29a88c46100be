"""Rows of every table there is, filled with anything that its columns take."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Engine, Table, insert, select
from sqlalchemy.exc import IntegrityError

from workshop.models import Moment
from workshop.operations.rows import tables

LETTERS = "aZ0 _-'\"\\\n\t%{}äßø…→日本🙂\u2028"
EACH = 12


def fill(engine: Engine, seed: int) -> dict[str, int]:
    """Add rows to every table; how many each got (what a rule of the table forbids is left out)."""
    chance = random.Random(seed)
    return {
        table.name: sum(_add(engine, table, chance, number) for number in range(EACH)) for table in tables()
    }


def _add(engine: Engine, table: Table, chance: random.Random, number: int) -> bool:
    values = {
        column.name: _value(engine, column, chance, number)
        for column in table.columns
        if column is not table.autoincrement_column
    }
    try:
        with engine.begin() as connection:
            connection.execute(insert(table), values)
    except IntegrityError:
        return False
    return True


def _value(engine: Engine, column: Column[Any], chance: random.Random, number: int) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        with engine.connect() as connection:
            return chance.choice(list(connection.scalars(select(target))))
    if column.nullable and chance.random() < 0.4:
        return None
    return _of_type(column, chance, number)


def _of_type(column: Column[Any], chance: random.Random, number: int) -> Any:
    if isinstance(column.type, Moment):
        return datetime.now(UTC) - timedelta(microseconds=chance.randrange(10**14))
    if isinstance(column.type, JSON):
        return chance.choice([["x", "日本", str(number)], {"a": [1, None, "ä", {"b": 1.5}], "n": number}])
    kind = column.type.python_type
    if kind is str:
        words = f"{number}" + "".join(chance.choice(LETTERS) for _ in range(chance.randrange(60)))
        return words[: getattr(column.type, "length", None) or 60]
    made: dict[type, Callable[[], Any]] = {
        bool: lambda: chance.random() < 0.5,
        int: lambda: chance.randrange(-(2**31), 2**31),
        float: lambda: chance.choice([0.1, -1e-9, 12345.678, float(chance.random())]),
    }
    return made[kind]()
