"""Two people who press the same button, at the same moment or one after the other, and what that leaves.

At the same moment means the worst one: both have looked at what is there, and neither has changed it.
So each waits, before every change that it begins, until the other is about to change something as well.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Column, Connection, Engine, Float, Row, event, select, update
from sqlalchemy.orm import Session

from tests.web.conftest import LEADERS
from workshop.access import Access
from workshop.config import Config
from workshop.console.guard import remembered
from workshop.guide import Guide
from workshop.models import Base, EventRow, now
from workshop.progress import Enrolled, Place
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.staff import Facilitator, Staff
from workshop.turns import READS

MET = "met"
COMES_WITHIN = 0.2  # seconds; who is not there by then has nothing to change, or waits for us
HOUR = timedelta(hours=1)
NUMBERS = itertools.count(1)
# What is another one in each world, or says whose a row is: only whether there is something is told.
OWN = {"id", "at", "ticket", "account", "keys", "code", "login", "password", "subject", "secret", "batch"}
OWN |= {"handle", "event", "enrolment", "facilitator", "taker", "hook", "happening", "job", "upto"}
# How soon a look is due again, and how often an event was changed: a measure, and nothing hangs on one more.
UNTOLD = {"still", "version"}
Told = Counter[tuple[Any, ...]]


class Abreast:
    """Lets two threads begin each of their changes at the same moment."""

    def __init__(self, engine: Engine) -> None:
        self._barrier: threading.Barrier | None = None
        # Before anybody else listens: who waits here must not have SQLite's turn.
        event.listen(engine, "before_cursor_execute", self._before, insert=True)
        for end in ("commit", "rollback"):
            event.listen(engine, end, lambda connection: connection.info.pop(MET, None))
        event.listen(engine, "reset", lambda _dbapi, record, _state: record.info.pop(MET, None))

    def run(self, act: Callable[[int], None]) -> None:
        """Do it with 0 and with 1, in two threads."""
        self._barrier = barrier = threading.Barrier(2)

        def run(number: int) -> None:
            try:
                act(number)
            finally:
                barrier.abort()  # the other one is alone from here on

        threads = [threading.Thread(target=run, args=[number], name=MET) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._barrier = None

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if self._barrier is None or threading.current_thread().name != MET:
            return
        if MET in connection.info or statement.lstrip().startswith(READS):
            return
        connection.info[MET] = True
        with suppress(threading.BrokenBarrierError):
            self._barrier.wait(COMES_WITHIN)


@dataclass
class World:
    """An event that runs, with somebody in it and two owners; nothing that another world has."""

    app: Flask
    config: Config
    number: int
    event: Event
    paul: Enrolled
    owners: list[Facilitator]
    spare: Facilitator

    @property
    def engine(self) -> Engine:
        found: Engine = self.app.extensions["engine"]
        return found

    @property
    def guide(self) -> Guide:
        found: Guide = self.app.extensions["guide"]
        return found

    @property
    def staff(self) -> Staff:
        found: Staff = self.app.extensions["staff"]
        return found

    @property
    def access(self) -> Access:
        found: Access = self.app.extensions["access"]
        return found

    def change(self, **values: Any) -> None:
        """The event, whatever its facilitators may do."""
        self.do(update(EventRow).where(EventRow.id == self.event.id).values(**values))

    def do(self, *orders: Any) -> None:
        with Session(self.engine) as session:
            for order in orders:
                session.execute(order)
            session.commit()

    def values(self) -> dict[str, Any]:
        """What stands in addresses and forms."""
        return {
            "event": self.event.id,
            "code": self.event.code,
            "enrolment": self.paul.id,
            "person": self.spare.id,
            "slug": "make-a-branch",
            "version": self.event.version,
            "number": self.number,
        }


Ready = Callable[[World], Mapping[str, Any] | None]
# A text (with what the world says in braces), two of them where each person sends another, or a list.
Field = str | tuple[str, str] | list[str]
Form = Mapping[str, Field]


@dataclass(frozen=True)
class Act:
    """What two people do: the form that they send, and what has to be there before."""

    form: Form = field(default_factory=dict)
    ready: Ready = lambda _: None
    who: str = ""  # "strangers", "tabs" of the attendee, "owners", "owner" twice; "": by the address
    not_told: frozenset[str] = frozenset()  # tables in which a difference is as it should be

    def sent(self, which: int, values: Mapping[str, Any]) -> dict[str, Any]:
        said = {key: one[which] if isinstance(one, tuple) else one for key, one in self.form.items()}
        return {
            key: [part.format_map(values) for part in one]
            if isinstance(one, list)
            else one.format_map(values)
            for key, one in said.items()
        }


@dataclass
class Left:
    """What two presses have left behind."""

    status: list[int]
    rows: Told

    def __sub__(self, other: Left) -> str:
        """Where they are not the same."""
        more, fewer = self.rows - other.rows, other.rows - self.rows
        return f"more: {dict(more)}, fewer: {dict(fewer)}"


class Twice:
    """One app, in which everything is pressed twice."""

    def __init__(self, app: Flask, config: Config) -> None:
        self.app = app
        self._config = config
        self._engine: Engine = app.extensions["engine"]
        self._abreast = Abreast(self._engine)

    def at_once(self, endpoint: str, act: Act) -> Left:
        """Press at the same moment."""
        return self._left(endpoint, act, self._abreast.run)

    def in_turn(self, endpoint: str, act: Act, order: tuple[int, int] = (0, 1)) -> Left:
        """Press one after the other."""

        def run(press: Callable[[int], None]) -> None:
            for which in order:
                press(which)

        return self._left(endpoint, act, run)

    def _left(self, endpoint: str, act: Act, run: Callable[[Callable[[int], None]], None]) -> Left:
        with self._world() as world:
            values = world.values() | dict(act.ready(world) or {})
            browsers = [self._browser(world, who) for who in _who(endpoint, act, world)]
            adapter = self.app.url_map.bind("localhost")
            wanted = {key: value for key, value in values.items() if key in self._arguments(endpoint)}
            address, before = adapter.build(endpoint, wanted, method="POST"), self._rows(act)
            status = [0, 0]

            def press(which: int) -> None:
                answer = browsers[which].post(address, data=act.sent(which, values))
                status[which] = answer.status_code
                answer.close()

            run(press)
            return Left(status, _news(before, self._rows(act)))

    def _arguments(self, endpoint: str) -> set[str]:
        return set().union(*(rule.arguments for rule in self.app.url_map.iter_rules(endpoint)))

    @contextmanager
    def _world(self) -> Iterator[World]:
        guide: Guide = self.app.extensions["guide"]
        staff: Staff = self.app.extensions["staff"]
        number = next(NUMBERS)
        draft = Draft("Here", now() - HOUR, now() + 5 * HOUR, region="eu-west-1", prefix="abc", capacity=90)
        made = guide.events.make(draft)
        place = Place(made.id, 90, tuple(self._config.ways.values()))
        paul = guide.progress.enrol("paulf", "Paul Fischer", place)
        owners = [staff.add(f"{name}{number}", "Maria", LEADERS, owner=True) for name in ("maria", "olga")]
        spare = staff.add(f"spare{number}", "Spare", LEADERS)
        yield World(self.app, self._config, number, made, paul, owners, spare)

    def _browser(self, world: World, who: Facilitator | Enrolled | None) -> FlaskClient:
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            if isinstance(who, Facilitator):
                cookie.update(remembered(who))
            elif who:
                cookie["ticket"] = who.ticket
        return client

    def _rows(self, act: Act) -> dict[tuple[Any, ...], Row[Any]]:
        """Everything in the database, by table and primary key."""
        with self._engine.connect() as connection:
            return {
                (name, *(row._mapping[column] for column in table.primary_key)): row
                for name, table in Base.metadata.tables.items()
                if name not in act.not_told
                for row in connection.execute(select(table))
            }


def _news(before: dict[tuple[Any, ...], Row[Any]], after: dict[tuple[Any, ...], Row[Any]]) -> Told:
    """The rows that are there now and were not so before, and with "gone" those that are not any more."""
    told = Counter(_told(key[0], row) for key, row in after.items() if before.get(key) != row)
    told.update(("gone", *_told(key[0], row)) for key, row in before.items() if key not in after)
    return told


def _told(table: str, row: Row[Any]) -> tuple[Any, ...]:
    """A row without what is another one in each world."""
    columns = zip(Base.metadata.tables[table].c, row, strict=True)
    return (
        table,
        *((column.name, _plain(column, value)) for column, value in columns if column.name not in UNTOLD),
    )


def _who(endpoint: str, act: Act, world: World) -> list[Facilitator | Enrolled | None]:
    if act.who == "strangers":
        return [None, None]
    if act.who == "tabs":
        return [world.paul, world.paul]
    if act.who == "owner":
        return [world.owners[0], world.owners[0]]
    return [*world.owners]


def _plain(column: Column[Any], value: Any) -> Any:
    if column.name in OWN or isinstance(value, datetime) or isinstance(column.type, Float):
        return value not in (None, "", 0)
    if isinstance(value, dict):
        return tuple(sorted(value))
    return len(value) if isinstance(value, list) else value
