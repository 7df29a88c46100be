"""What a load meets: web, worker and sandbox as processes of their own, and an event that has begun."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from tests.bench.endpoint import serving
from tests.conftest import ROOT, a_postgresql, free_port
from tests.web.rough import _answers, until
from workshop.app import create_app
from workshop.config import Backend, Config
from workshop.console.guard import remembered
from workshop.launch import SUPERVISOR
from workshop.models import migrate, now
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.staff import Facilitator

SMALL = ("read_this", "make_a_branch", "answer", "take_long")
CHAPTERS = ("Begin", "End", "Get in", "Create the pipeline")


@dataclass(frozen=True)
class Stage:
    """Where the pages are, the event that people join, and a facilitator's cookie."""

    host: str
    event: Event
    cookie: str
    app: Flask
    config: Config

    @property
    def engine(self) -> Engine:
        found: Engine = self.app.extensions["engine"]
        return found


@contextlib.contextmanager
def stage(
    folder: Path, people: int, webs: int = 1, sandboxes: int = 1, postgresql: bool = False
) -> Iterator[Stage]:
    """Everything started, and ended afterwards."""
    with contextlib.ExitStack() as started:
        backends = tuple(_sandbox(started, folder, number) for number in range(sandboxes))
        config = Config(
            state=folder / "web",
            secret="of this load",
            port=free_port(),
            web_workers=webs,
            local=False,
            https=False,
            course=_course(folder / "mixed"),
            backends=backends,
            database_url=started.enter_context(a_postgresql()) if postgresql else "",
        )
        migrate(config)
        app = create_app(config)
        event = _event(app, people, tuple(one.name for one in backends))
        for name in ("web", "worker"):
            _start(started, name, config, folder / f"{name}.log")
        until(lambda: _answers(config.port))
        yield Stage(f"http://127.0.0.1:{config.port}", event, _cookie(app), app, config)


def _start(started: contextlib.ExitStack, name: str, config: Config, log: Path) -> None:
    """A program in a process group of its own, which is ended as a whole."""
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop", name],
        env=config.environment() | {SUPERVISOR: str(os.getpid())},  # none is left if we are killed
        stdout=started.enter_context(log.open("wb")),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    started.callback(process.wait)
    started.callback(os.killpg, process.pid, signal.SIGKILL)


def _sandbox(started: contextlib.ExitStack, folder: Path, number: int) -> Backend:
    state, port = folder / f"sandbox-{number}", free_port()
    command = [sys.executable, "-m", "workshop", "sandbox"]
    endpoint = f"http://127.0.0.1:{port}"
    started.enter_context(
        serving([*command, "--port", str(port), "--state", str(state)], f"{endpoint}/_aws/health")
    )
    return Backend(
        name=f"sandbox-{number}",
        endpoint_url=endpoint,
        account_credentials=f"{sys.executable} -m workshop.sandbox.identity.root {{account}} {state}",
    )


def _course(folder: Path) -> Path:
    """The real course, and before it steps that need no long work of AWS."""
    shutil.copytree(ROOT / "steps", folder)
    for name in SMALL:
        for file in (ROOT / "tests" / "web" / "small_course").glob(f"{name}.*"):
            shutil.copy(file, folder)
    return folder


def _event(app: Flask, people: int, backends: tuple[str, ...]) -> Event:
    event: Event = app.extensions["guide"].events.make(
        Draft(
            "A full room",
            now() - timedelta(minutes=1),
            now() + timedelta(hours=3),
            region="eu-west-1",
            prefix="load",
            capacity=people,
            chapters=CHAPTERS,
            backends=backends,
        )
    )
    return event


def _cookie(app: Flask) -> str:
    """That of a facilitator who is signed in: "name=value"."""
    who: Facilitator = app.extensions["staff"].add("maria", "Maria", "a good long one", owner=True)
    return cookie(app, **remembered(who))


def cookie(app: Flask, **kept: object) -> str:
    """A cookie of the app that holds this."""
    with app.test_request_context():
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(kept)}"
