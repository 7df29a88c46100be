"""The sample application, deployed from its SAM template, answers over HTTP by both kinds of API."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REGION, ROOT, Account
from tests.sandbox.functions import package, request
from workshop.sandbox.toolchain import Toolchain, fill_npm_cache, npm_settings

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  WebFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {{Bucket: {bucket}, Key: app.zip}}
      Handler: src/lambda.handler
      Runtime: nodejs24.x
      MemorySize: 256
      Timeout: 10
      Events: {events}
Outputs:
  Api: {{Value: !Ref {api}}}
"""
EVENTS = {
    "HttpApi": ("{Every: {Type: HttpApi}}", "ServerlessHttpApi", "/"),
    "Api": (
        "{Root: {Type: Api, Properties: {Path: /, Method: ANY}}, "
        "Rest: {Type: Api, Properties: {Path: '/{proxy+}', Method: ANY}}}",
        "ServerlessRestApi",
        "/Prod/",
    ),
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The application with its dependencies, as a build leaves it."""
    folder = tmp_path_factory.mktemp("app")
    sample = ROOT / "sample_app"
    shutil.copytree(sample, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    fill_npm_cache(sample)
    toolchain = Toolchain(tmp_path_factory.mktemp("toolchain"))
    toolchain.prepare()
    environment = {**os.environ, **npm_settings(offline=True), "PATH": toolchain.path}
    command = [str(toolchain.programs / "npm"), "ci", "--omit=dev"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return package({str(path.relative_to(folder)): path.read_bytes() for path in _files(folder)})


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def _deployed(account: Account, built: bytes, kind: str) -> str:
    """Deploy; the API's id."""
    bucket = f"packages-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="app.zip", Body=built)
    sources, api, _ = EVENTS[kind]
    client = account.client("cloudformation")
    client.create_stack(
        StackName="s",
        TemplateBody=TEMPLATE.format(bucket=bucket, events=sources, api=api),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = _finished(client)
    reasons = [
        event.get("ResourceStatusReason")
        for event in client.describe_stack_events(StackName="s")["StackEvents"]
    ]
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons
    found: str = stack["Outputs"][0]["OutputValue"]
    return found


def _finished(client: Any) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        stack: dict[str, Any] = client.describe_stacks(StackName="s")["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.1)
    raise TimeoutError


@pytest.mark.parametrize("kind", EVENTS)
def test_the_application_answers_with_its_page(account: Account, built: bytes, kind: str) -> None:
    api = _deployed(account, built, kind)
    reply = request(account, f"{api}.execute-api.localhost", EVENTS[kind][2])
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"][0].startswith("text/html")
    assert (ROOT / "sample_app" / "greeting.txt").read_text().strip().encode() in reply.body
    missing = request(account, f"{api}.execute-api.localhost", EVENTS[kind][2] + "nothing/here")
    assert missing.status == 404
