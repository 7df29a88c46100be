"""Writes what functions print into CloudWatch Logs, in batches, as each function's own role."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.sandbox.call import AwsError

INTERVAL = 0.2
LARGEST_EVENT = 256 * 1024
LARGEST_BATCH = 1_048_576
MOST_EVENTS = 10_000
EVENT_OVERHEAD = 26
LARGEST_BACKLOG = 8 * LARGEST_BATCH
TAIL = 4096


class LogStream:
    """The log of one execution environment: takes bytes, makes events of lines.

    `client` gives a CloudWatch Logs client that acts as the function's role.  A role that may
    not write loses its log, nothing else, as in AWS.
    """

    def __init__(self, group: str, version: str, client: Callable[[], Any]) -> None:
        self.group = group
        self.name = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"
        self._client = client
        self._lock = threading.Lock()
        self._events: list[tuple[int, str]] = []
        self._backlog = 0
        self._dropped = 0
        self._partial = b""
        self._tail = b""
        self._made = False

    def write(self, output: bytes) -> None:
        """Take what the function printed; the last line may be unfinished."""
        with self._lock:
            self._tail = (self._tail + output.replace(b"\r", b"\n"))[-TAIL:]
            *lines, self._partial = (self._partial + output).split(b"\n")
            for line in lines:
                self._add(line)
            if len(self._partial) > LARGEST_EVENT:
                self._end_line()

    def say(self, line: str) -> None:
        """Add a line of Lambda's own."""
        with self._lock:
            self._end_line()
            self._tail = (self._tail + line.encode() + b"\n")[-TAIL:]
            self._add(line.replace("\n", "\r").encode())

    def begin(self) -> None:
        """From here on, `tail` is of the next invocation."""
        with self._lock:
            self._tail = b""

    def tail(self) -> bytes:
        """The last 4 KB since `begin`."""
        with self._lock:
            return self._tail

    def flush(self) -> None:
        """Send what has gathered."""
        while batch := self._batch():
            try:
                self._put(batch)
            except (ClientError, BotoCoreError, AwsError):
                return  # the role may not: the batch is lost, as in AWS

    def _end_line(self) -> None:
        if self._partial:
            self._add(self._partial)
            self._partial = b""

    def _add(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), LARGEST_EVENT):
            self._append(line[start : start + LARGEST_EVENT])

    def _append(self, line: bytes) -> None:
        if self._backlog > LARGEST_BACKLOG:
            self._dropped += len(line)
            return
        text = line.decode(errors="replace").replace("\r", "\n") + "\n"
        self._events.append((int(time.time() * 1000), text))
        self._backlog += len(line) + EVENT_OVERHEAD

    def _batch(self) -> list[tuple[int, str]]:
        with self._lock:
            if self._dropped and not self._events:
                self._append(f"({self._dropped} bytes of output came too fast and were dropped)".encode())
                self._dropped = 0
            size = count = 0
            for count, (_, text) in enumerate(self._events[:MOST_EVENTS], start=1):
                size += len(text.encode()) + EVENT_OVERHEAD
                if size > LARGEST_BATCH:
                    count -= 1
                    break
            batch, self._events = self._events[:count], self._events[count:]
            self._backlog = 0 if not self._events else max(self._backlog - size, 0)
            return batch

    def _put(self, batch: list[tuple[int, str]]) -> None:
        client = self._client()
        if not self._made:
            self._make(client)
        client.put_log_events(
            logGroupName=self.group,
            logStreamName=self.name,
            logEvents=[{"timestamp": moment, "message": text} for moment, text in batch],
        )

    def _make(self, client: Any) -> None:
        try:
            client.create_log_stream(logGroupName=self.group, logStreamName=self.name)
        except client.exceptions.ResourceNotFoundException:
            with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_group(logGroupName=self.group)
            client.create_log_stream(logGroupName=self.group, logStreamName=self.name)
        self._made = True


class Scribe:
    """Flushes every open log stream a few times a second, in one thread."""

    def __init__(self) -> None:
        self._streams: set[LogStream] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, name="lambda-logs", daemon=True)

    def open(self, stream: LogStream) -> LogStream:
        with self._lock:
            self._streams.add(stream)
        return stream

    def close(self, stream: LogStream) -> None:
        """The stream's last lines are still written."""
        with self._lock:
            self._streams.discard(stream)
        stream.flush()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _write(self) -> None:
        while not self._ended.wait(INTERVAL):
            with self._lock:
                streams = list(self._streams)
            for stream in streams:
                stream.flush()
