"""A migrated database of each kind that we promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from workshop.config import Config
from workshop.models import connect, migrate


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    migrate(Config(state=tmp_path, database_url=database))
    engine = connect(database)
    yield engine
    engine.dispose()
