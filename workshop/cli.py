"""The `workshop` command: every program of the house, and what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from pydantic import ValidationError

from workshop import desk
from workshop.config import Config

Made = TypeVar("Made")
STATE = click.option("--state", type=click.Path(path_type=Path), help="The folder that holds all state.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A guided workshop: Serverless CI/CD with AWS, with an AWS of its own."""
    from workshop.operations import logs

    logs.begin(_config())


def _config(**given: object) -> Config:
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Config(**chosen)  # type: ignore[arg-type]
    except ValidationError as wrong:
        fields = (
            f"WORKSHOP_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in wrong.errors()
        )
        raise click.ClickException("These settings do not hold. " + "; ".join(fields)) from None


@main.command()
@STATE
@click.option("--port", type=int, help="Where the pages are served (8000).")
@click.option("--sandbox-port", type=int, help="Where the local AWS listens (4566).")
@click.option("--open/--no-open", "open_browser", default=None, help="Open the page in a browser.")
def run(state: Path | None, port: int | None, sandbox_port: int | None, open_browser: bool | None) -> None:
    """Start everything on this machine: the local AWS, the worker and the pages."""
    from workshop import launch

    config = _config(state=state, port=port, sandbox_port=sandbox_port).against_sandbox()
    sys.exit(launch.run(config, open_browser))


@main.group(invoke_without_command=True)
@STATE
@click.option("--port", type=int, default=4566, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--isolation",
    type=click.Choice(["auto", "bubblewrap", "none"]),
    default="auto",
    show_default=True,
    help="How builds and functions are kept from this machine; 'bubblewrap' refuses to run without it.",
)
@click.option(
    "--public-url",
    default="",
    help="How others come here, such as https://aws.example.org; DNS leads all names below it here, too.",
)
@click.pass_context
def sandbox(
    context: click.Context, state: Path | None, port: int, host: str, isolation: str, public_url: str
) -> None:
    """Serve the local AWS alone, for any AWS client."""
    if context.invoked_subcommand:
        return
    from workshop import launch

    launch.serve_sandbox(_config(state=state).state, host, port, isolation, public_url)


@sandbox.command()
@STATE
@click.option("--account", required=True, help="The twelve digits of an account; it need not exist yet.")
@click.option("--port", type=int, default=4566, show_default=True, help="Where the sandbox listens.")
@click.option("--format", "form", type=click.Choice(["shell", "process"]), default="shell", show_default=True)
def credentials(state: Path | None, account: str, port: int, form: str) -> None:
    """Print the credentials of an account's root user, to whoever may read the state folder."""
    from workshop.sandbox.identity.root import told
    from workshop.sandbox.identity.sessions import Sessions, load_key

    if not (account.isdigit() and len(account) == 12):
        raise click.BadParameter(f"{account!r} is not an account: it takes twelve digits.")
    config = _config(state=state)
    if form == "process":
        click.echo(told(account, config.state))
        return
    root = Sessions(load_key(config.state)).root(account)
    exports = {
        "AWS_ACCESS_KEY_ID": root.access_key,
        "AWS_SECRET_ACCESS_KEY": root.secret_key,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    click.echo("\n".join(f"export {name}={value}" for name, value in exports.items()))


@sandbox.command()
@STATE
@click.option("--account", required=True, help="The twelve digits of the account.")
@click.option("--port", type=int, default=4566, show_default=True, help="Where the sandbox listens.")
def erase(state: Path | None, account: str, port: int) -> None:
    """Make everything in an account of the running sandbox be gone, as if it had never been."""
    from workshop.sandbox.erasing import ask

    if not (account.isdigit() and len(account) == 12):
        raise click.BadParameter(f"{account!r} is not an account: it takes twelve digits.")
    try:
        click.echo("\n".join(ask.erase(account, _config(state=state).state, port)))
    except ask.NotErased as why:
        raise click.ClickException(str(why)) from why


@main.command()
def worker() -> None:
    """Run "Do it for me" and other long work."""
    from workshop import launch

    launch.serve_worker(_config())


@main.command()
def web() -> None:
    """Serve the pages."""
    from workshop import launch

    launch.serve_web(_config())


@main.command()
def migrate() -> None:
    """Bring the database up to date; before web processes and workers of a new version start."""
    from workshop import models

    models.migrate(_config())


@main.command()
@STATE
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(state: Path | None, file: Path) -> None:
    """Write everything that is to be kept into FILE; whoever may read it may act as everybody in it."""
    from workshop.operations.backup import backup as write

    config = _config(state=state)
    made = _told(lambda tell: write(config, file, tell))
    click.echo(f"{file} holds {sum(made.tables.values())} rows of {len(made.tables)} tables.")
    if config.secret:
        click.echo("It does not hold WORKSHOP_SECRET: keep that as well, it opens the attendees' keys.")


@main.command()
@STATE
@click.option("--replace", is_flag=True, help="Replace what is there, if anything is.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(state: Path | None, replace: bool, file: Path) -> None:
    """Make this installation what FILE says: all of it, or nothing."""
    from workshop.operations.backup import restore as read

    made = _told(lambda tell: read(_config(state=state), file, replace, tell))
    click.echo(f"Restored {sum(made.tables.values())} rows, as they were at {made.made}.")


def _told(work: Callable[[Callable[[str, int, int], None]], Made]) -> Made:
    """Do it, show how far it is, and say in a sentence why it cannot be done."""
    from rich.console import Console

    from workshop.operations.archive import Unusable
    from workshop.operations.backup import Refused

    try:
        with Console(stderr=True).status("Looking it over …") as status:
            return work(lambda name, done, total: status.update(f"{name}: {done} of {total} …"))
    except (Refused, Unusable) as reason:
        raise click.ClickException(str(reason)) from reason


@main.command("check-course")
def check_course() -> None:
    """Walk every step with a fresh attendee: not passed, do, passed, do again changes nothing."""
    from workshop import rehearsal

    sys.exit(0 if rehearsal.run(_config()) else 1)


@main.command("fill-npm-cache", hidden=True)
def fill_npm_cache() -> None:
    """Fetch the sample application's packages, so that builds need no network."""
    from workshop.sandbox import toolchain

    toolchain.fill_npm_cache(_config().sample_app)


@main.command(context_settings={"ignore_unknown_options": True})
@STATE
@click.option("--handle", help="Whose shell; by default that of who joined last.")
@click.option("--sandbox-port", type=int, help="Where the local AWS listens (4566).")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(state: Path | None, handle: str | None, sandbox_port: int | None, command: tuple[str, ...]) -> None:
    """Open a shell with your credentials, aws, node, npm and git; or run COMMAND in it."""
    from workshop import shell as terminal
    from workshop.lab import REFUSALS
    from workshop.labs import NoGround

    config = _config(state=state, sandbox_port=sandbox_port).against_sandbox()
    try:
        lab = terminal.lab_of(config, handle)
        lab.credentials()
    except terminal.NobodyHere as reason:
        raise click.ClickException(str(reason)) from reason
    except (NoGround, *REFUSALS) as refused:
        raise click.ClickException(
            f"The local AWS does not answer ({refused}). Start the workshop with `make run` first."
        ) from refused
    if not command:
        click.echo(terminal.greeting(lab))
    sys.exit(terminal.enter(config, lab, command))


main.add_command(desk.facilitator)
main.add_command(desk.event)
main.add_command(desk.account)
