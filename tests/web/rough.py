"""A house whose processes are killed, and attendees who go on clicking all the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import ROOT, free_port
from workshop.config import Config
from workshop.jobs import Job, Jobs, Outcome
from workshop.models import WorkerRow, connect, migrate
from workshop.progress import Enrolled, Progress

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PATIENCE = 180  # seconds; on a busy machine each of the killed takes a quarter of a minute to start


def until(there: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something that has to come."""
    last = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < last, "it did not come"
        time.sleep(0.05)


@dataclass
class Program:
    """A process that is started again whenever it is killed."""

    command: list[str]
    environment: dict[str, str]
    is_up: Callable[[int], bool]
    process: subprocess.Popen[bytes] | None = None

    @property
    def up(self) -> bool:
        """Whether it does its work by now."""
        return self.process is not None and self.process.poll() is None and self.is_up(self.process.pid)

    def start(self) -> None:
        words = [sys.executable, "-m", "workshop", *self.command]
        self.process = subprocess.Popen(words, cwd=ROOT, env=self.environment, start_new_session=True)

    def kill(self) -> None:
        """kill -9, with all its children."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class House:
    """Web apps and workers over one database, each a process of its own."""

    def __init__(self, config: Config, folder: Path, webs: int = 2, workers: int = 2) -> None:
        migrate(config)
        self.config = config
        engine = connect(config.database)
        self.progress = Progress(engine, config.first_account)
        self.jobs = Jobs(engine)
        variables = config.environment() | {"ROUGH_FOLDER": str(folder), "WORKSHOP_WEB_WORKERS": "1"}
        self.ports = [free_port() for _ in range(webs)]
        self.webs = [
            Program(["web"], variables | {"WORKSHOP_PORT": str(port)}, lambda _, port=port: _answers(port))  # type: ignore[misc]
            for port in self.ports
        ]
        self.workers = [Program(["worker"], variables, self._works) for _ in range(workers)]
        self.engine = engine
        self._folder = folder

    @property
    def programs(self) -> list[Program]:
        return [*self.webs, *self.workers]

    def start(self) -> None:
        for program in self.programs:
            program.start()

    def stop(self) -> None:
        for program in self.programs:
            if program.process and program.process.poll() is None:
                program.kill()
        self.engine.dispose()

    def _works(self, pid: int) -> bool:
        with Session(self.engine) as session:
            return session.scalar(select(WorkerRow.id).where(WorkerRow.pid == pid)) is not None

    @property
    def busy(self) -> bool:
        """Whether some job is under way."""
        open_jobs = self.jobs.queued()
        return any(self.jobs.lines(job) for job in open_jobs)

    @property
    def two_at_once(self) -> str:
        """For whom two processes worked at the same time, if for anybody."""
        note = self._folder / "two-at-once"
        return note.read_text() if note.exists() else ""


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


@dataclass
class Tab:
    """A browser's tab at one of the web apps: what the server does not answer is asked again."""

    port: int
    handle: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str) -> requests.Response:
        return self._patiently(lambda: self.session.get(self._url(path), timeout=20))

    def press(self, path: str, **form: str) -> requests.Response:
        """A form's button; the token stands in the page before."""

        def send() -> requests.Response:
            token = TOKEN.search(self.session.get(self._url("/resume"), timeout=20).text)
            given = {"csrf_token": token[1] if token else "", **form}
            return self.session.post(self._url(path), data=given, timeout=20)

        return self._patiently(send)

    def join(self) -> None:
        """Join, or come back; then have the account prepared."""
        until(lambda: self.press("/join", handle=self.handle, again=self.handle, name=self.handle).ok)
        until(lambda: "/steps/" in self.press("/prepare").url)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _patiently(self, ask: Callable[[], requests.Response]) -> requests.Response:
        last = time.monotonic() + PATIENCE
        while True:
            try:
                return ask()
            except requests.RequestException:
                assert time.monotonic() < last, f"nobody answers at port {self.port}"
                time.sleep(0.1)


class Attendee(threading.Thread):
    """Somebody who has one step done for them, round after round, in one tab and another."""

    def __init__(self, house: House, handle: str, slug: str) -> None:
        super().__init__(daemon=True, name=handle)
        self.house, self.slug, self.handle = house, slug, handle
        self.tabs = [Tab(port, handle) for port in house.ports]
        self.joined, self.enough = threading.Event(), threading.Event()
        self.rounds = 0
        self.ended: list[Job] = []
        self.trouble: BaseException | None = None

    @property
    def enrolled(self) -> Enrolled:
        found = self.house.progress.by_handle(self.handle)
        assert found
        return found

    def run(self) -> None:
        try:
            for tab in self.tabs:
                tab.join()
            self.joined.set()
            while not self.enough.is_set():
                self._round()
        except BaseException as trouble:
            self.trouble = trouble

    def _round(self) -> None:
        enrolled = self.enrolled
        self.house.progress.answers(enrolled.id)["round"] = str(self.rounds + 1)
        pressed = self.tabs[self.rounds % len(self.tabs)].press(f"/steps/{self.slug}/do")
        assert pressed.ok, pressed.text
        until(lambda: self.house.jobs.current(enrolled.id) is None)
        job = self.house.jobs.last(enrolled.id, self.slug)
        assert job
        assert job.outcome == Outcome.DONE, job
        self.ended.append(job)
        self.rounds += 1
