"""An AWS that is killed and started again, and what the board says of it meanwhile."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.conftest import free_port
from tests.room.crowd import gather, steps
from tests.room.test_events import at_once
from tests.web.rough import Program, until
from workshop.config import Backend, Config
from workshop.lab import Aws
from workshop.models import BackendRow, connect, now
from workshop.room.boards import Board
from workshop.work.pulse import Pulse


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Program]:
    """A sandbox that may be killed; its port stands in its command."""
    port = str(free_port())
    words = ["sandbox", "--port", port, "--state", str(tmp_path / "aws")]
    program = Program(words, Config(state=tmp_path).environment(), lambda _: answers(port))
    program.start()
    until(lambda: program.up)
    yield program
    if program.process and program.process.poll() is None:
        program.kill()


def answers(port: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_aws/health", timeout=1):
        return True
    return False


@pytest.fixture
def config(tmp_path: Path, database: str, aws: Program) -> Config:
    """Two ways to an AWS: one that may be killed, and one under the name "other"."""
    endpoint = f"http://127.0.0.1:{aws.command[2]}"
    other = Backend(name="other", endpoint_url=endpoint)
    return Config(state=tmp_path, database_url=database, endpoint_url=endpoint, backends=(other,))


@pytest.fixture
def engine(config: Config) -> Iterator[Engine]:
    engine = connect(config.database)
    yield engine
    engine.dispose()


def test_an_aws_that_is_killed_is_told_of_until_it_answers_again(
    aws: Program, config: Config, engine: Engine
) -> None:
    route = steps(3)
    event = gather(engine, route, 4)
    board = Board(engine, event.id, route)

    def alerts() -> list[str]:
        board._fresh = float("-inf")
        return [one.kind for one in board.view(event).alerts if one.kind != "worker"]

    ended = threading.Event()
    thread = threading.Thread(target=Pulse(engine, config).serve, args=(ended,))
    thread.start()
    try:
        until(lambda: _row(engine, "") and _row(engine, "").seen)  # type: ignore[union-attr]
        assert alerts() == []
        aws.kill()
        until(lambda: alerts() == ["aws"], seconds=20)
        row = _row(engine, "")
        assert row
        assert row.down == row.seen
        assert "EndpointConnectionError" in row.words
        aws.start()
        until(lambda: aws.up)
        until(lambda: alerts() == [], seconds=20)
    finally:
        ended.set()
        thread.join()


def test_of_two_workers_it_is_enough_that_one_is_answered(config: Config, engine: Engine) -> None:
    hears = Pulse(engine, config)
    nowhere = config.model_copy(update={"endpoint_url": f"http://127.0.0.1:{free_port()}"})
    deaf = Pulse(engine, nowhere)
    hears.feel("")
    deaf.feel("")
    assert (row := _row(engine, "")) is not None
    assert row.down is None
    later = Pulse(engine, nowhere, lambda: now() + timedelta(seconds=6))
    later.feel("")
    assert (row := _row(engine, "")) is not None
    assert row.down == row.seen
    hears.feel("")
    assert (row := _row(engine, "")) is not None
    assert row.down is None


def test_whoever_first_asks_makes_the_row_once(config: Config, engine: Engine) -> None:
    pulses = [Pulse(engine, config) for _ in range(4)]
    assert at_once(4, lambda number: pulses[number].feel("other")) == []
    assert _row(engine, "other")


def test_a_refusal_is_an_answer_and_silence_is_none(aws: Program) -> None:
    assert Aws("eu-west-1", f"http://127.0.0.1:{aws.command[2]}").silent() == ""
    assert "Connect" in Aws("eu-west-1", f"http://127.0.0.1:{free_port()}").silent()


def _row(engine: Engine, name: str) -> BackendRow | None:
    with Session(engine) as session:
        return session.get(BackendRow, name)
