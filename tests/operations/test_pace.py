"""Pages ask less often while a process is busy, and soon as often as before when it is not."""

from __future__ import annotations

from tests.web.conftest import Attending, Visitor
from workshop.operations.pace import AIM, MOST, Pace


class Clock:
    """A clock that stands still until it is moved on."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def passes(pace: Pace, clock: Clock, seconds: int, at_once: float) -> None:
    """So many requests are answered at once, for so long, each in a tenth of a second."""
    for _ in range(seconds * 10):
        clock.at += 0.1
        pace.note(at_once / 10)


def test_a_process_with_time_to_spare_is_asked_as_often_as_pages_like() -> None:
    clock = Clock()
    pace = Pace(clock)
    passes(pace, clock, 60, AIM * 0.9)
    assert pace.stretch == 1.0


def test_a_busy_one_asks_for_patience_within_limits_and_forgets_it_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    passes(pace, clock, 6, AIM * 2)
    assert 2 < pace.stretch < MOST
    passes(pace, clock, 60, AIM * 2)
    assert pace.stretch == MOST
    passes(pace, clock, 60, AIM * 0.7)
    assert pace.stretch == MOST, "with enough to do it stays as it is"
    clock.at += 30
    pace.note(0.1)
    assert 4 < pace.stretch < 6, "also where hardly anybody asks"
    passes(pace, clock, 120, 0.1)
    assert pace.stretch == 1.0


def test_attendees_pages_are_told_and_no_others(paul: Attending, visitor: Visitor) -> None:
    assert paul.visitor.get("/steps/read-this").headers["X-Pace"] == "1.0"
    assert 'data-stretch="1.0"' in paul.visitor.text("/steps/read-this")
    assert "X-Pace" not in visitor.get("/").headers
