"""How often an open page asks AWS: with the live look on, and with it off."""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass

from flask.testing import FlaskClient

from tests.bench.lab import Bench
from workshop.app import create_app
from workshop.config import Config
from workshop.guide import Guide
from workshop.insight.pipeline import PAUSES
from workshop.jobs import Kind
from workshop.models import migrate
from workshop.watch.meter import metered
from workshop.work.helping import Helper

STEP = "fix-the-build"
SECONDS = 60.0
LIVE = 3.0  # as the page asks
HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Calls:
    """AWS calls in the first minute of a page that is in sight while nothing changes.

    `later` is the minute after that, live look on: what finds nothing new looks less often.
    """

    on: int
    off: int
    later: int


def asked(one: Bench) -> Calls:
    """A learner stands before the build that failed, and reads."""
    config = Config(
        state=one.folder / "pages",
        secret="of this bench",
        endpoint_url=one.endpoint,
        account_credentials=f"{sys.executable} -m workshop sandbox credentials --account {{account}}"
        f" --format process --state {one.folder / 'state'}",
        first_account=424200000901,
    )
    migrate(config)
    app = create_app(config)
    app.config["WTF_CSRF_ENABLED"] = False
    visitor, guide = app.test_client(), app.extensions["guide"]
    _arrive(visitor, guide)
    first, later = _looks()
    return Calls(
        on=_minute(visitor, first, live=True),
        later=_minute(visitor, later, live=True),
        off=_minute(visitor, first, live=False),
    )


def _looks() -> tuple[list[float], list[float]]:
    """When the panel looks, in the first minute and in the one after it: seconds into each."""
    pauses = itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))
    at = list(itertools.takewhile(lambda at: at < 2 * SECONDS, itertools.accumulate(pauses, initial=0.0)))
    return [one for one in at if one < SECONDS], [one - SECONDS for one in at if one >= SECONDS]


def _arrive(visitor: FlaskClient, guide: Guide) -> None:
    visitor.post("/join", data={"handle": "paulf"})
    visitor.post("/prepare")
    enrolled = guide.progress.by_handle("paulf")
    assert enrolled
    job = guide.help(enrolled, STEP, Kind.CATCH_UP)
    Helper(guide.course, guide.progress, guide.labs, guide.jobs).help(job.id)
    visitor.get(f"/steps/{STEP}")
    visitor.post(f"/steps/{STEP}/check")


def _minute(visitor: FlaskClient, looks: list[float], live: bool) -> int:
    """What the page asks for in a minute, at the times at which it does."""
    began = time.monotonic()
    due = [(at, "panel") for at in looks]
    due += [(at * LIVE, "live") for at in range(int(SECONDS / LIVE)) if live]
    with metered() as meter:
        for at, what in sorted(due):
            time.sleep(max(0.0, began + at - time.monotonic()))
            if what == "panel":
                visitor.get("/pipeline", headers=HTMX)
            else:
                visitor.post(f"/steps/{STEP}/live", headers=HTMX)
    return meter.calls
