"""Attendees as locust runs them, in a process of their own; what they met is printed as JSON.

An attendee's page asks for what its HTML says, as often as that says; now and then they press a button
or go on. A facilitator watches the board. First everybody arrives; then the count begins anew.
"""

from __future__ import annotations

from locust import FastHttpUser, constant, task  # first: it makes sockets those of gevent
from locust.env import Environment

# isort: split
import argparse
import itertools
import json
import random
import re
import sys
import time
from dataclasses import dataclass
from html import unescape
from typing import Any

import gevent

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
POLLER = re.compile(r"<[^<>]*\bhx-(get|post)=\"([^\"]+)\"[^<>]*\bhx-trigger=\"([^\"]*)\"[^<>]*>")
EVERY = re.compile(r"every ([\d.]+)(ms|s)")
AGAIN = re.compile(r"load delay:(\d+)s")  # until it is their turn
PACE = re.compile(r'data-pace="([\d. ]+)"')
SPREAD = 5.0  # seconds over which pages that were opened at once begin to ask
LONGEST = 40.0  # seconds to which a busy server stretches pauses
PATIENCE = 15 * 60  # seconds for all to arrive
BETWEEN_ACTS = (12.0, 40.0)
HTMX = {"HX-Request": "true"}


@dataclass
class Poller:
    """One element of the page that asks by itself."""

    method: str
    url: str
    pauses: tuple[float, ...]
    due: float
    silent: int = 0

    def rest(self, stretch: float) -> None:
        """Until the next time; longer after each silence, and where the server is busy."""
        pause = self.pauses[min(self.silent, len(self.pauses) - 1)]
        self.due = time.monotonic() + min(pause * stretch, max(pause, LONGEST))


class Attendee(FastHttpUser):
    """Somebody with one tab open."""

    wait_time = constant(0)
    code = ""
    arrived: list[int] = []  # noqa: RUF012 - one process, one count
    numbers = itertools.count(1)
    network_timeout = 120.0  # a browser waits as well while the account is prepared
    connection_timeout = 30.0

    def on_start(self) -> None:
        """Join, have the account prepared, and come to the first step."""
        self.handle = f"guest{next(self.numbers)}"
        self.pollers: dict[str, Poller] = {}
        self.token, self.stretch = "", 1.0
        self._page(f"/e/{self.code}", "join page")
        self._send("POST", f"/e/{self.code}", "join", {"handle": self.handle, "name": "", "again": ""})
        self._page("/prepare", "prepare page")
        while not (answer := self._send("POST", "/prepare", "prepare", htmx=True)).headers.get("HX-Redirect"):
            again = AGAIN.search(answer.text or "")
            gevent.sleep(float(again[1]) if again else 1.0)
        self.steps = ["/steps/read-this", "/steps/make-a-branch"]
        self._open()
        self.next_act = time.monotonic() + random.uniform(*BETWEEN_ACTS)
        self.arrived.append(1)

    @task
    def work(self) -> None:
        """What is due next."""
        first = min(self.pollers.values(), key=lambda one: one.due, default=None)
        due = min(self.next_act, first.due if first else self.next_act)
        gevent.sleep(max(0.0, due - time.monotonic()))
        if first is None or self.next_act <= first.due:
            self._act()
            self.next_act = time.monotonic() + random.uniform(*BETWEEN_ACTS)
        else:
            self._poll(first)

    def _act(self) -> None:
        """Check, or go on to another step; now and then have it done."""
        if random.random() < 0.55:
            self._send("POST", f"{self.at}/check", "check", htmx=True)
        elif random.random() < 0.1 and self.at.endswith("make-a-branch"):
            self._send("POST", f"{self.at}/do", "do it for me", htmx=True)
        else:
            self._open()

    def _open(self) -> None:
        self.at = random.choice(self.steps)
        html = self._page(self.at, "step")
        self.steps = sorted(set(re.findall(r'href="(/steps/[\w-]+)"', html))) or self.steps

    def _poll(self, one: Poller) -> None:
        answer = self._send(one.method, one.url, _name(one.method, one.url), htmx=True)
        one.silent = one.silent + 1 if answer.status_code == 204 else 0
        one.rest(self.stretch)

    def _page(self, path: str, name: str) -> str:
        """A whole page: what it asks for by itself is what is asked for from now on."""
        self.pollers.clear()
        html = self._send("GET", path, name).text or ""
        for one in self.pollers.values():
            one.due += random.uniform(0, min(one.pauses[0], SPREAD))
        return html

    def _send(
        self, method: str, path: str, name: str, form: dict[str, str] | None = None, htmx: bool = False
    ) -> Any:
        headers = {**HTMX, "X-CSRFToken": self.token} if htmx else {}
        data = {"csrf_token": self.token, **(form or {})} if method == "POST" else None
        answer = self.client.request(method, path, name=f"{method} {name}", headers=headers, data=data)
        html = answer.text or ""
        found = TOKEN.search(html)
        self.token = found[1] if found else self.token
        said = answer.headers.get("X-Pace") if answer.headers else None
        self.stretch = float(said) if isinstance(said, str) else self.stretch
        for one in pollers(html):
            self.pollers[one.url.partition("?")[0]] = one
        return answer


