"""Asynchronous events are tried three times (verified: AWS, asynchronous error handling)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.execution import Event, Execution
from workshop.sandbox.lambda_.later import AT_ONCE, MOST_WAITING, WORKERS, Later
from workshop.sandbox.lambda_.outcome import Outcome
from workshop.sandbox.lambda_.pool import throttled
from workshop.sandbox.lambda_.state import Code, Version

GOOD, BAD = Outcome(b"1"), Outcome(b'{"errorMessage": "no"}', failed=True)
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"
VERSION = Version(
    "f", "$LATEST", ARN, "role", "nodejs24.x", "h", Code("0", 1), datetime(2026, 1, 1, tzinfo=UTC), "1"
)
EVENT = Event(VERSION, b"{}", "request", ARN)


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


class SlowExecution(Execution):
    """Runs the events of one account until it is told to end; those of others at once."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.others: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.may_end = threading.Event()

    def run(self, event: Event, *, tail: bool = False) -> tuple[Outcome, bytes]:
        if event.version.arn != ARN:
            self.others.put(event.request_id)
            return GOOD, b""
        self.begun.put(event.request_id)
        assert self.may_end.wait(10)
        return GOOD, b""


@pytest.fixture
def slow() -> Iterator[tuple[SlowExecution, Later]]:
    execution = SlowExecution()
    later = Later(execution, lambda event: event, lambda _, __: None)
    later.start()
    yield execution, later
    execution.may_end.set()
    later.stop()


def test_slow_events_of_one_account_hold_up_nobody_elses(slow: tuple[SlowExecution, Later]) -> None:
    execution, later = slow
    for number in range(2 * WORKERS):
        later.put(replace(EVENT, request_id=str(number)))
    other = replace(VERSION, arn=ARN.replace("111122223333", "444455556666"))
    later.put(replace(EVENT, version=other, request_id="other"))
    assert execution.others.get(timeout=5) == "other"
    assert [execution.begun.get(timeout=5) for _ in range(AT_ONCE)] == ["0", "1", "2", "3"]
    assert execution.begun.empty()
    execution.may_end.set()
    rest = [execution.begun.get(timeout=5) for _ in range(2 * WORKERS - AT_ONCE)]
    assert sorted(map(int, rest)) == list(range(AT_ONCE, 2 * WORKERS))


def test_an_account_has_so_many_events_waiting_and_no_more(slow: tuple[SlowExecution, Later]) -> None:
    execution, later = slow
    for _ in range(AT_ONCE):
        later.put(EVENT)
        execution.begun.get(timeout=5)
    for _ in range(MOST_WAITING):
        later.put(EVENT)
    with pytest.raises(AwsError) as refused:
        later.put(EVENT)
    assert refused.value.code == "TooManyRequestsException"
