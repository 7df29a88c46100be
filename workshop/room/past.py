"""Reads all that has happened at once, as stories take it: to one person, or in a whole event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Select, select

from workshop.models import EnrolmentRow, HappeningRow
from workshop.room.record import COLUMNS
from workshop.room.story import Happening, Route, Story, fold

PORTION = 5000


def story(connection: Connection, route: Route, enrolment: int) -> Story:
    """What one person's story is by now."""
    told: dict[int, Story] = {}
    fold(told, _rows(connection, select(*COLUMNS).where(HappeningRow.enrolment == enrolment)), route)
    return told.get(enrolment) or Story(route)


def stories(engine: Engine, route: Route, event: int) -> dict[int, Story]:
    """Everybody's stories in an event, by enrolment."""
    told: dict[int, Story] = {}
    with engine.connect() as connection:
        fold(told, happened(connection, event), route)
    return told


def happened(connection: Connection, event: int) -> Iterator[Happening]:
    """All that happened in an event, in order."""
    mine = select(EnrolmentRow.id).where(EnrolmentRow.event == event)
    return _rows(connection, select(*COLUMNS).where(HappeningRow.enrolment.in_(mine)))


def _rows(connection: Connection, wanted: Select[*tuple[Any, ...]]) -> Iterator[Happening]:
    # Said of this question alone: said of the connection, it would hold for what is written on it later.
    in_portions = wanted.order_by(HappeningRow.id).execution_options(yield_per=PORTION)
    return (Happening._make(row) for row in connection.execute(in_portions))
