"""Pages a second of one web process at 1,000 accounts, beside what this machine makes of a trivial page.

Every request comes with another account's cookie, over kept-alive connections; the trivial page is a
Flask view that returns a word, served by the same server in the same way, in the same run.
"""

from __future__ import annotations

import http.client
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from tests.conftest import ROOT, free_port
from tests.load.stage import cookie
from tests.room.crowd import gather
from tests.web.rough import _answers, until
from workshop.app import create_app
from workshop.config import Config
from workshop.console.guard import remembered
from workshop.lab import Keys
from workshop.models import EnrolmentRow, HappeningRow, migrate
from workshop.room.event import Event
from workshop.room.story import Route
from workshop.step import Finding, State, Step
from workshop.vault import Vault

PEOPLE, CONNECTIONS, SECONDS = 1000, 8, 5.0
LOOP = 5_000_000
STEP = "fix-the-build"
TRIVIAL = """
import sys
from flask import Flask
from gunicorn.app.base import BaseApplication

app = Flask("trivial")
app.add_url_rule("/healthz", "healthz", lambda: "yes")
app.add_url_rule("/", "word", lambda: "a word")

class Trivial(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", f"127.0.0.1:{sys.argv[1]}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 16)
        self.cfg.set("control_socket_disable", True)
    def load(self):
        return app

Trivial().run()
"""


@dataclass(frozen=True)
class Rate:
    """Answers a second, and what each took of a processor, in ms: that others are at work changes little."""

    a_second: float
    cpu: float


@dataclass(frozen=True)
class Pages:
    """The rate of each kind; and how long a fixed loop of plain Python took, in seconds."""

    step: Rate
    news: Rate
    board: Rate
    delta: Rate
    trivial: Rate
    loop: float


def served() -> Pages:
    """Measure one after another, in one run."""
    with tempfile.TemporaryDirectory() as name:
        config = Config(
            state=Path(name),
            secret="of this bench",
            port=free_port(),
            local=False,
            https=False,
            endpoint_url="http://127.0.0.1:1",
        )
        migrate(config)
        app = create_app(config)
        event = _full(app, config)
        web = [sys.executable, "-m", "workshop", "web"]
        with _serving(web, config.port, config.environment(), name) as pid:
            attendees, maria = _attendees(app, event), [_maria(app)]
            board = f"/events/{event.id}"
            step = rate(pid, config.port, f"/steps/{STEP}", attendees)
            poll = _poll(config.port, f"/steps/{STEP}", "/news", attendees[0])
            news = rate(pid, config.port, poll, attendees, htmx=True)
            whole = rate(pid, config.port, board, maria)
            changed = _poll(config.port, board, f"{board}/delta", maria[0])
            delta = rate(pid, config.port, changed, maria, htmx=True)
        return Pages(step, news, whole, delta, _trivial(name), _loop())


def rate(pid: int, port: int, path: str, cookies: Sequence[str], htmx: bool = False) -> Rate:
    """How fast a server answers, each time to the next of these cookies."""
    more = {"HX-Request": "true"} if htmx else {}
    _asked(port, path, [{"Cookie": one} | more for one in cookies])  # everybody has been there once
    turns, last = itertools.cycle(cookies), time.perf_counter() + SECONDS
    endless = ({"Cookie": one} | more for one in turns)
    used, began = _used(pid), time.perf_counter()
    many = _asked(port, path, itertools.takewhile(lambda _: time.perf_counter() < last, endless))
    return Rate(many / (time.perf_counter() - began), 1000 * (_used(pid) - used) / many)


def _asked(port: int, path: str, wanted: Iterable[dict[str, str]]) -> int:
    """Ask once with each of these headers, over several connections; how often that was."""
    left, lock = iter(wanted), threading.Lock()

    def ask(_: int) -> int:
        connection, many = http.client.HTTPConnection("127.0.0.1", port), 0
        while True:
            with lock:
                headers = next(left, None)
            if headers is None:
                connection.close()
                return many
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 204):
                raise RuntimeError(f"{path} answered {answer.status}")
            many += 1

    with ThreadPoolExecutor(CONNECTIONS) as asking:
        return sum(asking.map(ask, range(CONNECTIONS)))


def _used(pid: int) -> float:
    """Seconds of a processor that a process and its children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_used(int(child)) for child in children)


def _full(app: Flask, config: Config) -> Event:
    """An event of 1,000 people with what they did, whose accounts are prepared."""
    engine: Engine = app.extensions["engine"]
    event = gather(engine, Route.of(app.extensions["guide"].course), PEOPLE, minutes=45)
    keys = Vault(config.secret_key).seal(Keys("key", "secret"))
    with Session(engine) as session:
        session.execute(update(EnrolmentRow).where(EnrolmentRow.event == event.id).values(keys=keys))
        for step in app.extensions["guide"].course.steps:
            _tell_what_was_found(session, step)
        session.commit()
    return event


def _tell_what_was_found(session: Session, step: Step) -> None:
    """The evidence of looks, as long as it is in a real event."""
    for kind, state in (("passed", State.PASSED), ("looked", State.NOT_YET), ("unsure", State.WAITING)):
        found = [asdict(Finding(claim, state, "What was seen of it, in a line.")) for claim in step.claims]
        mine = (HappeningRow.slug == step.slug, HappeningRow.kind == kind)
        session.execute(update(HappeningRow).where(*mine).values(details={"findings": found}))


def _attendees(app: Flask, event: Event) -> list[str]:
    with Session(app.extensions["engine"]) as session:
        tickets = session.scalars(select(EnrolmentRow.ticket).where(EnrolmentRow.event == event.id))
        return [cookie(app, ticket=ticket) for ticket in tickets]


def _maria(app: Flask) -> str:
    who = app.extensions["staff"].add("maria", "Maria", "a good long one", owner=True)
    return cookie(app, **remembered(who))


def _poll(port: int, page: str, what: str, who: str) -> str:
    """What a page asks for by itself, again and again, with the version that it shows."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", page, headers={"Cookie": who})
    html = connection.getresponse().read().decode()
    connection.close()
    found = re.search(rf'hx-get="({what}\?[^"]+)"', html)
    assert found
    return unescape(found[1])


def _trivial(folder: str) -> Rate:
    port = free_port()
    with _serving([sys.executable, "-c", TRIVIAL, str(port)], port, None, folder) as pid:
        return rate(pid, port, "/", [""])


def _loop() -> float:
    began, total = time.perf_counter(), 0
    for number in range(LOOP):
        total += number % 7
    return time.perf_counter() - began


@contextmanager
def _serving(command: list[str], port: int, environment: dict[str, str] | None, folder: str) -> Iterator[int]:
    """A server process, while it answers: its number."""
    with (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            until(lambda: _answers(port))
            yield process.pid
        finally:
            process.terminate()
            process.wait()
