"""The whole course by hand: every command of every page is copied and run as it stands there."""

import html
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Account
from workshop.course import load, render
from workshop.lab import Lab
from workshop.step import Finding, State, Step, look, passed

STEPS = Path(__file__).parents[2] / "steps"
COMMANDS = re.compile(r'<div class="(cmd|cmd alternative)" data-copy><pre[^>]*>(.*?)</pre>', re.DOTALL)
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


def commands(step: Step, lab: Lab, kind: str = "cmd") -> str:
    """What a learner copies from a page, block after block; what the browser shows of it."""
    blocks = [block for found, block in COMMANDS.findall(render(step, lab)) if found == kind]
    return "\n".join(html.unescape(re.sub(r"<[^>]+>", "", block)) for block in blocks)


def by_hand(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it as a learner's shell does, but stop at the first command that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


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
        ran = by_hand(commands(step, lab), tmp_path, env)
        assert ran.returncode == 0, f"{step.slug}: {ran.stderr}"
        if step.slug == "sign-in":
            lab.answers["caller"] = ran.stdout
            lab.answers.update(answers(lab))
        for finding in until_settled(step, lab):
            assert finding.state == State.PASSED, f"{step.slug}: {finding}"


@pytest.mark.parametrize("way", range(2), ids=["a policy of the role", "a policy of the bucket"])
def test_the_narrow_ways_to_fix_the_build_work_and_so_does_retrying(
    lab: Lab, account: Account, tmp_path: Path, way: int
) -> None:
    course = load(STEPS)
    env = environment(lab, tmp_path, account)
    for slug in ("define-the-build", "review-and-create", "observe-the-failure"):
        do = course.step(slug).do
        assert do
        do(lab)
    ways = commands(course.step("fix-the-build"), lab, "cmd alternative").split("cat >")[1:]
    retry = commands(course.step("rerun-the-pipeline"), lab, "cmd alternative")
    for script in (f"cat >{ways[way]}", retry):
        ran = by_hand(script, tmp_path, env)
        assert ran.returncode == 0, ran.stderr
    for slug in ("observe-the-failure", "fix-the-build", "rerun-the-pipeline"):
        findings = until_settled(course.step(slug), lab)
        assert passed(findings), findings
