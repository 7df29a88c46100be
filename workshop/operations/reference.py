"""What a line of the log is about: the request, job or attendee that is at hand in this thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

Known = Callable[[], Mapping[str, object]]

_known: ContextVar[Known] = ContextVar("known", default=dict)


def at_hand() -> Mapping[str, object]:
    """What is known at this moment: {"job": …, "attendee": 7}."""
    return _known.get()()


def begin(known: Known) -> None:
    """From here on it is about what this tells, which is asked for each line."""
    _known.set(known)


def end() -> None:
    """From here on it is about nothing."""
    _known.set(dict)


@contextmanager
def about(**what: object) -> Iterator[None]:
    """Everything logged until this ends is about that as well."""
    outer = _known.get()
    token = _known.set(lambda: {**outer(), **what})
    try:
        yield
    finally:
        _known.reset(token)
