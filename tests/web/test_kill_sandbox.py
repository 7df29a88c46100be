"""kill -9 of the local AWS in the middle of a job: the job says so, and the next click finishes it."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.web.rough import House, Program, Tab, until
from workshop.config import Config
from workshop.jobs import Outcome

COURSE = Path(__file__).parent / "rough_course"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Program]:
    """A sandbox that may be killed; it listens at the port of its command."""
    port = str(free_port())
    words = ["sandbox", "--port", port, "--state", str(tmp_path / "aws")]
    program = Program(words, Config(state=tmp_path).environment(), lambda _: _answers(port))
    program.start()
    until(lambda: program.up)
    yield program
    program.kill()


@pytest.fixture
def house(aws: Program, tmp_path: Path) -> Iterator[House]:
    _, _, port, _, state = aws.command
    words = f"{sys.executable} -m workshop sandbox credentials --account {{account}} --format process"
    config = Config(
        state=tmp_path / "house",
        secret="a secret of this test",
        endpoint_url=f"http://127.0.0.1:{port}",
        account_credentials=f"{words} --state {state}",
        course=COURSE,
    )
    there = House(config, tmp_path, webs=1, workers=1)
    there.start()
    yield there
    there.stop()


def test_a_job_whose_aws_is_killed_says_so_and_the_next_click_finishes_it(aws: Program, house: House) -> None:
    tab = Tab(house.ports[0], "paulf")
    tab.join()
    enrolled = house.progress.by_handle("paulf")
    assert enrolled
    house.progress.answers(enrolled.id)["round"] = "1"
    tab.press("/steps/make-things/do")
    until(lambda: (job := house.jobs.last(enrolled.id, "make-things")) and house.jobs.lines(job.id))
    aws.kill()
    until(lambda: house.jobs.current(enrolled.id) is None)
    job = house.jobs.last(enrolled.id, "make-things")
    assert job
    assert job.outcome == Outcome.REFUSED
    assert "Nothing is lost" in job.hint
    assert house.jobs.lines(job.id)
    aws.start()
    until(lambda: aws.up)
    until(lambda: tab.press("/steps/make-things/do").ok)
    until(lambda: house.jobs.current(enrolled.id) is None)
    again = house.jobs.last(enrolled.id, "make-things")
    assert again
    assert again.outcome == Outcome.DONE, again


def _answers(port: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_aws/health", timeout=1):
        return True
    return False