class Facilitator(FastHttpUser):
    """Somebody who watches the board, as it is made to be watched."""

    wait_time = constant(0)
    fixed_count = 1
    event = 0
    cookie = ""

    def on_start(self) -> None:
        """Open it."""
        answer = self.client.get(f"/events/{self.event}", name="GET board", headers={"Cookie": self.cookie})
        self.live = next((one for one in pollers(answer.text or "") if "/delta" in one.url), None)

    @task
    def watch(self) -> None:
        """Ask for what has changed, every two seconds."""
        if self.live is None:
            raise RuntimeError("the board asks for nothing")
        gevent.sleep(self.live.pauses[0])
        headers = {"Cookie": self.cookie, **HTMX}
        answer = self.client.get(self.live.url, name="GET board's delta", headers=headers)
        if answer.status_code == 200:
            self.live = next((one for one in pollers(answer.text or "") if "/delta" in one.url), self.live)


def pollers(html: str) -> list[Poller]:
    """Every element of the page that asks by itself, and how often."""
    found = []
    for element in POLLER.finditer(html):
        method, url, trigger = element[1].upper(), unescape(element[2]), element[3]
        every = EVERY.search(trigger)
        if every is None and not trigger.startswith("load"):
            continue
        seconds = float(every[1]) / (1000 if every[2] == "ms" else 1) if every else 3600.0
        pace = PACE.search(element[0])
        pauses = tuple(float(one) for one in pace[1].split()) if pace else (seconds,)
        due = time.monotonic() + (0.4 if trigger.startswith("load") else pauses[0])
        found.append(Poller(method, url, pauses, due))
    return found


def _name(method: str, url: str) -> str:
    return re.sub(r"/steps/[\w-]+", "/steps/…", url.partition("?")[0])


def main() -> int:
    """Let them come and work; print what they met."""
    wants = argparse.ArgumentParser()
    for name in ("host", "code", "cookie"):
        wants.add_argument(f"--{name}", required=True)
    for name in ("event", "people", "seconds"):
        wants.add_argument(f"--{name}", type=int, required=True)
    wants.add_argument("--rate", type=float, default=20)
    given = wants.parse_args()
    Attendee.code, Facilitator.event, Facilitator.cookie = given.code, given.event, given.cookie
    there = Environment(user_classes=[Attendee, Facilitator], host=given.host)
    broken: list[str] = []
    failed = there.events.user_error
    failed.add_listener(lambda exception, **_: broken.append(repr(exception)))  # type: ignore[no-untyped-call]
    runner = there.create_local_runner()
    began = time.monotonic()
    runner.start(given.people + 1, spawn_rate=given.rate)
    while len(Attendee.arrived) < given.people and not broken and time.monotonic() - began < PATIENCE:
        gevent.sleep(0.2)
    arriving = time.monotonic() - began
    arrivals = told(there.stats)
    there.stats.reset_all()
    gevent.sleep(0 if broken else given.seconds)
    working = told(there.stats)
    whole = {"arrived": len(Attendee.arrived), "arriving_seconds": round(arriving, 1), "broken": broken}
    json.dump(whole | {"arrivals": arrivals, "work": working}, sys.stdout)
    sys.stdout.flush()
    runner.quit()
    return 0


def told(stats: Any) -> list[dict[str, Any]]:
    """What was asked for, how often, how long it took (ms), and what went wrong."""
    wrong: dict[tuple[str, str], list[str]] = {}
    for one in stats.errors.values():
        wrong.setdefault((one.name, one.method), []).append(f"{one.occurrences} × {one.error}")
    return [
        {
            "name": one.name,
            "asked": one.num_requests,
            "failed": one.num_failures,
            "p50": one.get_response_time_percentile(0.5) or 0,
            "p95": one.get_response_time_percentile(0.95) or 0,
            "rate": round(one.total_rps, 1),
            "bytes": round(one.avg_content_length),
            "wrong": wrong.get((one.name, one.method), []),
        }
        for one in sorted((*stats.entries.values(), stats.total), key=lambda one: -one.num_requests)
    ]


if __name__ == "__main__":
    sys.exit(main())
