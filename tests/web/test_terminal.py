"""Credentials that work where they are pasted."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.conftest import Attending


def texts(page: str) -> dict[str, str]:
    """The text to copy, by way."""
    found = re.findall(r'data-way="(\w+)".*?<pre[^>]*><code>(.*?)</code>', page, re.DOTALL)
    return {way: html.unescape(text) for way, text in found}


def run(script: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["HOME"] = str(folder)
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_exports_make_the_cli_speak_as_the_attendee(paul: Attending, tmp_path: Path) -> None:
    ways = texts(paul.visitor.text("/terminal"))
    said = run(f"{ways['shell']}\naws sts get-caller-identity --query Arn --output text", tmp_path)
    assert said.strip().endswith("assumed-role/pg23meetuprole/paulf")
    assert paul.enrolled.account in said


def test_the_profile_works_in_every_window(paul: Attending, tmp_path: Path) -> None:
    page = paul.visitor.text("/terminal")
    keys = texts(page)["profile"]
    settings = html.unescape(re.findall(r"<code>(\[profile .*?)</code>", page, re.DOTALL)[0])
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(keys)
    (tmp_path / ".aws/config").write_text(settings)
    said = run("aws sts get-caller-identity --profile pg23 --query Account --output text", tmp_path)
    assert said.strip() == paul.enrolled.account


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_the_git_command_clones_and_pushes(paul: Attending, tmp_path: Path) -> None:
    ways = texts(paul.visitor.text("/terminal"))
    who = "git config user.name P; git config user.email p@example.com"
    run(
        f"{ways['shell']}\n{ways['git']}\ncd pg23repo; {who}; echo hi > hi; git add hi;"
        " git commit -qm hi; git push -q origin master",
        tmp_path,
    )
    assert run(f"{ways['shell']}\ngit -C pg23repo ls-remote 2>/dev/null", tmp_path).count("refs/heads/master")


def test_new_credentials_are_others_and_last_the_whole_hour(paul: Attending) -> None:
    before = texts(paul.visitor.text("/terminal"))["shell"]
    after = texts(paul.visitor.post("/terminal").get_data(as_text=True))["shell"]
    assert before != after


def test_powershell_has_the_same_variables(paul: Attending) -> None:
    ways = texts(paul.visitor.text("/terminal"))
    names = set(re.findall(r"AWS_\w+", ways["shell"]))
    assert names == set(re.findall(r"AWS_\w+", ways["powershell"]))
    assert {"AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"} <= names


def test_nobody_gets_credentials_without_having_joined(paul: Attending) -> None:
    paul.visitor.post("/leave")
    assert paul.visitor.get("/terminal").status_code == 303
