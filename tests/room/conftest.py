"""An engine of an up-to-date database of each kind that we promise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from workshop.models import connect


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()
