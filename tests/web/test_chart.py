"""The bars of the small chart: as long as the runs, piled up by stage, never outside the picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workshop.insight.chart import HEIGHT, MOST_BARS, WIDTH, durations
from workshop.insight.runs import Act, Run

BEGAN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def act(stage: str, start: float, end: float) -> Act:
    times = (BEGAN + timedelta(seconds=start), BEGAN + timedelta(seconds=end))
    return Act(stage, stage, "", "", "Succeeded", *times, "", "", "", "", (), ())


def run(seconds: float | None, *acts: Act, status: str = "Succeeded") -> Run:
    ended = None if seconds is None else BEGAN + timedelta(seconds=seconds)
    return Run("0123456789", status, BEGAN, ended, "", "", "", acts)


def test_without_runs_that_are_over_there_is_no_chart() -> None:
    assert durations([]) is None
    assert durations([run(None, status="InProgress")]) is None


@pytest.mark.parametrize("longest", [0, 0.4, 3, 59, 61, 1000, 100_000])
def test_no_bar_leaves_the_picture(longest: float) -> None:
    chart = durations([run(longest), run(longest / 2), run(0)])
    assert chart
    assert all(bar.y >= 0 and bar.y + bar.height <= HEIGHT for bar in chart.bars)
    assert all(chart.left <= bar.x and bar.x + bar.width <= WIDTH for bar in chart.bars)


def test_the_newest_run_stands_on_the_right() -> None:
    chart = durations([run(8), run(2)])
    assert chart
    assert [bar.run.seconds for bar in chart.bars] == [2, 8]


def test_a_bar_is_as_long_as_its_run() -> None:
    chart = durations([run(8), run(2)])
    assert chart
    short, long = chart.bars
    assert long.height == pytest.approx(4 * short.height, abs=0.2)


def test_stages_are_piled_up_in_their_order() -> None:
    chart = durations([run(10, act("Source", 0, 2), act("Build", 2, 9))])
    assert chart
    assert [(piece.stage, piece.seconds) for piece in chart.bars[0].pieces] == [("Source", 2), ("Build", 7)]
    assert chart.bars[0].pieces[1].y < chart.bars[0].pieces[0].y


def test_of_many_runs_the_newest_are_drawn() -> None:
    chart = durations([run(seconds) for seconds in range(40, 0, -1)])
    assert chart
    assert len(chart.bars) == MOST_BARS
    assert chart.bars[-1].run.seconds == 40
