"""How an invocation ends, and the words in which Lambda reports it to the caller and in the log."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

from workshop.sandbox.lambda_.runtime import LARGEST_RESPONSE, Answered, Gone

SIGNALS = {134: "aborted", 137: "killed", 139: "segmentation fault", 143: "terminated"}


@dataclass(frozen=True)
class Outcome:
    """`payload` goes to the caller; `failed` says that it is an error's description.

    `status` ("timeout" or "error") and `error_type` stand in the log's REPORT line where the
    platform, not the function's own code, ended the invocation; `note` is a log line of its own.
    """

    payload: bytes
    failed: bool = False
    status: str = ""
    error_type: str = ""
    note: str = ""


def answered(answer: Answered) -> Outcome:
    """The function's own answer or error."""
    if answer.too_large:
        kind = "Function.ResponseSizeTooLarge"
        text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
        return Outcome(_error(kind, text), failed=True, status="error", error_type=kind)
    return Outcome(answer.payload, failed=answer.failed)


def timed_out(request_id: str, seconds: float) -> Outcome:
    """The function did not answer within its timeout."""
    text = f"Task timed out after {seconds:.2f} seconds"
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Outcome(
        _error("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}"),
        failed=True,
        status="timeout",
        note=f"{now} {request_id} {text}",
    )


def exited(request_id: str, gone: Gone) -> Outcome:
    """The function's process ended without an answer."""
    kind = "Runtime.OutOfMemory" if gone.killed == "memory" else "Runtime.ExitError"
    text = f"RequestId: {request_id} Error: {_cause(gone)}"
    return Outcome(_error(kind, text), failed=True, status="error", error_type=kind, note=f"{text}\n{kind}")


def init_failed(payload: bytes) -> Outcome:
    """The function's code could not be loaded; what its runtime says of it is the answer."""
    try:
        kind = str(json.loads(payload)["errorType"])
    except (ValueError, KeyError, TypeError):
        kind = "Runtime.Unknown"
    return Outcome(payload, failed=True, status="error", error_type=kind)


def report(request_id: str, outcome: Outcome, millis: float, size: int, used: int, init: float | None) -> str:
    """The REPORT line.  `millis` and `init` in milliseconds, `size` and `used` in MB."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {millis:.2f} ms",
        f"Billed Duration: {math.ceil(millis)} ms",
        f"Memory Size: {size} MB",
        f"Max Memory Used: {used} MB",
    ]
    if init is not None:
        parts.append(f"Init Duration: {init:.2f} ms")
    return "\t".join([*parts, *_status(outcome)]) + "\t"


def init_report(outcome: Outcome, phase: str, millis: float) -> str:
    """The INIT_REPORT line, which only a failed initialisation has."""
    return "\t".join([f"INIT_REPORT Init Duration: {millis:.2f} ms", f"Phase: {phase}", *_status(outcome)])


def _status(outcome: Outcome) -> list[str]:
    status = [f"Status: {outcome.status}"] if outcome.status else []
    return [*status, *([f"Error Type: {outcome.error_type}"] if outcome.error_type else [])]


def _cause(gone: Gone) -> str:
    if gone.killed:
        return "Runtime exited with error: signal: killed"
    if gone.status == 0:
        return "Runtime exited without providing a reason"
    if gone.status in SIGNALS:
        return f"Runtime exited with error: signal: {SIGNALS[gone.status]}"
    return f"Runtime exited with error: exit status {gone.status}"


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()
