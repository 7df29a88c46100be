"""Prints goal beside measured ratio, all in one run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.delivery import delivered
from tests.bench.endpoint import measure
from tests.bench.jobs import worked
from tests.bench.lab import bench
from tests.bench.live import asked
from tests.bench.pages import Pages, served
from tests.bench.restart import restarted
from tests.bench.room import CHANGED, PEOPLE, STEPS, Board, watched
from tests.bench.start import to_first_page
from tests.bench.walk import walked
from workshop.watch.budget import A_MINUTE


def main() -> None:
    """Measure everything; a row a figure."""
    console = Console()
    table = Table("what", "goal", "measured", "seconds")
    with console.status("Walking the course …") as status:
        with bench() as one:
            walk, check, seconds = walked(one)
            status.update("Pushing and waiting for the page …")
            push, push_seconds = delivered(one)
            status.update("Starting the sandbox again …")
            starts = restarted(one)
        with bench() as one:
            status.update("Doing jobs, and killing who does them …")
            begun, recovered = worked(one)
            status.update("Letting a page stand open …")
            calls = asked(one)
        status.update("Starting everything …")
        with tempfile.TemporaryDirectory() as folder:
            first_page = to_first_page(Path(folder))
        status.update("Sending requests …")
        with tempfile.TemporaryDirectory() as folder:
            rates = measure(Path(folder))
        status.update("Asking for pages at 1,000 accounts …")
        pages = served()
        status.update("Watching a full room …")
        with tempfile.TemporaryDirectory() as folder:
            board = watched(Path(folder))
    table.add_row("push to page, over the bare commands", "≤ 1.5", f"{push:.2f}", f"{push_seconds:.1f}")
    for name, ratio in rates.items():
        table.add_row(f"{name}: requests a second, over plain moto", "≥ 1.5", f"{ratio:.2f}", "")
    table.add_row("a check, over its slowest AWS call: median claim", "≤ 1.5", f"{check.median:.2f}", "")
    table.add_row("a check, over its slowest AWS call: worst claim", "≤ 1.5", f"{check.worst:.2f}", "")
    table.add_row('the walk by "Do it for me", over its runs', "≤ 1.5", f"{walk:.2f}", f"{seconds:.1f}")
    for attendees in (1, 50):
        words = f"a restart with {attendees} attendee{'s' if attendees > 1 else ''}, over an empty start"
        ratio = starts[attendees] / starts[0]
        table.add_row(words, "≤ 2.0", f"{ratio:.2f}", f"{starts[attendees]:.1f}")
    table.add_row("a job, from the click to its begin: median", "≤ 0.5 s", "", f"{begun:.2f}")
    table.add_row("a job, from kill -9 of its worker to its going on", "≤ 4 s", "", f"{recovered:.2f}")
    table.add_row("the second start, to the first page", "≤ 3 s", "", f"{first_page:.2f}")
    table.add_row("a page in sight, live look off: AWS calls a minute", "", f"{calls.off}", "")
    more = calls.on - calls.off
    table.add_row("the same with the live look on, over that", f"≤ +{A_MINUTE}", f"+{more}", "")
    table.add_row("the same a minute later, live look on: all calls", f"≤ {A_MINUTE}", f"{calls.later}", "")
    _add_pages(table, pages)
    _add_board(table, board)
    console.print(table)


def _add_pages(table: Table, pages: Pages) -> None:
    """Plain figures, and beside them what this machine makes of the least that there is."""
    kinds = {
        "a step's page": pages.step,
        "its poll for news, none there": pages.news,
        "the board, 1,000 rows": pages.board,
        "the board's delta, nothing new": pages.delta,
        "calibration: a trivial Flask page": pages.trivial,
    }
    for name, one in kinds.items():
        words = f"{name}, 1,000 accounts, one process: a second"
        table.add_row(words, "", f"{one.a_second:.0f}", f"{one.cpu:.1f} ms CPU")
    table.add_row("calibration: five million turns of a loop", "", "", f"{pages.loop:.2f}")


def _add_board(table: Table, board: Board) -> None:
    """What a full room costs to look at."""
    page, part = f"{board.first_bytes / 1000:.0f} kB", f"{board.delta_bytes / 1000:.1f} kB"
    what = f"the board of {PEOPLE} people, {STEPS} steps"
    for words, goal, size, took in (
        (f"{what}: a page", "≤ 0.5 s", page, board.first),
        (f"{what}: {CHANGED} rows changed", "≤ 0.25 s", part, board.delta),
        (f"{what}: nothing changed", "≤ 0.1 s", "", board.silence),
        (f"{what}: a process's first look, at {board.rows} rows", "≤ 5 s", "", board.cold),
    ):
        table.add_row(words, goal, size, f"{took / 1000:.3f}")


main()
