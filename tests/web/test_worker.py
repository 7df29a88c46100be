"""The worker as a process: it does jobs, and a kill in the middle loses none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.web.conftest import Attending
from workshop.config import Config
from workshop.guide import Guide
from workshop.jobs import Job, Outcome

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(config: Config) -> Iterator[Start]:
    """Starts workers, and ends what is left of them."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "workshop", "worker"]
        started.append(subprocess.Popen(command, env=config.environment()))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def until(there: Callable[[], object], seconds: float = 40) -> None:
    last = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < last, "it did not come"
        time.sleep(0.05)


def ended(guide: Guide, job: Job) -> bool:
    now = guide.jobs.get(job.id)
    return now is not None and not now.open


def test_a_click_made_before_the_worker_came_is_done(paul: Attending, guide: Guide, start: Start) -> None:
    job = guide.do(paul.enrolled, "make-a-branch")
    start()
    until(lambda: ended(guide, job))
    done = guide.jobs.get(job.id)
    assert done
    assert done.outcome == Outcome.DONE
    assert guide.task(paul.enrolled, "make-a-branch").passed
    assert guide.jobs.worker_alive()


def test_what_a_killed_worker_had_begun_another_brings_to_its_end(
    paul: Attending, guide: Guide, start: Start
) -> None:
    job = guide.do(paul.enrolled, "take-long")
    first = start()
    until(lambda: "Part 3 of 8" in guide.jobs.lines(job.id))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not ended(guide, job)
    start()
    until(lambda: ended(guide, job))
    assert guide.task(paul.enrolled, "take-long").passed
    assert guide.jobs.lines(job.id).count("Part 8 of 8") == 1


def test_two_workers_do_a_job_once(paul: Attending, guide: Guide, start: Start) -> None:
    start()
    start()
    until(guide.jobs.worker_alive)
    job = guide.do(paul.enrolled, "take-long")
    until(lambda: ended(guide, job))
    assert guide.jobs.lines(job.id).count("Part 1 of 8") == 1


def test_a_worker_that_is_asked_to_end_does_so_at_once(guide: Guide, start: Start) -> None:
    process = start()
    until(guide.jobs.worker_alive)
    process.terminate()
    assert process.wait(timeout=5) == 0
    until(lambda: not guide.jobs.worker_alive(), seconds=2)
