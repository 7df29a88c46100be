"""A board of a thousand people and 25 steps: the first page, what is sent when thirty rows changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from tests.room.crowd import gather, steps, write
from tests.web.conftest import HTMX
from workshop.app import create_app
from workshop.config import Config
from workshop.console.guard import remembered
from workshop.models import HappeningRow, migrate, now
from workshop.room.boards import REST
from workshop.room.event import Event
from workshop.room.staff import Role, Staff

PEOPLE, STEPS, CHANGED = 1000, 25, 30
ROUNDS = 7


@dataclass(frozen=True)
class Board:
    """Milliseconds and bytes; `cold` is the first page of a process, which reads the whole record."""

    rows: int
    cold: float
    first: float
    first_bytes: int
    delta: float
    delta_bytes: int
    silence: float


def watched(folder: Path) -> Board:
    """A facilitator opens the board of a full room, and looks on."""
    route = steps(STEPS)
    config = Config(state=folder, secret="of this bench", course=write(folder / "course", route))
    migrate(config)
    app = create_app(config)
    engine: Engine = app.extensions["engine"]
    event = gather(engine, route, PEOPLE, minutes=45)
    client = _signed_in(app, event)
    cold, _ = _timed(client, f"/events/{event.id}")
    pages = [_timed(client, f"/events/{event.id}") for _ in range(ROUNDS)]
    deltas = [_delta(engine, client, event) for _ in range(ROUNDS)]
    silences = [_silence(client, event) for _ in range(ROUNDS)]
    return Board(
        rows=_rows(engine),
        cold=cold,
        first=median(seconds for seconds, _ in pages),
        first_bytes=len(pages[-1][1]),
        delta=median(seconds for seconds, _ in deltas),
        delta_bytes=round(median(len(page) for _, page in deltas)),
        silence=median(silences),
    )


def _signed_in(app: Flask, event: Event) -> FlaskClient:
    staff: Staff = app.extensions["staff"]
    who = staff.add("maria", "Maria", "a good long one")
    staff.appoint(event.id, who.id, Role.FACILITATOR)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(remembered(who))
    return client


def _timed(client: FlaskClient, path: str) -> tuple[float, bytes]:
    """Milliseconds and the page."""
    began = time.perf_counter()
    answer = client.get(path, headers=HTMX if "delta" in path else {})
    taken = 1000 * (time.perf_counter() - began)
    assert answer.status_code in (200, 204), answer.status
    return taken, answer.data


def _delta(engine: Engine, client: FlaskClient, event: Event) -> tuple[float, bytes]:
    """What a look on costs when thirty people have passed a step meanwhile."""
    address = _address(client, event)
    with Session(engine) as session:
        people = session.scalars(select(HappeningRow.enrolment).distinct().limit(CHANGED)).all()
        row = {"kind": "passed", "slug": f"step-{STEPS - 1}", "by": "attendee", "details": {}}
        session.execute(insert(HappeningRow), [{"enrolment": one, "at": now(), **row} for one in people])
        session.commit()
    time.sleep(REST + 0.05)
    taken, page = _timed(client, address)
    assert page.count(b"<tr id=") >= CHANGED, page[:200]
    return taken, page


def _silence(client: FlaskClient, event: Event) -> float:
    return _timed(client, _address(client, event))[0]


def _address(client: FlaskClient, event: Event) -> str:
    """What the page that is shown now asks for next."""
    page = client.get(f"/events/{event.id}").get_data(as_text=True)
    return page.partition('id="live" hx-get="')[2].partition('"')[0].replace("&amp;", "&")


def _rows(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(HappeningRow)) or 0
