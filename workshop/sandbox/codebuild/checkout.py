"""Puts a build's sources into its container and finds the buildspec there."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from workshop.sandbox.call import Credentials
from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.buildspec import Buildspec, parse
from workshop.sandbox.codebuild.container import INPUT, OUTPUT, Container
from workshop.sandbox.codebuild.failure import PhaseFailed, words
from workshop.sandbox.codebuild.source import Fetched, Sources, wanted
from workshop.sandbox.codebuild.state import Build
from workshop.sandbox.codebuild.tree import BuildspecError

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

INLINE = "/codebuild/readonly/buildspec.yml"
UNPACKING = 300.0  # seconds within which the agent must have answered
YAML_ERROR = "YAML_FILE_ERROR"


class Checkout:
    """One build's sources; `folder` is the machine's folder that the container sees as its input."""

    def __init__(
        self, sandbox: Sandbox, who: Credentials, build: Build, container: Container, folder: Path
    ) -> None:
        self._sandbox = sandbox
        self._who = who
        self._build = build
        self._container = container
        self._folder = folder
        self.primary = Fetched(None)

    def unpack(self) -> dict[str, str]:
        """Fetch and unpack every source: CODEBUILD_SRC_DIR... -> folder.  PhaseFailed."""
        sources = Sources(self._sandbox, self._who, self._build.region, self._folder)
        sought = list(wanted(self._build))
        start = f"{OUTPUT}/src{random.randrange(10**9, 10**10)}/src"
        folders = {}
        for index, one in enumerate(sought):
            fetched = sources.fetch(one)
            inside = start if len(sought) == 1 else f"{start}/s3/{index:02}"
            name = f"CODEBUILD_SRC_DIR_{one.name}" if one.name else "CODEBUILD_SRC_DIR"
            folders[name] = self._unpack(fetched, inside)
            if not one.name:
                self.primary = fetched
        return folders

    def buildspec(self, source: str) -> tuple[str, Buildspec | PhaseFailed]:
        """Where the buildspec of the sources in `source` is, and what it says or why it cannot be used."""
        given = self._build.settings["source"].get("buildspec") or "buildspec.yml"
        location, text = self._text(given, source)
        if text is None:
            return location, PhaseFailed(YAML_ERROR, f"stat {location}: no such file or directory")
        try:
            spec = parse(text)
        except BuildspecError as error:
            return location, PhaseFailed(YAML_ERROR, str(error))
        for name, phase in spec.phases.items():
            if not phases.valid_on_failure(phase.on_failure):
                wrong = f"Invalid on-failure value in {name}: {phase.on_failure}"
                return location, PhaseFailed(YAML_ERROR, wrong)
        return location, spec

    def _unpack(self, fetched: Fetched, inside: str) -> str:
        folder = self._container.path(inside)
        path = f"{INPUT}/{fetched.archive.name}" if fetched.archive else None
        archives = [self._container.path(path)] if path else []
        answer = self._container.ask("unpack", _soon(), archives=archives, to=folder)
        if "error" in answer:
            raise PhaseFailed("CLIENT_ERROR", answer["error"])
        return folder

    def _text(self, given: str, source: str) -> tuple[str, str | None]:
        """Where the buildspec is, and its text: inline, an S3 object, or a file of the source."""
        if "\n" in given or given.lstrip().startswith(("version:", "{")):
            return INLINE, given
        if given.startswith("arn:aws:s3:::"):
            bucket, _, key = given.removeprefix("arn:aws:s3:::").partition("/")
            s3 = self._sandbox.clients.client("s3", self._who, self._build.region)
            try:
                return INLINE, s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode(errors="replace")
            except ClientError as error:
                raise PhaseFailed(YAML_ERROR, words(error)) from None
        location = f"{source}/{given}"
        return location, self._container.ask("read", _soon(), path=location)["text"]


def _soon() -> float:
    return time.monotonic() + UNPACKING
