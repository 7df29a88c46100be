"""Requests per second of the endpoint, evaluating permissions, against plain moto without."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import boto3

from tests.bench.load import Signed, rate, sign
from tests.conftest import free_port
from workshop.sandbox.identity.sessions import Sessions, load_key

ROUNDS, SECONDS = 3, 2.0
ACCOUNT = "111122223333"
BODY = b"x" * 10 * 1024
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@contextlib.contextmanager
def serving(command: list[str], health: str) -> Iterator[None]:
    """A server process, from its first answer to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), urllib.request.urlopen(health, timeout=1):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def prepared(endpoint: str, key: tuple[str, str]) -> None:
    """Make the bucket, objects and role that the requests are about."""
    session = boto3.Session(*key, region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=endpoint)
    s3.create_bucket(Bucket="bench")
    for index in range(4):
        s3.put_object(Bucket="bench", Key=f"get-{index}", Body=BODY)
    session.client("iam", endpoint_url=endpoint).create_role(
        RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST)
    )


def cases(endpoint: str, key: tuple[str, str]) -> dict[str, list[Signed]]:
    """The four operations, as signed requests."""
    identity = b"Action=GetCallerIdentity&Version=2011-06-15"
    role = b"Action=GetRole&Version=2010-05-08&RoleName=bench"
    return {
        "GetCallerIdentity": [sign(endpoint, "sts", key, body=identity, form=True)],
        "S3 put 10 KB": [
            sign(endpoint, "s3", key, method="PUT", path=f"/bench/put-{n}", body=BODY) for n in range(4)
        ],
        "S3 get 10 KB": [sign(endpoint, "s3", key, method="GET", path=f"/bench/get-{n}") for n in range(4)],
        "GetRole": [sign(endpoint, "iam", key, body=role, form=True)],
    }


def measure(folder: Path) -> dict[str, float]:
    """Ours over plain moto, by operation: the median of rounds taken in turn."""
    ours, theirs = free_port(), free_port()
    sandbox = ["sandbox", "--port", str(ours), "--state", str(folder)]
    root = Sessions(load_key(folder)).root(ACCOUNT)
    keys = [(root.access_key, root.secret_key), ("AKIAIOSFODNN7EXAMPLE", "any")]
    endpoints = [f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{theirs}"]
    with (
        serving([sys.executable, "-m", "workshop", *sandbox], endpoints[0] + "/_aws/health"),
        serving([sys.executable, "-m", "moto.server", "-p", str(theirs)], endpoints[1] + "/moto-api/"),
    ):
        for endpoint, key in zip(endpoints, keys, strict=True):
            prepared(endpoint, key)
        both = [cases(endpoint, key) for endpoint, key in zip(endpoints, keys, strict=True)]
        return {name: _ratio(both[0][name], both[1][name]) for name in both[0]}


def _ratio(ours: list[Signed], theirs: list[Signed]) -> float:
    for requests in (ours, theirs):
        rate(requests, 0.5)
    return median(rate(ours, SECONDS) / rate(theirs, SECONDS) for _ in range(ROUNDS))
