"""`workshop check-course`: a fresh attendee walks every step against a fresh sandbox."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.status import Status

from workshop.config import Config
from workshop.course import Course, load
from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings
from workshop.walk import Walked, walk

HANDLE = "paulf"


def run(config: Config) -> bool:
    """Walk the course, a line a step; whether every step held."""
    console = Console(highlight=False)
    course = load(config.course)
    with (
        tempfile.TemporaryDirectory() as folder,
        _sandbox(Path(folder), config.region) as server,
        console.status("Preparing an account …") as status,
    ):
        held = walk(course, _lab(config, server, status), _teller(console, status, course))
    words = "Every step holds." if held else "The walk ended at the first step that does not hold."
    console.print(f"[green]✓[/] {words}" if held else f"[red]✕[/] {words}")
    return held


@contextlib.contextmanager
def _sandbox(state: Path, region: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(Settings(state=state, port=port, region=region))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _lab(config: Config, server: Server, status: Status) -> Lab:
    account = str(config.first_account)
    root = server.sandbox.sessions.root(account)
    attendee = Attendee(HANDLE, account, config.region, config.prefix)
    aws = Aws(config.region, server.sandbox.endpoint)
    keys = prepare(attendee, aws, Keys(root.access_key, root.secret_key), config.sample_app)
    return Lab(attendee, aws, keys, say=lambda line: status.update(f"  {line} …"))


class _teller:  # noqa: N801 - called like a function
    """Prints how each step went, and says which comes next."""

    def __init__(self, console: Console, status: Status, course: Course) -> None:
        self._console, self._status, self._course = console, status, course
        status.update(f"  {course.steps[0].title} …")

    def __call__(self, walked: Walked) -> None:
        """One step has been walked."""
        mark = "[red]✕[/]" if walked.trouble else "[green]✓[/]"
        times = f"do {walked.did:5.1f} s   look {walked.looked:5.1f} s"
        self._console.print(f"{mark} {walked.step.title:<36} {times}   {walked.trouble}")
        following = self._course.after(walked.step.slug)
        self._status.update(f"  {following.title} …" if following else "")
