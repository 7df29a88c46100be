"""Ready is what can do its work now; everything else is told part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.conftest import free_port
from tests.web.conftest import app_for
from workshop.config import Config
from workshop.models import WorkerRow, connect, now

Serve = Callable[[str], FlaskClient]


def with_worker(database: str) -> None:
    engine = connect(database)
    with Session(engine) as session:
        # It lives through this test, however long a busy machine takes over it.
        session.add(WorkerRow(id="one", host="here", pid=1, seen=now() + timedelta(hours=1)))
        session.commit()
    engine.dispose()


@pytest.fixture
def serve(config: Config) -> Iterator[Serve]:
    """Apps over these databases, whose connections are closed afterwards."""
    apps: list[Flask] = []

    def served(database: str) -> FlaskClient:
        apps.append(app_for(config.model_copy(update={"database_url": database})))
        return apps[-1].test_client()

    yield served
    for app in apps:
        app.extensions["engine"].dispose()


def asked(client: FlaskClient) -> tuple[int, object]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()


def test_with_a_database_and_a_worker_it_is_ready(config: Config, database: str, serve: Serve) -> None:
    with_worker(database)
    every = {"ready": True, "database": True, "migrated": True, "worker": True}
    assert asked(serve(database)) == (200, every)


def test_without_a_worker_it_is_not(app: Flask) -> None:
    parts = {"ready": False, "database": True, "migrated": True, "worker": False}
    assert asked(app.test_client()) == (503, parts)


def test_tables_of_an_older_program_are_not_enough(config: Config, database: str, serve: Serve) -> None:
    with_worker(database)
    engine = connect(database)
    for version, ready in (("0001", False), ("9999", True)):
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        status, parts = asked(serve(database))
        assert status == (200 if ready else 503)
        assert isinstance(parts, dict)
        assert parts["migrated"] is ready
    engine.dispose()


def test_without_a_database_it_says_so_and_nothing_more(serve: Serve) -> None:
    url = f"postgresql://somebody:hunter2@127.0.0.1:{free_port()}/nowhere"
    answer = serve(url).get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"ready": False, "database": False, "migrated": False, "worker": False}
    assert b"hunter2" not in answer.data
