"""Runs a load against a stage, and reads what it met."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.load.stage import stage

ARRIVING_AT_MOST = 900
SHOWN = 20  # lines of a log


@dataclass(frozen=True)
class Route:
    """One address: how often it was asked for, in what time (ms) half and 95 % were answered."""

    name: str
    asked: int
    failed: int
    p50: float
    p95: float
    rate: float
    bytes: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Met:
    """What a room of attendees met."""

    arrived: int
    arriving_seconds: float
    arrivals: tuple[Route, ...]
    work: tuple[Route, ...]
    broken: tuple[str, ...] = ()
    log: str = ""  # what the pages said of their own mistakes

    @property
    def wrong(self) -> list[str]:
        """What went wrong, if anything did."""
        said = [f"{one.name}: {what}" for one in (*self.arrivals, *self.work) for what in one.wrong]
        return [*self.broken, *said]

    @property
    def total(self) -> Route:
        """All addresses together."""
        return next(one for one in self.work if one.name == "Aggregated")


def loaded(
    people: int, seconds: int, webs: int = 1, sandboxes: int = 1, rate: float = 20, postgresql: bool = False
) -> Met:
    """So many people arrive, at this rate a second, and work for so long."""
    with (
        tempfile.TemporaryDirectory() as name,
        stage(Path(name), people, webs, sandboxes, postgresql) as there,
    ):
        given = {"host": there.host, "code": there.event.code, "cookie": there.cookie}
        more = {"event": there.event.id, "people": people, "seconds": seconds, "rate": rate}
        words = [word for key, value in (given | more).items() for word in (f"--{key}", str(value))]
        done = subprocess.run(
            [sys.executable, "-m", "tests.load.attendees", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=seconds + ARRIVING_AT_MOST + 60,
            check=True,
        )
        mistakes = _mistakes((Path(name) / "web.log").read_text(errors="replace"))
    return _met(json.loads(done.stdout), mistakes)


def _mistakes(log: str) -> str:
    """The lines of the pages' log, one object each, that tell of something gone wrong."""
    found = [line for line in log.splitlines() if '"level": "ERROR"' in line or "Traceback" in line]
    return "\n".join(found[:SHOWN])


def _met(told: dict[str, Any], log: str) -> Met:
    lists = {part: tuple(_route(one) for one in told[part]) for part in ("arrivals", "work")}
    return Met(told["arrived"], told["arriving_seconds"], broken=tuple(told["broken"]), log=log, **lists)


def _route(told: dict[str, Any]) -> Route:
    return Route(**(told | {"wrong": tuple(told["wrong"])}))
