"""From git push to the new page, against the same commands run bare in a row."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.bench.lab import Bench
from tests.conftest import REGION, free_port
from workshop.sandbox.cloudformation.template import fragment
from workshop.sandbox.toolchain import npm_settings

ROUNDS = 3
GREETING = "greeting.txt"


def delivered(bench: Bench) -> tuple[float, float]:
    """(push to page over the bare commands' sum, seconds from push to page): medians of rounds."""
    environment = _environment(bench)
    clone = bench.folder / "clone"
    _run(["git", "clone", "-q", f"{bench.endpoint}/v1/repos/{bench.lab.repository}", clone], environment)
    ours, bare = [], []
    for number in range(ROUNDS):
        bare.append(_bare(bench, clone, environment, number))
        ours.append(_push_to_page(bench, clone, environment, f"Greeting number {number}"))
    return median(one / other for one, other in zip(ours, bare, strict=True)), median(ours)


def _environment(bench: Bench) -> dict[str, str]:
    keys = bench.lab.credentials()
    helper = "!aws codecommit credential-helper --ignore-host-check $@"
    settings = {"credential.helper": helper, "credential.UseHttpPath": "true", "user.name": "Paul"}
    settings |= {"user.email": "paul@example.com", "init.defaultBranch": "master"}
    git = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_CONFIG_GLOBAL": os.devnull}
    for index, (name, value) in enumerate(settings.items()):
        git |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
    return {
        **git,
        **npm_settings(offline=True),
        "HOME": str(bench.folder),
        "PATH": bench.toolchain.path,
        "AWS_ENDPOINT_URL": bench.endpoint,
        "AWS_REGION": bench.lab.region,
        "AWS_DEFAULT_REGION": bench.lab.region,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def _run(command: list[str | Path], environment: dict[str, str], folder: Path | None = None) -> None:
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)


def _timed(part: Callable[[], object]) -> float:
    began = time.perf_counter()
    part()
    return time.perf_counter() - began


def _push_to_page(bench: Bench, clone: Path, environment: dict[str, str], greeting: str) -> float:
    (clone / GREETING).write_text(greeting + "\n")
    _run(["git", "commit", "-qam", greeting], environment, clone)
    stack = bench.lab.client("cloudformation").describe_stacks(StackName=bench.lab.name("stack"))["Stacks"][0]
    url = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "Url")
    began = time.perf_counter()
    _run(["git", "push", "-q", "origin", "HEAD:master"], environment, clone)
    while greeting not in bench.lab.fetch(url).text:
        time.sleep(0.02)
    return time.perf_counter() - began


def _bare(bench: Bench, clone: Path, environment: dict[str, str], number: int) -> float:
    """The commands of one delivery, one after another, with nothing around them."""
    work = bench.folder / f"bare-{number}"
    shutil.copytree(clone, work)
    (work / "bare.txt").write_text(str(number))
    _run(["git", "add", "."], environment, work)
    _run(["git", "commit", "-qm", "bare"], environment, work)
    package = ["aws", "cloudformation", "package", "--template-file", "template.yaml"]
    package += ["--s3-bucket", bench.lab.packages, "--output-template-file", "outputtemplate.yml"]
    admin = environment | {
        "AWS_ACCESS_KEY_ID": bench.admin.access_key,
        "AWS_SECRET_ACCESS_KEY": bench.admin.secret_key,
    }
    del admin["AWS_SESSION_TOKEN"]
    commands: list[tuple[list[str | Path], dict[str, str]]] = [
        (["git", "push", "-q", "origin", f"HEAD:bare-{number}"], environment),
        (["npm", "ci", "--no-audit", "--no-fund"], environment),
        (["npm", "test"], environment),
        ([*package], admin),
    ]
    spent: float = sum(
        _timed(lambda command=command, env=env: _run(command, env, work))  # type: ignore[misc]
        for command, env in commands
    )
    _transform((work / "outputtemplate.yml").read_text())  # once before, as in a running server
    spent += _timed(lambda: _transform((work / "outputtemplate.yml").read_text()))
    return spent + _timed(lambda: _function_start(work, environment))


def _transform(template: str) -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics it does not publish
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    translator.translate(
        sam_template=json.loads(json.dumps(fragment(template))),
        parameter_values={},
        feature_toggle=None,
        get_managed_policy_map=lambda: {},
    )


def _function_start(work: Path, environment: dict[str, str]) -> None:
    """Start the application as a plain server and wait for its first page."""
    port = free_port()
    process = subprocess.Popen(
        ["node", "src/server.js"], cwd=work, env=environment | {"PORT": str(port)}, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                return
            except OSError:
                time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
