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
from tests.bench.restart import restarted
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
    console.print(table)


main()
