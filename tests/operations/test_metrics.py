"""What Prometheus is told: by whom it may be asked, and that the numbers are those of what happened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.conftest import ROOT, free_port
from tests.web.conftest import Attending, Visitor
from tests.web.rough import until
from workshop.config import Config
from workshop.guide import Guide
from workshop.jobs import Kind, Outcome
from workshop.models import JobRow, WorkerRow, connect, now
from workshop.operations.metrics import Metrics
from workshop.work.helping import Helper


def bearer(config: Config) -> dict[str, str]:
    return {"Authorization": f"Bearer {config.metrics_key}"}


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Reading:
    """The samples of one moment."""

    def __init__(self, client: FlaskClient, config: Config) -> None:
        answer = client.get("/metrics", headers=bearer(config))
        assert answer.status_code == 200
        self.text = answer.get_data(as_text=True)
        self._samples = read(self.text)

    def of(self, name: str, **labels: str) -> float:
        return self._samples.get((name, frozenset(labels.items())), 0.0)


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic {}", "Bearer {}x", "bearer é"])
def test_who_has_not_the_token_learns_nothing(app: Flask, config: Config, sent: str) -> None:
    answer = app.test_client().get("/metrics", headers={"Authorization": sent.format(config.metrics_key)})
    assert answer.status_code == 401
    assert b"workshop_" not in answer.data


def test_the_token_is_kept_beside_the_state_for_its_owner_only(config: Config) -> None:
    assert config.metrics_key == (kept := config.state / "metrics.key").read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert Config(metrics_token="given").metrics_key == "given"


def test_requests_are_counted_by_route_and_never_by_address(
    app: Flask, config: Config, paul: Attending
) -> None:
    client, labels = app.test_client(), {"endpoint": "attend.step", "method": "GET"}
    before = Reading(client, config)
    paul.visitor.get("/steps/read-this")
    paul.visitor.get("/steps/answer")
    paul.visitor.get("/steps/no-such-step")
    paul.visitor.get("/no/such/page")
    paul.visitor.client.open("/no/such/page", method="MADEUP")
    after = Reading(client, config)

    def more(name: str, **labels: str) -> float:
        return after.of(name, **labels) - before.of(name, **labels)

    assert more("workshop_requests_total", status="200", **labels) == 2
    assert more("workshop_requests_total", status="404", **labels) == 1
    assert more("workshop_request_seconds_count", **labels) == 3
    assert more("workshop_requests_total", endpoint="none", method="GET", status="404") == 1
    assert more("workshop_requests_total", endpoint="none", method="other", status="404") == 1
    for word in ("no-such-step", "/no/such", "MADEUP", "paulf", paul.enrolled.account):
        assert word not in after.text


def test_looks_and_calls_to_aws_are_counted(app: Flask, config: Config, paul: Attending) -> None:
    client = app.test_client()
    before = Reading(client, config)
    paul.visitor.press("/steps/make-a-branch/check")
    after = Reading(client, config)
    looked = {"by": "attendee", "outcome": "not yet"}
    assert after.of("workshop_looks_total", **looked) == before.of("workshop_looks_total", **looked) + 1

    def asked(reading: Reading) -> float:
        outcomes = ("ok", "refused")
        calls = (
            reading.of("workshop_aws_calls_total", service="codecommit", outcome=one) for one in outcomes
        )
        return sum(calls)

    assert asked(after) > asked(before)


def test_jobs_are_told_by_outcome_and_by_how_long_they_wait(
    app: Flask, config: Config, paul: Attending, guide: Guide, helper: Helper
) -> None:
    client = app.test_client()
    job = guide.do(paul.enrolled, "make-a-branch")
    with Session(paul.engine) as session:
        session.execute(update(JobRow).values(asked=now() - timedelta(seconds=90)))
        session.commit()
    waiting = Reading(client, config)
    assert waiting.of("workshop_jobs_open", stage="asked") == 1
    assert 90 <= waiting.of("workshop_job_oldest_seconds", stage="asked") < 120
    helper.help(job.id)
    over = Reading(client, config)
    assert over.of("workshop_jobs_open", stage="asked") == 0
    assert over.of("workshop_jobs_total", kind=Kind.DO, outcome=Outcome.DONE) == 1


def test_the_living_are_told_from_the_dead(app: Flask, config: Config, paul: Attending) -> None:
    with Session(paul.engine) as session:
        for name, ago in (("lives", 0), ("lives too", 1), ("is gone", 60)):
            seen = now() - timedelta(seconds=ago)
            session.add(WorkerRow(id=name, host="here", pid=1, seen=seen))
        session.commit()
    Visitor(app).join("quinn")
    paul.visitor.press("/steps/answer/live")
    told = Reading(app.test_client(), config)
    assert told.of("workshop_workers") == 2
    assert told.of("workshop_attendees") == 2
    assert told.of("workshop_attendees_active") == 1, "who only joined has not looked at anything yet"


def test_how_things_stand_is_told_of_either_database(database: str) -> None:
    engine = connect(database)
    told = read(Metrics("token", engine).told().decode())
    engine.dispose()
    assert told["workshop_attendees_active", frozenset()] == 0
    assert told["workshop_jobs_open", frozenset({("stage", "asked")})] == 0


@pytest.fixture
def programs(config: Config) -> Iterator[dict[str, str]]:
    """A web app of three processes and a worker, as processes: where each answers."""
    web, worker = free_port(), free_port()
    ports = {"PORT": web, "WORKER_PORT": worker, "WEB_WORKERS": 3}
    left_behind = config.state / "metrics" / f"web-{web}" / "counter_1.db"  # by an earlier run
    left_behind.parent.mkdir(parents=True)
    left_behind.write_bytes(b"no longer true")
    variables = config.environment() | {f"WORKSHOP_{name}": str(value) for name, value in ports.items()}
    running = [_start(name, variables) for name in ("web", "worker")]
    urls = {name: f"http://127.0.0.1:{port}" for name, port in (("web", web), ("worker", worker))}
    for url in urls.values():
        until(lambda url=url: _answers(url), 180)  # type: ignore[misc]
    yield urls
    for process in running:
        process.terminate()
        process.wait(20)


def _start(name: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "workshop", name], cwd=ROOT, env=variables)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def test_whichever_process_answers_it_tells_what_all_have_counted(
    config: Config, programs: dict[str, str]
) -> None:
    for _ in range(40):
        requests.get(f"{programs['web']}/handle?name=Ada", timeout=10)
    counted = {"endpoint": "door.suggestion", "method": "GET", "status": "200"}
    key: Any = ("workshop_requests_total", frozenset(counted.items()))
    for _ in range(8):
        answer = requests.get(f"{programs['web']}/metrics", headers=bearer(config), timeout=10)
        assert read(answer.text)[key] == 40
    assert len(list((config.state / "metrics").glob("web-*/counter_*.db"))) > 1, "one process did it all"


def test_a_worker_tells_what_it_has_counted(
    config: Config, programs: dict[str, str], paul: Attending, guide: Guide
) -> None:
    job = guide.do(paul.enrolled, "make-a-branch")
    until(lambda: not (found := guide.jobs.get(job.id)) or not found.open)
    assert requests.get(f"{programs['worker']}/metrics", timeout=10).status_code == 401
    told = requests.get(f"{programs['worker']}/metrics", headers=bearer(config), timeout=10).text
    looked: Any = ("workshop_looks_total", frozenset({("by", "helper"), ("outcome", "passed")}))
    assert read(told)[looked] == 1
    assert requests.get(f"{programs['worker']}/readyz", timeout=10).json()["ready"] is True
