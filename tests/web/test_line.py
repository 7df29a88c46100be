"""Accounts are prepared a few at a time, in the order in which people came, and everybody is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.web.rough import until
from workshop.line import Line


class Work:
    """Things to do that end when they are let go; notes who was served."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self.go = threading.Event()

    def of(self, who: int) -> Callable[[], None]:
        def work() -> None:
            self.served.append(who)
            assert self.go.wait(10)

        return work


def test_people_are_served_in_order_a_few_at_a_time_and_know_their_place() -> None:
    line, work = Line(2, "test"), Work()
    coming = [line.join(who, work.of(who)) for who in (7, 3, 9, 1)]
    again = line.join(1, work.of(1))
    assert again is coming[3]
    until(lambda: len(work.served) == 2)
    assert [line.before(who) for who in (7, 3, 9, 1)] == [None, None, 0, 1]
    work.go.set()
    for one in coming:
        one.result(10)
    assert work.served[:2] in ([7, 3], [3, 7])
    assert sorted(work.served) == [1, 3, 7, 9]
    assert line.before(1) is None


def test_a_failure_is_told_once_and_then_begun_anew() -> None:
    line, tries = Line(1, "test"), []

    def fails() -> None:
        tries.append(1)
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        line.join(5, fails).result(10)
    with pytest.raises(ValueError, match="not today"):
        line.join(5, fails).result(10)  # whoever asks next is told
    with pytest.raises(ValueError, match="not today"):
        line.join(5, fails).result(10)
    assert len(tries) == 2
