"""A build's log: the agent's lines and what the commands print, written out while it runs."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

PAUSE = 0.2  # seconds in which lines are gathered before they are written
LARGEST_OUTPUT = 8 * 1024 * 1024
MOST_LINES = 50_000
LONGEST_LINE = 32 * 1024
BATCH_EVENTS, BATCH_BYTES, EVENT_OVERHEAD = 10_000, 1_000_000, 26  # CloudWatch Logs quotas

Event = dict[str, Any]  # {"timestamp": milliseconds, "message": text}


class BuildLog:
    """Takes what a build says and hands it to `write` in batches, from a thread of its own.

    Of what the commands print, LARGEST_OUTPUT bytes or MOST_LINES lines are kept, then a line
    says so; the build goes on.  `secrets` never appear: CodeBuild shows `***` instead.
    """

    def __init__(self, write: Callable[[list[Event]], None]) -> None:
        self._write = write
        self._waiting: list[Event] = []
        self._partial = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._room = LARGEST_OUTPUT
        self._lines = MOST_LINES
        self._secrets: list[str] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._flush_on, name="build-log", daemon=True)
        self._thread.start()

    def hide(self, secrets: Iterable[str]) -> None:
        """Never show these texts."""
        self._secrets = sorted({*self._secrets, *filter(None, secrets)}, key=len, reverse=True)

    def say(self, text: str) -> None:
        """A line of the agent's own."""
        self.end_line()
        stamp = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        self._add([f"[Container] {stamp} {text}\n"])

    def blank(self) -> None:
        """An empty line."""
        self.end_line()
        self._add(["\n"])

    def output(self, chunk: bytes) -> None:
        """What a command printed; lines are kept whole."""
        if self._cut:
            return
        self._room -= len(chunk)
        *lines, self._partial = (self._partial + self._decoder.decode(chunk)).split("\n")
        self._lines -= len(lines)
        self._add(piece for line in lines for piece in pieces(line + "\n"))
        if len(self._partial) > LONGEST_LINE:
            self.end_line()
        if self._cut:
            self.say(
                f"The log is cut here: of what commands print, it takes {LARGEST_OUTPUT} bytes or "
                f"{MOST_LINES} lines. The build goes on."
            )

    def end_line(self) -> None:
        """Write out a line that has not come to its end."""
        partial, self._partial = self._partial, ""
        if partial:
            self._add(pieces(partial + "\n"))

    def close(self) -> None:
        """Write what is left; returns when it is written."""
        self.end_line()
        self._closing.set()
        self._news.set()
        self._thread.join()

    @property
    def _cut(self) -> bool:
        return self._room <= 0 or self._lines <= 0

    def _add(self, lines: Iterable[str]) -> None:
        stamp = int(time.time() * 1000)
        events = [{"timestamp": stamp, "message": self._masked(line)} for line in lines]
        with self._lock:
            self._waiting += events
        self._news.set()

    def _masked(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line

    def _flush_on(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()  # before asking for the end: else the news of it could be lost
            ending = self._closing.wait(PAUSE)
            with self._lock:
                waiting, self._waiting = self._waiting, []
            for batch in batches(waiting):
                self._write(batch)
            if ending:
                return


def pieces(line: str) -> Iterator[str]:
    """The line in parts that fit into an event of CloudWatch Logs."""
    for start in range(0, len(line), LONGEST_LINE):
        yield line[start : start + LONGEST_LINE]


def batches(events: list[Event]) -> Iterator[list[Event]]:
    """The events in as few PutLogEvents calls as the quotas allow."""
    batch: list[Event] = []
    size = 0
    for event in events:
        length = len(event["message"].encode()) + EVENT_OVERHEAD
        if batch and (len(batch) == BATCH_EVENTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch
