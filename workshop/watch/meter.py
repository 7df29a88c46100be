"""Counts the requests that really go out to AWS, tries again included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from workshop.operations.counters import answered


class Meter:
    """How many requests have gone out."""

    def __init__(self) -> None:
        self.calls = 0


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what this thread sends until this ends; whoever counts around it counts that as well."""
    outer, meter = _meter.get(), Meter()
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)
        if outer is not None:
            outer.calls += meter.calls


def count(client: Any) -> None:
    """Let a boto3 client be counted (botocore's event `before-send`: once for each try)."""

    def sends(**_: Any) -> None:
        if (meter := _meter.get()) is not None:
            meter.calls += 1

    client.meta.events.register("before-send.*.*", sends)
    client.meta.events.register("response-received.*.*", answered)
