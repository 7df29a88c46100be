"""A build as BatchGetBuilds shows it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from workshop.sandbox.codebuild.phases import QUEUED
from workshop.sandbox.codebuild.state import Build, PhaseRecord

COPIED = (
    *("source", "secondarySources", "secondarySourceVersions", "cache", "environment", "serviceRole"),
    *("timeoutInMinutes", "queuedTimeoutInMinutes", "encryptionKey", "vpcConfig", "fileSystemLocations"),
)


def described(build: Build, ahead: int | None = None) -> dict[str, Any]:
    """The build in boto3's shape; while it waits, `ahead` is how many others run before it."""
    shown: dict[str, Any] = {
        "id": build.id,
        "arn": build.arn,
        "buildNumber": build.number,
        "startTime": build.start,
        "currentPhase": build.phases[-1].type if build.phases else "SUBMITTED",
        "buildStatus": build.status,
        "projectName": build.project,
        "phases": [_phase(phase, ahead) for phase in list(build.phases)],
        "artifacts": build.artifact or {"location": ""},
        "secondaryArtifacts": build.secondary_artifacts,
        "logs": logs(build),
        "buildComplete": build.complete,
        "initiator": build.initiator,
        "exportedEnvironmentVariables": build.exported,
    }
    shown |= {name: build.settings[name] for name in COPIED if name in build.settings}
    if build.end:
        shown["endTime"] = build.end
    if build.source_version:
        shown["sourceVersion"] = build.source_version
    if build.resolved_version:
        shown["resolvedSourceVersion"] = build.resolved_version
    return shown


def logs(build: Build) -> dict[str, Any]:
    """Where the build's log is; group and stream only once there is one."""
    settings = build.settings["logsConfig"]
    shown = {
        "cloudWatchLogs": settings["cloudWatchLogs"],
        "s3Logs": settings["s3Logs"],
        "deepLink": f"https://console.aws.amazon.com/cloudwatch/home?region={build.region}#logsV2:log-groups",
    }
    if build.log is None:
        return shown
    group, stream = build.log
    return {
        **shown,
        "groupName": group,
        "streamName": stream,
        "deepLink": f"{shown['deepLink']}/log-group/{_twice(group)}/log-events/{_twice(stream)}",
        "cloudWatchLogsArn": f"arn:aws:logs:{build.region}:{build.account}"
        f":log-group:{group}:log-stream:{stream}",
    }


def place(ahead: int) -> str:
    """A waiting build's place in words.  (AWS says nothing of it; the member that shows it is AWS's.)"""
    if ahead == 0:
        return "Next in turn."
    return "1 build is before this one." if ahead == 1 else f"{ahead} builds are before this one."


def _phase(phase: PhaseRecord, ahead: int | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"phaseType": phase.type, "startTime": phase.start}
    if phase.end:
        code, message = phase.context
        shown |= {
            "phaseStatus": phase.status,
            "endTime": phase.end,
            "durationInSeconds": int((phase.end - phase.start).total_seconds()),
            "contexts": [{"statusCode": code, "message": message}],
        }
    elif phase.type == QUEUED and ahead is not None:
        shown["contexts"] = [{"statusCode": QUEUED, "message": place(ahead)}]
    return shown


def _twice(text: str) -> str:
    """Encoded as the console's links have it: twice, with `$` for `%`."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
