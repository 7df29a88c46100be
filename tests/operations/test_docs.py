"""What docs/ says of settings, commands, units and containers is so."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from flask import Flask

from tests.conftest import ROOT
from workshop.cli import main
from workshop.config import Config
from workshop.operations import shield

DOCS = ROOT / "docs"
FILES = sorted(path for path in DOCS.rglob("*") if path.is_file())
UNITS = sorted((DOCS / "systemd").glob("*.service"))
PROGRAM = "/opt/workshop/.venv/bin/workshop"
SETTING = re.compile(r"\bWORKSHOP_([A-Z_]+)\b")
COMMAND = re.compile(r"(?:^|`|/bin/)workshop ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)
ROUTE = re.compile(r"`(/[a-z]+)`")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCS / "compose.yaml").read_text())
    return found


def own_services() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose()["services"].items() if one["image"] == "workshop"}


def unit(file: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    return parser["Service"]


def variables(words: list[str]) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in words)


def shared() -> dict[str, str]:
    """The settings file of systemd, read as systemd does."""
    lines = (DOCS / "systemd" / "workshop.env").read_text().splitlines()
    return variables([word for line in lines if not line.startswith("#") for word in shlex.split(line)])


def helped(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command with these settings, asked for its help only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WORKSHOP_")}
    command = [sys.executable, "-m", "workshop", *words, "--help"]
    return subprocess.run(
        command, cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_setting_that_is_named_is_one(file: Path) -> None:
    named = {name.lower() for name in SETTING.findall(file.read_text())}
    assert named <= set(Config.model_fields)


def test_most_settings_of_an_event_are_explained() -> None:
    """Those that this page adds; config.py explains all."""
    named = {name.lower() for name in SETTING.findall((DOCS / "deploy.md").read_text())}
    assert {"database_url", "secret", "proxies", "https", "hosts", "graceful_seconds", "log_format"} <= named


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_that_is_named_is_one(file: Path) -> None:
    for first, second in COMMAND.findall(file.read_text()):
        command = main.commands.get(first)
        assert command, f"there is no `workshop {first}`"
        if second and isinstance(command, click.Group):
            assert second in command.commands, f"{first} {second}"


def test_every_file_that_is_named_is_there() -> None:
    text = (DOCS / "deploy.md").read_text()
    for name in re.findall(r"(?<![\w/.])[a-z][\w/.@-]+[a-z]\.(?:yaml|conf|env|py)\b", text):
        assert any((folder / name).exists() for folder in (DOCS, ROOT)), name


def test_every_address_that_is_named_is_there(app: Flask) -> None:
    there = {rule.rule for rule in app.url_map.iter_rules()}
    assert set(ROUTE.findall((DOCS / "deploy.md").read_text())) <= there


def test_every_metric_that_is_named_is_told(app: Flask, config: Config) -> None:
    sent = {"Authorization": f"Bearer {config.metrics_key}"}
    told = app.test_client().get("/metrics", headers=sent).get_data(as_text=True)
    named = set(re.findall(r"`(workshop_\w+)`", (DOCS / "deploy.md").read_text()))
    assert len(named) > 8
    for name in named:
        assert f"# HELP {name} " in told, name


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_what_a_unit_starts_starts(file: Path) -> None:
    service = unit(file)
    words = service["ExecStart"].replace("%i", "8001").split()
    assert words[0] == PROGRAM
    own = variables(service.get("Environment", "").replace("%i", "8001").split())
    done = helped(words[1:], shared() | own)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert service["NoNewPrivileges"] == "yes"
    assert service["User"] == "workshop"


@pytest.mark.parametrize("service", sorted(own_services()))
def test_what_a_container_starts_starts(service: str) -> None:
    given = own_services()[service]
    settings = {
        name: re.sub(r"\$\{\w+:\?\}", "filled", value) for name, value in given.get("environment", {}).items()
    }
    done = helped(given["command"], settings)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_containers_depend_on_and_mount_what_there_is() -> None:
    whole = compose()
    for name, service in whole["services"].items():
        assert set(service.get("depends_on", {})) <= set(whole["services"]), name
        for mounted in service.get("volumes", []):
            source = mounted.partition(":")[0]
            assert source in whole["volumes"] or (DOCS / source).exists(), mounted
    proxied = re.findall(r"((?:web|sandbox)-\d):(\d+)", (DOCS / "Caddyfile").read_text())
    assert {name for name, _ in proxied} == {"web-1", "web-2", "sandbox-1", "sandbox-2"}
    assert {port for name, port in proxied if name.startswith("web")} == {str(Config().port)}


@pytest.mark.parametrize("given", ["systemd", "compose"])
def test_the_settings_of_an_event_are_those_of_one(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shared() if given == "systemd" else own_services()["web-1"]["environment"]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    config = Config()
    assert shield.secure(config)
    assert not config.local
    assert not config.alone
    assert config.proxies == 1
    assert {"one", "two"} <= set(config.ways)
    assert shield.settings(config)["SESSION_COOKIE_NAME"] == "__Host-workshop"
    hosts = shield.settings(config)["TRUSTED_HOSTS"]
    assert "workshop.example.org" in hosts


def test_ending_is_given_longer_than_the_last_answers_take() -> None:
    """Else they would be cut off by who waits for the end."""
    grace = int(shared()["WORKSHOP_GRACEFUL_SECONDS"])
    assert int(unit(DOCS / "systemd" / "workshop-web@.service")["TimeoutStopSec"]) > grace
    waits = {
        int(compose()["services"][name]["stop_grace_period"].removesuffix("s")) for name in ("web-1", "web-2")
    }
    assert min(waits) > Config().graceful_seconds
