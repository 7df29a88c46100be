"""The Lambda Runtime API of one execution environment, on a unix socket that is mounted into it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import json
import queue
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = "/2018-06-01/runtime"
LARGEST_RESPONSE = 6_291_556
LONGEST_LINE = 64 * 1024
PATH = re.compile(
    rf"{ROOT}/(?:(?P<next>invocation/next)|(?P<init>init/error)|invocation/(?P<id>[^/]+)/(?P<kind>response|error))"
)


@dataclass(frozen=True)
class Work:
    """One event for the function.  `deadline` is in epoch seconds."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline: float
    trace_id: str
    client_context: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """How the Runtime API hands over all but the payload."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(self.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        if self.client_context:
            headers["Lambda-Runtime-Client-Context"] = self.client_context
        return headers


@dataclass(frozen=True)
class Asked:
    """The function is ready: it asks for its next event."""


@dataclass(frozen=True)
class Answered:
    """The function's answer to an event, or its error."""

    request_id: str
    payload: bytes
    failed: bool
    too_large: bool = False


@dataclass(frozen=True)
class InitFailed:
    """The function's code could not be loaded."""

    payload: bytes


@dataclass(frozen=True)
class Gone:
    """The environment's process has ended.  `killed` says why from outside, if so."""

    status: int
    killed: str | None


Signal = Asked | Answered | InitFailed | Gone


@dataclass(frozen=True)
class Reply:
    """What the Runtime API answers to one request."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class RuntimeApi:
    """Hands work to the runtime that connects, and puts what the runtime says on `signals`."""

    def __init__(self, path: Path, signals: queue.SimpleQueue[Signal]) -> None:
        self._signals = signals
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._current: Work | None = None
        self._closed = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o666)  # the box's user is another one; the folder around it is private
        self._listener.listen()
        threading.Thread(target=self._accept, name="runtime-api", daemon=True).start()

    def give(self, work: Work) -> None:
        """Let the runtime have its next event."""
        self._work.put(work)

    def took(self, work: Work) -> bool:
        """Whether the runtime has fetched this event."""
        return self._current is work

    def close(self) -> None:
        """Stop listening and end waiting connections."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._work.put(None)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="runtime-api", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError, ValueError):
            while line := stream.readline(LONGEST_LINE):
                method, path, _ = line.decode("latin1").split(" ", 2)
                reply = self._answer(method, path, _body(stream))
                if reply is None:
                    return
                connection.sendall(_serialized(reply))

    def _answer(self, method: str, path: str, body: bytes) -> Reply | None:
        match = PATH.fullmatch(path)
        if not match:
            return _refusal(404, "InvalidPath", f"There is no {path}")
        if match["next"] and method == "GET":
            return self._next()
        if match["init"] and method == "POST":
            self._signals.put(InitFailed(body))
            return Reply(202)
        if match["id"] and method == "POST":
            return self._take(match["id"], match["kind"] == "error", body)
        return _refusal(405, "InvalidMethod", f"{method} is not allowed here")

    def _next(self) -> Reply | None:
        self._signals.put(Asked())
        work = self._work.get()
        if work is None:
            return None
        self._current = work
        return Reply(200, work.payload, work.headers)

    def _take(self, request_id: str, failed: bool, body: bytes) -> Reply:
        if self._current is None or self._current.request_id != request_id:
            return _refusal(400, "InvalidRequestID", "Invalid request ID")
        if len(body) > LARGEST_RESPONSE:
            self._signals.put(Answered(request_id, b"", failed=True, too_large=True))
            return _refusal(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
        self._signals.put(Answered(request_id, body, failed))
        return Reply(202)


def _body(stream: IO[bytes]) -> bytes:
    """The rest of a request; only its length is of interest in the head."""
    length = 0
    while (line := stream.readline(LONGEST_LINE)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return stream.read(length)


def _serialized(reply: Reply) -> bytes:
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(reply.body)),
        **reply.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} -\r\n{head}\r\n".encode("latin1") + reply.body


def _refusal(status: int, kind: str, message: str) -> Reply:
    return Reply(status, json.dumps({"errorType": kind, "errorMessage": message}).encode())
