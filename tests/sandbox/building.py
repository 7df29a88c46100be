"""A role and projects that build under it, for tests of builds."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

from tests.conftest import Account

LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*",
}
ENVIRONMENT = {
    "type": "LINUX_CONTAINER",
    "image": "aws/codebuild/standard:7.0",
    "computeType": "BUILD_GENERAL1_SMALL",
}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


class Builder:
    """A role, and projects that build under it."""

    def __init__(self, account: Account, *statements: dict[str, Any]) -> None:
        self.account = account
        self.codebuild = account.client("codebuild")
        self.role = account.role("builder", "codebuild.amazonaws.com", policy(LOGS, *statements))

    def project(self, buildspec: str | None, name: str = "proj", **settings: Any) -> None:
        source = {"type": "NO_SOURCE"} | ({"buildspec": buildspec} if buildspec else {})
        given = {"source": source, "artifacts": {"type": "NO_ARTIFACTS"}, "environment": ENVIRONMENT}
        self.codebuild.create_project(name=name, serviceRole=self.role, **{**given, **settings})

    def build(self, name: str = "proj", **overrides: Any) -> dict[str, Any]:
        started = self.codebuild.start_build(projectName=name, **overrides)["build"]
        return self.finished(started["id"])

    def finished(self, build_id: str) -> dict[str, Any]:
        for _ in range(600):
            build: dict[str, Any] = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
            if build["buildComplete"]:
                return build
            time.sleep(0.05)
        raise AssertionError("the build does not end")

    def log(self, build: dict[str, Any]) -> str:
        logs = self.account.client("logs")
        place = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        events: list[str] = []
        token = None
        while True:
            extra: dict[str, str] = {"nextToken": token} if token else {}
            page = logs.get_log_events(**place, startFromHead=True, **extra)
            if not page["events"]:
                return "".join(events)
            events += [event["message"] for event in page["events"]]
            token = page["nextForwardToken"]


def commands(*lines: str, phase: str = "build") -> str:
    return json.dumps({"version": "0.2", "phases": {phase: {"commands": list(lines)}}})


def phase_of(build: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in build["phases"] if one["phaseType"] == name)


def context_of(build: dict[str, Any], name: str) -> tuple[str, str]:
    context = phase_of(build, name)["contexts"][0]
    return context["statusCode"], context["message"]


def bucket_with(account: Account, files: dict[str, str], name: str = "") -> str:
    bucket = name or f"source-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    s3.put_object(Bucket=bucket, Key="source.zip", Body=packed.getvalue())
    return bucket


def artifact_names(account: Account, bucket: str, key: str) -> list[str]:
    body = account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return sorted(zipfile.ZipFile(io.BytesIO(body)).namelist())
