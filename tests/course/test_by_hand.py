"""The whole course by hand: every command of every page is copied and run as it stands there."""

import html
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import Account
from workshop.course import load, render
from workshop.lab import Lab
from workshop.step import Finding, State, Step, look

STEPS = Path(__file__).parents[2] / "steps"
COMMANDS = re.compile(r'<div class="cmd" data-copy><pre[^>]*>(.*?)</pre>', re.DOTALL)
PATIENCE = 120


def answers(lab: Lab) -> dict[str, str]:
    """What a learner writes into the fields."""
    return {
        "pipeline-name": "paulf-pg23-pipeline",
        "source-repository": "pg23repo",
        "source-branch": "master",
        "pipeline-role": "pg23-codepipeline-role",
        "refused-action": "s3:PutObject",
        "refused-bucket": f"pg23-packages-{lab.account}",
    }


def commands(step: Step, lab: Lab) -> str:
    """What a learner copies from a page, block after block; what the browser shows of it."""
    blocks = COMMANDS.findall(render(step, lab))
    return "\n".join(html.unescape(re.sub(r"<[^>]+>", "", block)) for block in blocks)


def environment(lab: Lab, folder: Path, account: Account) -> dict[str, str]:
    """A learner's shell: the session's credentials, the toolchain first in the path."""
    keys = lab.credentials()
    mine: dict[str, str] = account.environment() | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(folder),
    }
    return mine


def until_settled(step: Step, lab: Lab) -> list[Finding]:
    """Look as the page does: again while something is waited for."""
    last = time.monotonic() + PATIENCE
    while True:
        findings = look(step, lab)
        waits = any(one.state == State.WAITING for one in findings)
        if not waits or time.monotonic() > last:
            return findings
        time.sleep(0.3)


def test_every_command_of_every_page_works_as_it_stands(lab: Lab, account: Account, tmp_path: Path) -> None:
    env = environment(lab, tmp_path, account)
    for step in load(STEPS).steps:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands(step, lab)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert ran.returncode == 0, f"{step.slug}: {ran.stderr}"
        if step.slug == "sign-in":
            lab.answers["caller"] = ran.stdout
            lab.answers.update(answers(lab))
        for finding in until_settled(step, lab):
            assert finding.state == State.PASSED, f"{step.slug}: {finding}"
