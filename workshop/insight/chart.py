"""Draws how long runs took: the geometry of a small bar chart, for an SVG that a template writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workshop.insight.runs import Act, Run

WIDTH, HEIGHT = 420, 170
LEFT, TOP, BOTTOM = 46, 10, 24
MOST_BARS = 16
WIDEST_BAR = 34
LEAST = 2
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Piece:
    """The time of one stage in one run, as a rectangle; `shade` numbers the stages from 0."""

    stage: str
    seconds: float
    y: float
    height: float
    shade: int


@dataclass(frozen=True)
class Bar:
    """One run: a rectangle of its whole time, with its stages piled up in it."""

    run: Run
    x: float
    y: float
    width: float
    height: float
    pieces: tuple[Piece, ...]

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Tick:
    """A line across, at so many seconds."""

    seconds: float
    y: float


@dataclass(frozen=True)
class Chart:
    """Everything that the SVG needs; lengths in its own units."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    stages: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    ground: int = HEIGHT - BOTTOM


def durations(runs: Sequence[Run]) -> Chart | None:
    """The newest runs that are over, the oldest on the left; None where there are none."""
    shown = [run for run in runs if run.seconds is not None][:MOST_BARS][::-1]
    if not shown:
        return None
    top = _top(max(run.seconds or 0 for run in shown))
    scale = (HEIGHT - TOP - BOTTOM) / top
    stages = tuple(dict.fromkeys(act.stage for run in reversed(shown) for act in run.acts))
    slot = (WIDTH - LEFT) / len(shown)
    bars = tuple(_bar(run, LEFT + slot * place, slot, scale, stages) for place, run in enumerate(shown))
    ticks = tuple(Tick(part, round(HEIGHT - BOTTOM - part * scale, 1)) for part in (0, top / 2, top))
    return Chart(bars, ticks, stages)


def _top(longest: float) -> float:
    """A round number of seconds that is not below the longest run."""
    step = next((step for step in STEPS if step * 2 >= longest), 3600)
    return 2 * step * max(1, math.ceil(longest / (2 * step)))


def _bar(run: Run, x: float, slot: float, scale: float, stages: tuple[str, ...]) -> Bar:
    width = min(slot * 0.68, WIDEST_BAR)
    height = max(LEAST, (run.seconds or 0) * scale)
    y = HEIGHT - BOTTOM - height
    pieces = tuple(_pieces(run, scale, stages))
    return Bar(run, round(x + (slot - width) / 2, 1), round(y, 1), round(width, 1), round(height, 1), pieces)


def _pieces(run: Run, scale: float, stages: tuple[str, ...]) -> list[Piece]:
    """The stages from the ground up, each from its first action's begin to its last one's end."""
    pieces: list[Piece] = []
    y = float(HEIGHT - BOTTOM)
    for shade, stage in enumerate(stages):
        seconds = span([act for act in run.acts if act.stage == stage])
        if seconds > 0:
            y -= seconds * scale
            pieces.append(Piece(stage, seconds, round(y, 1), round(seconds * scale, 1), shade % 4))
    return pieces


def span(acts: Sequence[Act]) -> float:
    """Seconds from the first begin to the last end of these actions; 0 where none has ended."""
    ended = [act.ended for act in acts if act.ended]
    return (max(ended) - min(act.started for act in acts)).total_seconds() if ended else 0.0
