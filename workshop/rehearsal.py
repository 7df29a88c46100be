"""`workshop check-course`: a fresh attendee walks every step against a fresh sandbox.

Then another one, in another account, catches up from nothing to the last step.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.status import Status

from workshop.config import Config
from workshop.course import Course, load
from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.plan.catch_up import How, catch_up
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings
from workshop.step import passed, settled
from workshop.walk import Walked, walk

HANDLE = "paulf"


def run(config: Config) -> bool:
    """Walk the course, a line a step, and catch up to its end; whether every step held."""
    console = Console(highlight=False)
    course = load(config.course)
    with (
        tempfile.TemporaryDirectory() as folder,
        _sandbox(Path(folder), config.region) as server,
        console.status("Preparing an account …") as status,
    ):
        held = walk(course, _lab(config, server, status), _teller(console, status, course))
        words = "Every step holds." if held else "The walk ended at the first step that does not hold."
        if held:
            trouble = _catch_up(course, _lab(config, server, status, 1), console)
            held, words = not trouble, trouble or words
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


def _catch_up(course: Course, lab: Lab, console: Console) -> str:
    """What is wrong with catching up from nothing to the last step, and doing that."""
    last, began = course.steps[-1], time.monotonic()
    try:
        for one in catch_up(course, lab, last.slug, lab.say):
            if one.how == How.MISSED:
                return f"Catching up: “{one.step.title}” does not hold."
        if last.do:
            last.do(lab)
    except Exception as error:  # whatever a step raises is what the author has to see
        return f"Catching up: {type(error).__name__}: {error}"
    if not passed(settled(last, lab)):
        return f"Caught up, but “{last.title}” does not hold."
    console.print(f"[green]✓[/] {'Caught up from nothing':<36} all {time.monotonic() - began:5.1f} s")
    return ""


def _lab(config: Config, server: Server, status: Status, number: int = 0) -> Lab:
    account = str(int(config.first_account) + number)
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
