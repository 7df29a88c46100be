"""kill -9 at any moment: whatever was under way comes to its end, and nothing is there twice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import WORKER
from tests.sandbox import test_kill as of_the_sandbox
from tests.web.conftest import any_account
from tests.web.rough import PATIENCE, Attendee, House, Program, until
from workshop.config import Config
from workshop.labs import Labs
from workshop.models import HappeningRow
from workshop.sandbox.server import Server
from workshop.vault import Vault
from workshop.work.helping import INTERRUPTED

KILLS_WHILE_JOINING = 4
KILLS = 22  # on each database
LEAST_HIT = 3
# The kills of the sandbox in its own runs are the same for both databases.
IN_ALL = 50
MOST_PAUSE = 0.7
EARLY = 0.15  # of the kills, hit what has hardly started
COURSE = Path(__file__).parent / "rough_course"


@pytest.fixture
def house(config: Config, sandbox: Server, database: str, tmp_path: Path) -> Iterator[House]:
    """Two web apps and two workers, with account numbers that nobody else uses."""
    first = 300000000000 + WORKER * 1000000 + int(time.time()) % 100000 * 10
    changed = {"database_url": database, "course": COURSE, "first_account": first}
    changed["account_credentials"] = any_account(sandbox)
    there = House(config.model_copy(update=changed), tmp_path)
    there.start()
    yield there
    there.stop()


def test_kills_at_random_moments_lose_nothing_and_do_nothing_twice(house: House) -> None:
    attendees = [Attendee(house, handle, "make-things") for handle in ("anna", "boris")]
    attendees.append(Attendee(house, "carla", "run-it"))
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    killer = Killer(house, random.Random(seed))
    for one in attendees:
        one.start()
    killer.kill(KILLS_WHILE_JOINING, house.webs)
    until(lambda: all(one.joined.is_set() for one in attendees))
    killer.kill(KILLS, house.programs)
    assert killer.killed + of_the_sandbox.SANDBOXES * of_the_sandbox.KILLS >= IN_ALL
    for one in attendees:
        one.enough.set()
    for one in attendees:
        one.join(PATIENCE)
        assert not one.is_alive(), f"{one.handle} still waits"
        assert one.trouble is None, one.trouble
    assert house.two_at_once == ""
    assert _interrupted(house) >= LEAST_HIT, "the kills hit nothing"
    for one in attendees:
        _all_is_there_once(house, one)


class Killer:
    """Kills at random moments, and starts again what was killed."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self._house, self._chance = house, chance
        self.killed = 0

    def kill(self, times: int, among: list[Program]) -> None:
        for _ in range(times):
            victim = self._chance.choice(among) if self._chance.random() < EARLY else self._at_work(among)
            self.killed += victim.process is not None and victim.process.poll() is None
            victim.kill()
            victim.start()

    def _at_work(self, among: list[Program]) -> Program:
        """One that is up, a moment after it was found so."""
        until(lambda: any(one.up for one in among))
        found = self._chance.choice([one for one in among if one.up])
        if found in self._house.workers:
            until(lambda: self._house.busy)
        time.sleep(self._chance.uniform(0, MOST_PAUSE))
        return found


def _interrupted(house: House) -> int:
    """How many jobs were cut off; each of them says so, after the lines that it had."""
    with Session(house.engine) as session:
        begun = [row["job"] for row in session.scalars(select(HappeningRow.details).filter_by(kind="begun"))]
    again = {job for job in begun if begun.count(job) > 1}
    for job in again:
        assert INTERRUPTED in house.jobs.lines(job)
    return len(again)


def _all_is_there_once(house: House, one: Attendee) -> None:
    config = house.config
    labs = Labs(config, house.progress, Vault(config.secret_key))
    lab = labs.open(one.enrolled)
    assert one.rounds
    if one.slug == "run-it":
        runs = lab.client("codepipeline").list_pipeline_executions(pipelineName=lab.name("pipeline"))
        # One by itself when the pipeline was created, then one a round.
        assert len(runs["pipelineExecutionSummaries"]) == 1 + one.rounds
        return
    codecommit = lab.client("codecommit")
    names = codecommit.list_branches(repositoryName=lab.repository)["branches"]
    assert len(names) == 1 + 3 * one.rounds
    master = _tip(lab, lab.branch)
    for name in set(names) - {lab.branch}:
        commit = codecommit.get_commit(repositoryName=lab.repository, commitId=_tip(lab, name))["commit"]
        assert commit["parents"] == [master]


def _tip(lab: Any, name: str) -> str:
    codecommit = lab.client("codecommit")
    return str(codecommit.get_branch(repositoryName=lab.repository, branchName=name)["branch"]["commitId"])
