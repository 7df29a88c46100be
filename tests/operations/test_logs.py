"""The logs of real programs: each line tells what it is about, and none tells a secret."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import ROOT, free_port
from tests.web.rough import TOKEN, until
from workshop.config import Config
from workshop.jobs import Jobs, Outcome
from workshop.labs import Labs
from workshop.models import connect
from workshop.operations.logs import Stream
from workshop.progress import Progress
from workshop.vault import Vault

LEAKY = Path(__file__).parent / "leaky_course"
STARTING = 180  # seconds at most, on a busy machine
PASSWORD = "open sesame 4242"
Row = dict[str, Any]


class Programs:
    """A web app and a worker whose logs are kept, and an attendee."""

    def __init__(self, config: Config, folder: Path, **settings: str) -> None:
        self.config = config
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.engine = connect(config.database)
        self.progress = Progress(self.engine, config.first_account)
        self.jobs = Jobs(self.engine)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.variables = config.environment() | {"WORKSHOP_PORT": str(port), **settings}
        self.running = [self.start("web"), self.start("worker")]
        self.browser = requests.Session()

    def await_up(self) -> None:
        until(lambda: self._answers() and self.jobs.worker_alive(), STARTING)

    def start(self, name: str, **settings: str) -> subprocess.Popen[bytes]:
        with (self.logs / f"{name}-{len(list(self.logs.iterdir()))}.log").open("wb") as log:
            command = [sys.executable, "-m", "workshop", name]
            environment = self.variables | settings
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False

    def press(self, path: str, **form: str) -> requests.Response:
        page = self.browser.get(f"{self.url}/resume", timeout=20).text
        found = TOKEN.search(page)
        form["csrf_token"] = found[1] if found else ""
        return self.browser.post(f"{self.url}{path}", data=form, timeout=20)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
            process.wait(20)
        self.engine.dispose()

    @property
    def bytes(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.logs.iterdir())

    @property
    def rows(self) -> list[Row]:
        return [json.loads(line) for line in self.bytes.decode().splitlines()]


@pytest.fixture
def programs(config: Config, tmp_path: Path) -> Iterator[Callable[..., Programs]]:
    started: list[Programs] = []

    def start(**settings: str) -> Programs:
        changed = config.model_copy(update={"course": LEAKY})
        started.append(Programs(changed, tmp_path, **settings))
        started[-1].await_up()
        return started[-1]

    yield start
    for one in started:
        one.stop()


def lived_through(there: Programs) -> list[str]:
    """Somebody attends, everything fails, and here are all the secrets that were in play."""
    there.press("/join", handle="paulf", name="Paul Fischer")
    there.press("/prepare")
    enrolled = there.progress.by_handle("paulf")
    assert enrolled
    lab = Labs(there.config, there.progress, Vault(there.config.secret_key)).open(enrolled)
    page = there.browser.get(f"{there.url}/terminal", timeout=20).text
    shown = re.findall(r"(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)=&#39;?([^&\s<]+)", page)
    long_term = Vault(there.config.secret_key).open(enrolled.keys)
    assert long_term
    given = lab.credentials()
    assert there.press("/steps/leak/check").status_code == 500
    there.press("/steps/leak/do")
    until(lambda: there.jobs.current(enrolled.id) is None)
    last = there.jobs.last(enrolled.id, "leak")
    assert last
    assert last.outcome == Outcome.BUG
    there.press("/terminal/pasted", pasted=f"aws_secret_access_key = {given['SecretAccessKey']}")
    token = re.search(r"/go-on/([\w.-]+)", there.press("/access/links", hours="1").text)
    assert token
    requests.get(f"{there.url}/go-on/{token[1]}", timeout=20)
    requests.get(f"{there.url}/go-on/{token[1]}/nowhere", timeout=20)
    cookies = [str(cookie.value) for cookie in there.browser.cookies]
    keys = [given[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    there_for_good = [long_term.access_key, long_term.secret_key, enrolled.ticket, enrolled.keys]
    kept = [there.config.metrics_key, there.config.secret_key]
    return [*shown, *keys, *there_for_good, *kept, *cookies, token[1]]


def without_a_database(there: Programs) -> str:
    """A worker whose database cannot be reached fails with all that it knows; its password."""
    nowhere = f"postgresql://workshop:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{free_port()}/workshop"
    assert there.start("worker", WORKSHOP_DATABASE_URL=nowhere).wait(60) == 1
    return PASSWORD


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_log_holds_a_secret_whatever_fails(programs: Callable[..., Programs], form: str) -> None:
    there = programs(WORKSHOP_LOG_FORMAT=form)
    secrets = [*lived_through(there), without_a_database(there)]
    there.stop()
    written = there.bytes
    assert len(secrets) > 12
    assert written.count(b"this is line one of what leaks") == 2, "web and worker have both said it"
    for secret in secrets:
        assert secret.encode() not in written, f"{secret[:6]}… stands in the log"
    assert written.count(b"[hidden]") > 20
    for told in (b"RuntimeError", b"KeyError", b"OperationalError", b"reference"):
        assert told in written, "what went wrong is still told"


def test_every_line_for_machines_is_an_object_that_says_what_it_is_about(
    programs: Callable[..., Programs],
) -> None:
    there = programs(WORKSHOP_LOG_FORMAT="json")
    lived_through(there)
    there.stop()
    for row in there.rows:
        assert {"time", "level", "logger", "message"} <= set(row)
    enrolled = there.progress.by_handle("paulf")
    assert enrolled
    asked = [row for row in there.rows if row["logger"] == "workshop.requests"]
    looked = next(row for row in asked if row["route"] == "/steps/<slug>/check")
    assert looked["method"] == "POST"
    assert looked["status"] == 500
    assert looked["attendee"] == enrolled.id
    assert looked["ms"] > 0
    within = [row for row in there.rows if row.get("request") == looked["request"]]
    assert {"leaky", "workshop.app", "workshop.requests"} <= {row["logger"] for row in within}
    job = there.jobs.last(enrolled.id, "leak")
    assert job
    of_the_job = [row for row in there.rows if row.get("job") == job.id]
    assert {"leaky", "workshop.work.helping"} <= {row["logger"] for row in of_the_job}
    assert {row["attendee"] for row in of_the_job} == {enrolled.id}
    assert "paulf" not in "".join(str(row) for row in asked), "people are numbers"
    assert {row["route"] for row in asked if "/go-on/" in row["route"]} == {"/go-on/<token>"}


def test_a_request_keeps_the_id_that_it_came_with(programs: Callable[..., Programs]) -> None:
    there = programs(WORKSHOP_LOG_FORMAT="json")
    sent = {"well-formed.0001": True, "short": False, "with a space": False, "x" * 65: False}
    for given, kept in sent.items():
        answer = requests.get(there.url, headers={"X-Request-ID": given}, timeout=20)
        assert (answer.headers["X-Request-ID"] == given) is kept
    there.stop()
    assert "well-formed.0001" in {row.get("request") for row in there.rows}


@pytest.mark.parametrize(("local", "form"), [(True, "text"), (False, "json")])
def test_a_laptop_gets_lines_and_an_event_gets_objects(
    config: Config, tmp_path: Path, local: bool, form: str
) -> None:
    """A worker that cannot start says why, in the form that follows from where it runs."""
    nowhere = f"postgresql://workshop@127.0.0.1:{free_port()}/workshop"
    variables = config.environment() | {"WORKSHOP_DATABASE_URL": nowhere, "WORKSHOP_LOCAL": str(local)}
    command = [sys.executable, "-m", "workshop", "worker"]
    said = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, check=False).stderr.decode()
    assert "the worker cannot go on" in said
    assert said.startswith("{") is (form == "json")


def test_settings_that_do_not_hold_are_named(config: Config) -> None:
    variables = config.environment() | {"WORKSHOP_PORT": "eighty", "WORKSHOP_LOG_FORMAT": "xml"}
    command = [sys.executable, "-m", "workshop", "worker"]
    said = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, check=False).stderr.decode()
    assert "WORKSHOP_PORT" in said
    assert "WORKSHOP_LOG_FORMAT" in said
    assert "Traceback" not in said


def test_words_that_do_not_fit_their_values_fail_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("of this test")
    logger.addHandler(Stream())
    logger.error("%d people", "many")
    logger.error("%s people", "many")
    told = capsys.readouterr().err
    assert "Logging error" in told
    assert told.endswith("many people\n")
