"""A rolling restart under clicks: every process starts again, one after another, and nobody notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.conftest import WORKER, created
from tests.web.conftest import any_account
from tests.web.rough import TOKEN, House, Program, until
from workshop.config import Config
from workshop.jobs import Outcome
from workshop.labs import Labs
from workshop.models import JobRow
from workshop.sandbox.server import Server
from workshop.vault import Vault

COURSE = Path(__file__).parent.parent / "web" / "rough_course"
SLUG = "make-things"
ROUNDS = 2  # in which every process is restarted
GRACE = 40
STARTING = 180  # seconds at most, on a busy machine


@dataclass
class Proxy:
    """What nginx does with `proxy_next_upstream error`: who refuses a connection is passed over.

    What was only asked for is asked for again elsewhere where a connection breaks; what changes something
    is never sent again once it was sent, because it may have taken effect.
    """

    ports: list[int]
    turns: Iterator[int] = field(default_factory=count)
    failed: list[str] = field(default_factory=list)
    passed_over: int = 0
    answered: int = 0

    def send(self, browser: requests.Session, method: str, path: str, **form: str) -> requests.Response:
        first = next(self.turns)
        for turn in range(first, first + 2 * len(self.ports)):
            url = f"http://127.0.0.1:{self.ports[turn % len(self.ports)]}{path}"
            headers = {"Connection": "close"}  # as nginx speaks with those behind it
            try:
                answer = browser.request(
                    method, url, data=form, headers=headers, timeout=GRACE, allow_redirects=False
                )
            except requests.ConnectionError as error:
                if "refused" in str(error).lower() or method == "GET":
                    self.passed_over += 1
                    continue
                self.failed.append(f"{method} {path}: {error}")
                raise
            self.answered += 1
            if answer.status_code >= 500:
                self.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            return answer
        self.failed.append(f"{method} {path}: nobody was there")
        raise AssertionError(self.failed[-1])


class Clicker(threading.Thread):
    """Presses "Do it for me" again and again, and reads the page meanwhile; never presses twice."""

    def __init__(self, house: House, proxy: Proxy, handle: str) -> None:
        super().__init__(daemon=True, name=handle)
        self.house, self.proxy, self.handle = house, proxy, handle
        self.browser = requests.Session()
        self.at_work, self.enough = threading.Event(), threading.Event()
        self.rounds = 0
        self.trouble: BaseException | None = None

    def get(self, path: str) -> str:
        return self.proxy.send(self.browser, "GET", path).text

    def press(self, page: str, path: str, **form: str) -> int:
        token = TOKEN.search(self.get(page))
        assert token, f"{page} has no form"
        return self.proxy.send(self.browser, "POST", path, csrf_token=token[1], **form).status_code

    def run(self) -> None:
        try:
            assert self.press("/", "/join", handle=self.handle, name=self.handle) == 303
            assert self.press("/prepare", "/prepare") == 303
            while not self.enough.is_set():
                self._round()
        except BaseException as trouble:
            self.trouble = trouble

    def _round(self) -> None:
        enrolled = self.house.progress.by_handle(self.handle)
        assert enrolled
        self.house.progress.answers(enrolled.id)["round"] = str(self.rounds + 1)
        assert self.press(f"/steps/{SLUG}", f"/steps/{SLUG}/do") == 303
        self.at_work.set()
        last = time.monotonic() + STARTING
        while self.house.jobs.current(enrolled.id) is not None:
            assert time.monotonic() < last, "the job never ended"
            self.get(f"/steps/{SLUG}/task")
            time.sleep(0.2)
        self.rounds += 1


@pytest.fixture
def house(
    config: Config, sandbox: Server, postgresql: str, up_to_date: str, tmp_path: Path
) -> Iterator[House]:
    """Two web apps and two workers on PostgreSQL, as behind one name."""
    changed = {
        "database_url": created(postgresql, "rolling", up_to_date),
        "course": COURSE,
        "account_credentials": any_account(sandbox),
        "first_account": 310000000000 + WORKER * 1000000 + int(time.time()) % 100000 * 10,
        "local": False,
        "https": False,
        "log_format": "text",
    }
    there = House(config.model_copy(update=changed), tmp_path)
    there.start()
    try:
        until(lambda: all(program.up for program in there.programs), STARTING)
        yield there
    finally:
        there.stop()


def restart(program: Program) -> None:
    """As systemd does it: SIGTERM, wait, start; the next one's turn comes when this one is up."""
    assert program.process
    program.process.terminate()
    assert program.process.wait(GRACE) == 0
    program.start()
    until(lambda: program.up, STARTING)


def test_a_rolling_restart_loses_no_click_and_shows_no_error(house: House) -> None:
    proxy = Proxy(house.ports)
    clickers = [Clicker(house, proxy, handle) for handle in ("anna", "boris", "carla")]
    for one in clickers:
        one.start()
    until(lambda: all(one.at_work.is_set() or one.trouble for one in clickers), STARTING)
    for _ in range(ROUNDS):
        for program in house.programs:
            before = proxy.answered
            restart(program)
            until(lambda before=before: proxy.answered > before)  # type: ignore[misc]  # they go on clicking
    for one in clickers:
        one.enough.set()
    for one in clickers:
        one.join(STARTING)
        assert one.trouble is None, (one.trouble, proxy.failed)
    assert proxy.failed == []
    assert house.two_at_once == ""
    for one in clickers:
        _each_click_took_effect_once(house, one)


def _each_click_took_effect_once(house: House, one: Clicker) -> None:
    enrolled = house.progress.by_handle(one.handle)
    assert enrolled
    mine = select(JobRow.outcome, func.count()).where(JobRow.enrolment == enrolled.id)
    with Session(house.engine) as session:
        ended = [tuple(found) for found in session.execute(mine.group_by(JobRow.outcome))]
    assert ended == [(Outcome.DONE, one.rounds)]
    config = house.config
    lab = Labs(config, house.progress, Vault(config.secret_key)).open(enrolled)
    codecommit = lab.client("codecommit")
    names = codecommit.list_branches(repositoryName=lab.repository)["branches"]
    assert len(names) == 1 + 3 * one.rounds
