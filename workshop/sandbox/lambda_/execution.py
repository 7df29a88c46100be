"""Runs functions: finds an environment for an event and waits for the outcome."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass

from workshop.sandbox.call import AwsError
from workshop.sandbox.gate import Gate
from workshop.sandbox.lambda_.environment import Lost
from workshop.sandbox.lambda_.outcome import Outcome
from workshop.sandbox.lambda_.pool import Pool
from workshop.sandbox.lambda_.runtime import Work
from workshop.sandbox.lambda_.state import Version

LARGEST = {"RequestResponse": 6_291_456, "Event": 262_144}
TRIES = 3


@dataclass(frozen=True)
class Event:
    """An event on its way to a version of a function."""

    version: Version
    payload: bytes
    request_id: str
    invoked_arn: str
    reserved: int | None = None
    client_context: str | None = None


class Execution:
    """Runs one event at a time for its caller, in an environment of the pool."""

    def __init__(self, pool: Pool, gate: Gate) -> None:
        self._pool = pool
        self._gate = gate

    def run(self, event: Event, *, tail: bool = False) -> tuple[Outcome, bytes]:
        """The outcome and, if wanted, the end of the log; AwsError if there is no environment."""
        with self._gate.passing(event.version.account):
            return self._run(event, tail)

    def _run(self, event: Event, tail: bool) -> tuple[Outcome, bytes]:
        for _ in range(TRIES):
            environment = self._pool.take(event.version, event.reserved)
            try:
                return environment.invoke(_work(event), tail=tail)
            except Lost:
                continue
            finally:
                self._pool.give_back(environment)
        raise AwsError("ServiceException", "The execution environments ended before they began.", 500)


def fitting(payload: bytes, kind: str) -> bytes:
    """A payload of a size that Lambda takes; AwsError RequestTooLargeException."""
    if len(payload) > LARGEST[kind]:
        raise AwsError(
            "RequestTooLargeException",
            f"{len(payload)} byte payload is too large for the {kind} invocation type "
            f"(limit {LARGEST[kind]} bytes)",
            413,
            Type="User",
        )
    return payload


def checked(payload: bytes, kind: str) -> bytes:
    """An event's payload, `{}` for none; AwsError in Lambda's words if it is too large or no JSON."""
    if not payload:
        return b"{}"
    try:
        json.loads(fitting(payload, kind))
    except ValueError as malformed:
        raise AwsError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {malformed}",
            Type="User",
        ) from malformed
    return payload


def new_request_id() -> str:
    """What START, END and REPORT lines and the function's context will show."""
    return str(uuid.uuid4())


def _work(event: Event) -> Work:
    now = time.time()
    trace = f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
    return Work(
        event.request_id,
        event.payload,
        event.invoked_arn,
        now + event.version.timeout,
        trace,
        event.client_context,
    )
