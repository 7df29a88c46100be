"""Asynchronous events are tried three times (verified: AWS, asynchronous error handling)."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.execution import Event, Execution
from workshop.sandbox.lambda_.later import Later
from workshop.sandbox.lambda_.outcome import Outcome
from workshop.sandbox.lambda_.pool import throttled
from workshop.sandbox.lambda_.state import Code, Version

GOOD, BAD = Outcome(b"1"), Outcome(b'{"errorMessage": "no"}', failed=True)
VERSION = Version(
    "f", "$LATEST", "arn:f", "role", "nodejs24.x", "h", Code("0", 1), datetime(2026, 1, 1, tzinfo=UTC), "1"
)
EVENT = Event(VERSION, b"{}", "request", "arn:f")


class FakeExecution(Execution):
    """Has these outcomes, one after the other, and tells of each try."""

    def __init__(self, *outcomes: Outcome | AwsError) -> None:
        self._outcomes = list(outcomes)
        self.tries: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self, event: Event, *, tail: bool = False) -> tuple[Outcome, bytes]:
        outcome = self._outcomes.pop(0)
        self.tries.put("refused" if isinstance(outcome, AwsError) else "failed" if outcome.failed else "done")
        if isinstance(outcome, AwsError):
            raise outcome
        return outcome, b""


class Desk:
    """A queue without delays, and what it gave up."""

    def __init__(self) -> None:
        self.lost: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.later: Later | None = None

    def put(self, *outcomes: Outcome | AwsError, retries: int = 2) -> FakeExecution:
        execution = FakeExecution(*outcomes)
        self.later = Later(
            execution, lambda event: event, lambda event, _: self.lost.put(event.request_id), (0, 0)
        )
        self.later.start()
        self.later.put(EVENT, retries)
        return execution


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    if made.later:
        made.later.stop()


def test_a_failing_event_is_tried_twice_more_and_then_given_up(desk: Desk) -> None:
    execution = desk.put(BAD, BAD, BAD)
    assert [execution.tries.get(timeout=5) for _ in range(3)] == ["failed"] * 3
    assert desk.lost.get(timeout=5) == "request"


def test_an_event_that_succeeds_is_not_tried_again(desk: Desk) -> None:
    execution = desk.put(BAD, GOOD)
    assert [execution.tries.get(timeout=5) for _ in range(2)] == ["failed", "done"]
    assert desk.lost.empty()


def test_the_number_of_tries_can_be_set(desk: Desk) -> None:
    desk.put(BAD, retries=0)
    assert desk.lost.get(timeout=5) == "request"


def test_being_throttled_is_no_failure(desk: Desk) -> None:
    execution = desk.put(throttled("x"), GOOD, retries=0)
    assert [execution.tries.get(timeout=10) for _ in range(2)] == ["refused", "done"]
    assert desk.lost.empty()
