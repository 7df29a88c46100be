"""Prints what a room of attendees met: `python -m tests.load --people 300 --seconds 60`."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from tests.load.load import Route, loaded


@click.command()
@click.option("--people", default=300, show_default=True)
@click.option("--seconds", default=60, show_default=True, help="How long they work once all are there.")
@click.option("--webs", default=2, show_default=True, help="Web processes: one for each core.")
@click.option("--sandboxes", default=1, show_default=True)
@click.option("--rate", default=20.0, show_default=True, help="How many arrive in a second.")
@click.option("--postgresql", is_flag=True, help="On PostgreSQL instead of SQLite.")
def main(people: int, seconds: int, webs: int, sandboxes: int, rate: float, postgresql: bool) -> None:
    """Let a room fill and work, against real processes on this machine."""
    console = Console()
    with console.status(f"{people} people arrive, and work for {seconds} s …"):
        met = loaded(people, seconds, webs, sandboxes, rate, postgresql)
    console.print(_table(f"{met.arrived} people arrived within {met.arriving_seconds} s", met.arrivals))
    console.print(_table(f"They worked for {seconds} s", met.work))
    for words in met.wrong:
        console.print(f"[red]✕[/] {words}")
    if met.log:
        console.print(met.log, markup=False, highlight=False)
    sys.exit(1 if met.wrong or met.arrived < people else 0)


def _table(title: str, routes: tuple[Route, ...]) -> Table:
    table = Table("address", "asked", "a second", "p50 ms", "p95 ms", "bytes", "errors", title=title)
    for one in routes:
        times = (f"{one.p50:.0f}", f"{one.p95:.0f}")
        table.add_row(one.name, str(one.asked), str(one.rate), *times, str(one.bytes), str(one.failed))
    return table


main()
