"""How output becomes log events, and in which words an invocation is reported.

The lines are verified against AWS's developer guide (monitoring functions, runtime errors).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from workshop.sandbox.lambda_.logs import LARGEST_BATCH, LogStream
from workshop.sandbox.lambda_.outcome import Outcome, answered, exited, init_report, report, timed_out
from workshop.sandbox.lambda_.runtime import Answered, Gone


class FakeLogs:
    """CloudWatch Logs, as far as a stream uses it."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []

    def create_log_stream(self, **_: str) -> None:
        """Streams are always welcome."""

    def put_log_events(self, logEvents: list[dict[str, Any]], **_: str) -> None:  # noqa: N803
        self.batches.append(logEvents)


def written(*pieces: bytes) -> tuple[list[str], FakeLogs]:
    logs = FakeLogs()
    stream = LogStream("/aws/lambda/f", "$LATEST", lambda: logs)
    for piece in pieces:
        stream.write(piece)
    stream.say("END")
    stream.flush()
    return [event["message"] for batch in logs.batches for event in batch], logs


OUTPUT = {
    "a line": ([b"one\n"], ["one\n"]),
    "two lines at once": ([b"one\ntwo\n"], ["one\n", "two\n"]),
    "a line in pieces": ([b"o", b"ne\n"], ["one\n"]),
    "a line without an end": ([b"one"], ["one\n"]),
    "a record of two lines": ([b"one\rtwo\n"], ["one\ntwo\n"]),
    "no text": ([b"\xff\n"], ["\ufffd\n"]),
}


@pytest.mark.parametrize("kind", OUTPUT)
def test_every_line_is_an_event(kind: str) -> None:
    pieces, messages = OUTPUT[kind]
    assert written(*pieces)[0] == [*messages, "END\n"]


def test_no_batch_is_larger_than_cloudwatch_takes() -> None:
    messages, logs = written(*[b"x" * 200_000 + b"\n"] * 12)
    assert len(messages) == 13
    sizes = [sum(len(event["message"]) + 26 for event in batch) for batch in logs.batches]
    assert max(sizes) <= LARGEST_BATCH + 26


def test_the_stream_is_named_by_day_and_version() -> None:
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[7\][0-9a-f]{32}", LogStream("g", "7", FakeLogs).name)


EXITS = {
    (0, None): ("Runtime.ExitError", "Runtime exited without providing a reason"),
    (3, None): ("Runtime.ExitError", "Runtime exited with error: exit status 3"),
    (137, None): ("Runtime.ExitError", "Runtime exited with error: signal: killed"),
    (139, None): ("Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
    (137, "memory"): ("Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
}


@pytest.mark.parametrize("ended", EXITS)
def test_a_process_that_ends_is_explained(ended: tuple[int, str | None]) -> None:
    kind, text = EXITS[ended]
    outcome = exited("r", Gone(*ended))
    assert json.loads(outcome.payload) == {"errorType": kind, "errorMessage": f"RequestId: r Error: {text}"}


def test_a_timeout_is_told_to_the_hundredth() -> None:
    outcome = timed_out("r", 3)
    message = json.loads(outcome.payload)["errorMessage"]
    assert message == "RequestId: r Error: Task timed out after 3.00 seconds"


def test_too_large_a_response_is_an_error() -> None:
    outcome = answered(Answered("r", b"", failed=True, too_large=True))
    assert json.loads(outcome.payload)["errorType"] == "Function.ResponseSizeTooLarge"


def test_the_report_line_is_lambdas() -> None:
    line = report("r", Outcome(b""), 3.4449, 128, 66, 150.123)
    assert line == (
        "REPORT RequestId: r\tDuration: 3.44 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 66 MB\tInit Duration: 150.12 ms\t"
    )
    failed = init_report(Outcome(b"", status="error", error_type="X"), "init", 1)
    assert failed == "INIT_REPORT Init Duration: 1.00 ms\tPhase: init\tStatus: error\tError Type: X"
