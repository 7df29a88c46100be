"""Where a build's log goes: CloudWatch Logs while it runs, S3 at its end, both as the build's role."""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from workshop.sandbox.call import Credentials
from workshop.sandbox.codebuild.failure import PhaseFailed, words
from workshop.sandbox.codebuild.log import Event
from workshop.sandbox.codebuild.state import Build

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)


class Destination:
    """The stream and the object that one build's log is written to."""

    def __init__(self, sandbox: Sandbox, who: Credentials, build: Build) -> None:
        self._build = build
        self._logs = sandbox.clients.client("logs", who, build.region)
        self._s3 = sandbox.clients.client("s3", who, build.region)
        settings = build.settings["logsConfig"]
        self._cloudwatch = settings["cloudWatchLogs"]
        self._s3_logs = settings["s3Logs"]
        self._whole: list[str] = []
        self._place: tuple[str, str] | None = None

    def open(self) -> tuple[str, str] | None:
        """Create the stream: (group, stream), None without CloudWatch Logs.

        PhaseFailed ACCESS_DENIED if the role may not (observed).
        """
        if self._cloudwatch["status"] != "ENABLED":
            return None
        group = self._cloudwatch.get("groupName") or f"/aws/codebuild/{self._build.project}"
        prefix = self._cloudwatch.get("streamName")
        stream = f"{prefix}/{self._build.uuid}" if prefix else self._build.uuid
        try:
            self._create(group, stream)
        except ClientError as error:
            raise PhaseFailed(
                "ACCESS_DENIED",
                f"Service role {self._build.settings['serviceRole']} does not allow AWS CodeBuild to create "
                f"Amazon CloudWatch Logs log streams for build {self._build.arn}. "
                f"Error message: {error.response['Error']['Message']}",
            ) from None
        self._place = group, stream
        return self._place

    def write(self, events: list[Event]) -> None:
        """Write a batch; what the role may not write any more is lost, the build goes on."""
        if self._s3_logs["status"] == "ENABLED":
            self._whole += [event["message"] for event in events]
        if self._place is None:
            return
        group, stream = self._place
        try:
            self._logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except ClientError as error:
            log.warning("The log of build %s lost lines: %s", self._build.id, error)

    def close(self) -> None:
        """Store the whole log in S3 if the project asks for it; PhaseFailed CLIENT_ERROR."""
        if self._s3_logs["status"] != "ENABLED":
            return
        location = self._s3_logs["location"].removeprefix("arn:aws:s3:::")
        bucket, _, prefix = location.partition("/")
        key = "/".join(part for part in (prefix.strip("/"), f"{self._build.uuid}.gz") if part)
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress("".join(self._whole).encode()))
        except ClientError as error:
            raise PhaseFailed("CLIENT_ERROR", f"Failed to upload logs: {words(error)}") from None

    def _create(self, group: str, stream: str) -> None:
        try:
            self._logs.create_log_stream(logGroupName=group, logStreamName=stream)
        except self._logs.exceptions.ResourceNotFoundException:
            self._create_group(group)
            self._logs.create_log_stream(logGroupName=group, logStreamName=stream)

    def _create_group(self, group: str) -> None:
        try:
            self._logs.create_log_group(logGroupName=group)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            return  # another build of the project was quicker
