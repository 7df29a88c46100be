"""`workshop shell`: the attendee's credentials and programs, for those who have nothing installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, migrated
from workshop.config import Config
from workshop.models import connect
from workshop.progress import Progress
from workshop.sandbox.server import Server


class Terminal:
    """What a learner types, in a shell of an attendee who has joined."""

    def __init__(self, server: Server, folder: Path) -> None:
        settings = server.sandbox.settings
        self.config = Config(
            state=settings.state, sandbox_port=settings.port, database_url=f"sqlite:///{migrated(folder)}"
        )
        self.folder = folder

    def join(self, handle: str) -> None:
        Progress(connect(self.config.database), self.config.first_account).enrol(handle, "Somebody")

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workshop", "shell", *words],
            cwd=self.folder,
            env=self.config.environment(),
            capture_output=True,
            text=True,
        )


@pytest.fixture
def terminal(sandbox: Server, tmp_path: Path) -> Terminal:
    return Terminal(sandbox, tmp_path)


def test_the_shell_has_the_attendees_role_and_programs(terminal: Terminal) -> None:
    terminal.join("paulf")
    told = json.loads(terminal.type("aws", "sts", "get-caller-identity").stdout)
    assert told["Arn"].endswith(":assumed-role/pg23meetuprole/paulf")
    assert terminal.type("node", "--version").stdout.startswith("v24")
    assert terminal.type("npm", "--version").returncode == 0


@pytest.mark.parametrize(
    "git", [["git"], [sys.executable, "-I", "-m", "workshop.sandbox.codecommit.plaingit"]]
)
def test_git_clones_commits_and_pushes_with_and_without_a_git_on_the_machine(
    terminal: Terminal, git: list[str]
) -> None:
    terminal.join("paulf")
    lines = [
        "git clone http://127.0.0.1:PORT/v1/repos/pg23repo work && cd work",
        'echo "Hello from a shell" > greeting.txt && git add greeting.txt && git commit -m "Greet"',
        "git push origin master",
        "aws codecommit get-file --repository-name pg23repo --file-path greeting.txt",
    ]
    port = str(terminal.config.sandbox_port)
    script = " && ".join(lines).replace("git ", " ".join(git) + " ").replace("PORT", port)
    done = terminal.type("sh", "-c", script)
    assert '"commitId"' in done.stdout, done.stderr


def test_without_an_attendee_it_says_what_to_do(terminal: Terminal) -> None:
    refused = terminal.type("true")
    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: Nobody has joined yet. Start the workshop with `make run`,"
        " join on its page, then come back.\n"
    )


def test_without_a_local_aws_it_says_so(tmp_path: Path) -> None:
    config = Config(state=tmp_path, sandbox_port=1)
    migrated(tmp_path)
    Progress(connect(config.database), config.first_account).enrol("paulf", "Paul")
    words = [sys.executable, "-m", "workshop", "shell", "true"]
    refused = subprocess.run(words, cwd=ROOT, env=config.environment(), capture_output=True, text=True)
    assert refused.returncode == 1
    assert "make run" in refused.stderr
    assert "Traceback" not in refused.stderr
