"""What is done with events, facilitators and accounts from the command line of a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workshop.config import Config

if TYPE_CHECKING:  # the command that every new account waits for need not load it
    from sqlalchemy import Engine

STATE = click.option("--state", type=click.Path(path_type=Path), help="The folder that holds all state.")
URL = click.option("--url", help="How browsers reach the pages: https://workshop.example.org.")


@click.group()
def facilitator() -> None:
    """Let people run events, on a server."""


@facilitator.command("set-up-link")
@STATE
@URL
def set_up_link(state: Path | None, url: str | None) -> None:
    """Print the link that makes its first visitor the owner, while there is none."""
    from workshop.room import welcome

    config = _config(state)
    link = welcome.set_up_link(config, _pages(config, url))
    if not link:
        raise click.ClickException("There is an owner already: they let others in, on the page “People”.")
    click.echo(link)


@facilitator.command("reset-password")
@STATE
@URL
@click.argument("login")
def reset_password(state: Path | None, url: str | None, login: str) -> None:
    """Print a link by which LOGIN chooses another password, once."""
    from workshop.room.attempts import Attempts
    from workshop.room.staff import Staff
    from workshop.room.welcome import Welcome

    config = _config(state)
    with _database(config) as engine:
        staff = Staff(engine)
        who = staff.by_login(login)
        if who is None:
            raise click.ClickException(f"Nobody who may run events has the login {login!r}.")
        Attempts(engine, config.secret_key).forget(login)
        staff.record(None, "reset-password", person=who.id)
    click.echo(f"{_pages(config, url)}/staff/welcome/{Welcome(staff, config.secret_key).choose(who)}")


@contextlib.contextmanager
def _database(config: Config) -> Iterator[Engine]:
    from workshop.models import connect

    engine = connect(config.database)
    try:
        yield engine
    finally:
        engine.dispose()


def _config(state: Path | None) -> Config:
    return Config(state=state) if state else Config()


def _pages(config: Config, url: str | None) -> str:
    """Where browsers find the pages: as said, by the first name that is configured, or here."""
    name = config.hosts.split(",")[0].strip()
    here = f"http://{'127.0.0.1' if config.host == '0.0.0.0' else config.host}:{config.port}"
    return (url or (f"https://{name}" if name else here)).rstrip("/")


@click.group()
def event() -> None:
    """Make, list and close events, on a server."""


@event.command("list")
@STATE
def list_events(state: Path | None) -> None:
    """Print each event: its code, how far it has come, how many are in, its name."""
    from workshop.models import now
    from workshop.room.events import Events

    with _database(_config(state)) as engine:
        events = Events(engine)
        crowds, found = events.crowds(), events.all()
    for one in found:
        many = f"{crowds.get(one.id, 0)}/{one.capacity}"
        click.echo(
            f"{one.code:<14}{one.phase(now()):<10}{many:>9}  {one.starts:%Y-%m-%d %H:%M} UTC  {one.name}"
        )


@event.command("create")
@STATE
@click.option("--name", required=True)
@click.option("--starts", help="2026-11-28T18:30; in a quarter of an hour unless said.")
@click.option("--ends", help="Three hours later unless said.")
@click.option("--zone", help="The zone of these times: Europe/Berlin (UTC).")
@click.option("--region", help="eu-west-1")
@click.option("--prefix", help="2 to 8 small letters and digits.")
@click.option("--capacity", help="How many people at most (40).")
@click.option("--welcome", help="What people read when they join.")
@click.option("--gated", is_flag=True, help="Open chapters one by one.")
@URL
def create_event(state: Path | None, url: str | None, **said: str | bool | None) -> None:
    """Make an event, and print its code and the address to join."""
    from workshop.course import load
    from workshop.room import draft
    from workshop.room.events import Events

    config = _config(state)
    course = load(config.course)
    try:
        wanted = draft.from_words(said, course, config)
    except draft.Unclear as unclear:
        raise click.ClickException(
            "\n".join(f"--{key}: {why}" for key, why in unclear.problems.items())
        ) from None
    with _database(config) as engine:
        made = Events(engine).make(wanted, course.chapters[0].title)
    click.echo(f"{made.code}\n{_pages(config, url)}/e/{made.code}")


@event.command("close")
@STATE
@click.argument("code")
def close_event(state: Path | None, code: str) -> None:
    """Let the event of CODE be over now."""
    from workshop.room.events import Events, UnknownEvent

    with _database(_config(state)) as engine:
        events = Events(engine)
        try:
            events.close(events.by_code(code).id)
        except UnknownEvent:
            raise click.ClickException(
                f"There is no event with the code {code!r}; `workshop event list` lists them."
            ) from None
    click.echo("It is over: nobody joins any more, and nothing is changed.")


@click.group()
def account() -> None:
    """Accounts of a pool that nobody is handed, because they could not be emptied."""


@account.command("list")
@STATE
def list_accounts(state: Path | None) -> None:
    """Print each: its number, since when it is kept out, its AWS."""
    from workshop.room.pool import kept_out

    with _database(_config(state)) as engine:
        for one, since in kept_out(engine):
            click.echo(f"{one.number}  {since:%Y-%m-%d %H:%M} UTC  {one.backend}")


@account.command("put-back")
@STATE
@click.option("--aws", default="", help="Which of WORKSHOP_BACKENDS it is of.")
@click.argument("number")
def put_back(state: Path | None, aws: str, number: str) -> None:
    """Say that the account NUMBER has been emptied by hand: it is handed out again."""
    from workshop.room import pool

    with _database(_config(state)) as engine:
        if not pool.put_back(engine, pool.Account(aws, number)):
            raise click.ClickException(
                f"No account {number} is kept out there; `workshop account list` lists them."
            )
    click.echo("It is handed out again.")
