"""What CodeBuild remembers: projects and builds of one account in one region."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.codebuild.phases import IN_PROGRESS


@dataclass(frozen=True)
class PipelineArtifact:
    """An artifact of a pipeline: its name, where its zip lies, and the revision it stands for."""

    name: str
    bucket: str
    key: str
    revision: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


@dataclass(frozen=True)
class PipelineBuild:
    """What a pipeline's action gives a build and wants of it; the first input is the primary one."""

    pipeline: str
    inputs: tuple[PipelineArtifact, ...]
    outputs: tuple[PipelineArtifact, ...] = ()


@dataclass
class PhaseRecord:
    """One phase of a build as BatchGetBuilds shows it; `status` is None while it runs."""

    type: str
    start: datetime
    status: str | None = None
    end: datetime | None = None
    context: tuple[str, str] = ("", "")


@dataclass
class Build:
    """One build: the settings it was started with, and how it goes.

    `settings` is the project as overridden for this build, in boto3's shape.
    """

    id: str
    arn: str
    number: int
    project: str
    account: str
    region: str
    initiator: str
    settings: dict[str, Any]
    start: datetime
    pipeline: PipelineBuild | None = None
    source_version: str | None = None
    resolved_version: str | None = None
    phases: list[PhaseRecord] = field(default_factory=list)
    status: str = IN_PROGRESS
    end: datetime | None = None
    log: tuple[str, str] | None = None
    exported: list[dict[str, str]] = field(default_factory=list)
    artifact: dict[str, Any] = field(default_factory=dict)
    secondary_artifacts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def uuid(self) -> str:
        return self.id.partition(":")[2]

    @property
    def complete(self) -> bool:
        return self.end is not None

    @property
    def phase(self) -> PhaseRecord:
        return self.phases[-1]


@dataclass
class Region:
    """All of CodeBuild in one region of one account; builds in the order they were started."""

    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    builds: dict[str, Build] = field(default_factory=dict)
    report_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # idempotency token -> build id


def now() -> datetime:
    """The present, as AWS's timestamps have it: UTC, whole milliseconds."""
    present = datetime.now(UTC)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)
