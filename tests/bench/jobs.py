"""How soon a job begins after the click, and how soon it goes on after its worker was killed."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.bench.lab import Bench
from tests.conftest import ROOT
from tests.web.rough import House, until
from workshop.config import Config
from workshop.labs import Labs
from workshop.models import HappeningRow, JobRow
from workshop.progress import Enrolled
from workshop.vault import Vault

ROUNDS = 10
KILLS = 3
STEP = "make-things"


def worked(bench: Bench) -> tuple[float, float]:
    """(seconds from the click to the job's begin, from kill -9 to its going on): medians."""
    folder = bench.folder / "jobs"
    folder.mkdir()
    house = House(_config(bench, folder), folder, webs=0)
    try:
        for worker in house.workers:
            worker.start()
        until(lambda: all(worker.up for worker in house.workers))
        enrolled = _enrolled(house)
        begins = [_begin(house, enrolled, number) for number in range(ROUNDS)]
        return median(begins), median(itertools.islice(_recoveries(house, enrolled), KILLS))
    finally:
        house.stop()


def _config(bench: Bench, folder: Path) -> Config:
    admin = [sys.executable, "-m", "workshop", "sandbox", "credentials", "--account", "{account}"]
    command = " ".join([*admin, "--format", "process", "--state", str(bench.folder / "state")])
    return Config(
        state=folder,
        endpoint_url=bench.endpoint,
        account_credentials=command,
        course=ROOT / "tests" / "web" / "rough_course",
    )


def _enrolled(house: House) -> Enrolled:
    enrolled = house.progress.enrol("paulf", "Paul Fischer")
    Labs(house.config, house.progress, Vault(house.config.secret_key)).open(enrolled)
    return enrolled


def _ask(house: House, enrolled: Enrolled, number: int) -> str:
    house.progress.answers(enrolled.id)["round"] = str(number)
    return house.jobs.ask(enrolled.id, STEP).id


def _begin(house: House, enrolled: Enrolled, number: int) -> float:
    job = _ask(house, enrolled, number)
    until(lambda: house.jobs.current(enrolled.id) is None)
    with Session(house.engine) as session:
        asked = session.scalars(select(JobRow.asked).where(JobRow.id == job)).one()
    return _begun(house, job)[0] - asked.timestamp()


def _recoveries(house: House, enrolled: Enrolled) -> Iterator[float]:
    """Kill a worker in the middle of a job, while another lives; its second begin is what counts."""
    for number in itertools.count(ROUNDS):
        job, victim = _ask(house, enrolled, number), house.workers[number % 2]
        until(lambda: len(house.jobs.lines(job)) >= 2)  # noqa: B023
        killed = time.time()
        victim.kill()
        until(lambda: house.jobs.current(enrolled.id) is None)
        begun = _begun(house, job)
        if len(begun) > 1:  # else the other one was at it
            yield begun[1] - killed
        victim.start()
        until(lambda: victim.up)  # noqa: B023


def _begun(house: House, job: str) -> list[float]:
    """When workers took the job up, in order, as seconds of the epoch."""
    taken = select(HappeningRow).where(HappeningRow.kind == "begun").order_by(HappeningRow.id)
    with Session(house.engine) as session:
        return [row.at.timestamp() for row in session.scalars(taken) if row.details["job"] == job]
