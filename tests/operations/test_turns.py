"""Threads that write to SQLite wait for each other, and whatever happens to one, the next has its turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from workshop.models import WorkerRow, connect, now


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'w.db'}")
    WorkerRow.metadata.create_all(engine)
    yield engine
    engine.dispose()


def worker(name: str) -> dict[str, object]:
    return {"id": name, "host": "here", "pid": 1, "seen": now()}


def write(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(insert(WorkerRow).values(worker(name)))


def test_the_second_writes_when_the_first_has_ended_and_readers_do_not_wait(engine: Engine) -> None:
    with engine.connect() as first:
        first.execute(insert(WorkerRow).values(worker("first")))
        second = threading.Thread(target=write, args=(engine, "second"))
        second.start()
        second.join(0.3)
        assert second.is_alive(), "it waits"
        with engine.connect() as reader:
            assert reader.scalars(select(WorkerRow.id)).all() == []
        first.commit()
        second.join(10)
    with engine.connect() as reader:
        assert set(reader.scalars(select(WorkerRow.id))) == {"first", "second"}


def test_the_turn_is_given_back_however_it_ends(engine: Engine) -> None:
    write(engine, "one")
    with pytest.raises(IntegrityError):
        write(engine, "one")
    with pytest.raises(OperationalError), engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))
    with engine.connect() as connection:  # left without a commit
        connection.execute(insert(WorkerRow).values(worker("given up")))
    last = threading.Thread(target=write, args=(engine, "last"))
    last.start()
    last.join(5)
    assert not last.is_alive()
    with engine.connect() as reader:
        assert set(reader.scalars(select(WorkerRow.id))) == {"one", "last"}
