"""Processes that start at once migrate one after another, and all of them find what they expect."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import inspect

from tests.conftest import ROOT
from workshop.config import Config
from workshop.models import Base, connect, newest, version

AT_ONCE = 4


def test_processes_that_migrate_at_once_all_succeed(config: Config, empty_database: str) -> None:
    fresh = config.model_copy(update={"database_url": empty_database, "state": config.state / "fresh"})
    command = [sys.executable, "-m", "workshop", "migrate"]
    variables = fresh.environment()
    started = [subprocess.Popen(command, cwd=ROOT, env=variables) for _ in range(AT_ONCE)]
    assert [process.wait(120) for process in started] == [0] * AT_ONCE
    engine = connect(empty_database)
    assert version(engine) == newest()
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()
