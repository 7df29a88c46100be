"""`workshop shell`: a shell with an attendee's credentials, and every program the course uses.

The credentials lie in a file that this process, the shell's parent, writes anew before they
expire, so a shell may stay open for days.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from pathlib import Path

from sqlalchemy.exc import OperationalError

from workshop.config import Config
from workshop.lab import Lab
from workshop.labs import Labs
from workshop.models import connect
from workshop.progress import Progress
from workshop.sandbox.toolchain import Toolchain, npm_settings
from workshop.vault import Vault

RENEWED_EVERY = 20 * 60
# The CLI's helper answers for Amazon's hosts only, unless told otherwise, and only to "get".
HELPER = "!f() { test $1 != get || aws codecommit credential-helper get --ignore-host-check; }; f"
LEFT_OUT = ("AWS_", "GIT_CONFIG")


class NobodyHere(Exception):
    """There is no such attendee: what to do."""


def lab_of(config: Config, handle: str | None) -> Lab:
    """The lab of an attendee, by default of the one who joined last. Raises NobodyHere."""
    progress = Progress(connect(config.database), config.first_account)
    try:
        enrolled = progress.by_handle(handle) if handle else progress.latest()
    except OperationalError:  # the workshop was never started in this state folder
        enrolled = None
    if enrolled is None:
        who = f"Nobody called {handle} has joined" if handle else "Nobody has joined"
        raise NobodyHere(f"{who} yet. Start the workshop with `make run`, join on its page, then come back.")
    return Labs(config, progress, Vault(config.secret_key)).open(enrolled)


def enter(config: Config, lab: Lab, command: tuple[str, ...]) -> int:
    """Run a command, or the attendee's shell, with everything in place; its exit status."""
    folder = config.state.resolve() / "shell" / lab.handle
    (home := folder / "work").mkdir(parents=True, exist_ok=True)
    _write_credentials(folder, lab)
    environment = _environment(config, lab, folder)
    threading.Thread(target=_renew, args=(folder, lab), daemon=True).start()
    words = list(command) or [os.environ.get("SHELL") or "/bin/sh"]
    return subprocess.call(words, env=environment, cwd=Path.cwd() if command else home)


def greeting(lab: Lab) -> str:
    """What stands at the top of the shell."""
    return (
        f"You are assumed-role/{lab.role}/{lab.handle} in {lab.region}. Here are aws, node, npm and git:\n"
        f"  git clone {lab.git_url}\n"
        "Leave with exit."
    )


def _write_credentials(folder: Path, lab: Lab) -> None:
    keys = lab.credentials()
    lines = [
        "[default]",
        f"aws_access_key_id = {keys['AccessKeyId']}",
        f"aws_secret_access_key = {keys['SecretAccessKey']}",
        f"aws_session_token = {keys['SessionToken']}",
    ]
    fresh = folder / "credentials.new"
    fresh.touch(mode=0o600)
    fresh.write_text("\n".join(lines) + "\n")
    fresh.replace(folder / "credentials")


def _renew(folder: Path, lab: Lab) -> None:
    while True:
        threading.Event().wait(RENEWED_EVERY)
        with contextlib.suppress(Exception):  # the workshop is stopped: the next turn may find it again
            _write_credentials(folder, lab)


def _environment(config: Config, lab: Lab, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    toolchain = Toolchain(config.state)
    toolchain.prepare()
    endpoint = {"AWS_ENDPOINT_URL": lab.endpoint_url} if lab.endpoint_url else {}
    return {
        **kept,
        **npm_settings(offline=False),
        **_git_settings(lab),
        **endpoint,
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_REGION": lab.region,
        "AWS_DEFAULT_REGION": lab.region,
        "PATH": f"{toolchain.programs}:{os.environ.get('PATH', toolchain.path)}",
    }


def _git_settings(lab: Lab) -> dict[str, str]:
    """git's configuration for this shell alone: who asks CodeCommit, and who commits."""
    settings = [
        ("credential.helper", ""),
        ("credential.helper", HELPER),
        ("credential.useHttpPath", "true"),
        ("user.name", lab.handle),
        ("user.email", f"{lab.handle}@example.com"),
        ("init.defaultBranch", lab.branch),
    ]
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (name, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
    return variables
