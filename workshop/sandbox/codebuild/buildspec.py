"""Reads a buildspec: what to run in which phase, which variables, what to keep.

YAML's own types are not used: `yes`, `08` and `0.2` stay the text that was written, as in
CodeBuild.  Messages are CodeBuild's (observed in public build logs).
Source: AWS CodeBuild User Guide, "Build specification reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from workshop.sandbox.codebuild.tree import BuildspecError, Section, root

PHASES = ("install", "pre_build", "build", "post_build")
VERSIONS = ("0.1", "0.2")
NO_VERSION = "wrong number of container tags, expected 1"
SHELLS = {"": "sh", "sh": "sh", "/bin/sh": "sh", "bash": "bash", "/bin/bash": "bash"}
YES = ("yes", "true", "on", "y")
KNOWN = {
    "": ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"),
    "env": (
        *("shell", "variables", "parameter-store", "secrets-manager", "exported-variables"),
        "git-credential-helper",
    ),
    "phase": ("run-as", "on-failure", "runtime-versions", "commands", "finally", "steps"),
    "artifacts": (
        *("files", "name", "base-directory", "discard-paths", "exclude-paths", "enable-symlinks"),
        *("s3-prefix", "secondary-artifacts"),
    ),
}


@dataclass(frozen=True)
class Phase:
    """The commands of one phase; `on_failure` is "" where the buildspec says nothing."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: str = ""
    runtimes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """Which files to keep, by patterns relative to `base_directory`."""

    files: tuple[str, ...]
    base_directory: str = "."
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False
    name: str = ""
    s3_prefix: str = ""


@dataclass(frozen=True)
class Buildspec:
    """A buildspec that makes sense; `unknown` lists (section, key) that do not, but do no harm."""

    version: str
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifact: Artifact | None = None
    secondary: Mapping[str, Artifact] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    cache_paths: tuple[str, ...] = ()
    run_as: str = ""
    unknown: tuple[tuple[str, str], ...] = ()

    def phase(self, name: str) -> Phase:
        """The phase of that name, empty if the buildspec has none."""
        return self.phases.get(name, Phase())

    @property
    def runtimes(self) -> Mapping[str, str]:
        return self.phase("install").runtimes


def parse(text: str) -> Buildspec:
    """The buildspec written in `text`; BuildspecError in CodeBuild's words."""
    try:
        spec = root(text)
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BuildspecError(f"{error.problem}{line}") from None
    except yaml.YAMLError as error:
        raise BuildspecError(str(error)) from None
    if spec.text("version") not in VERSIONS:
        raise BuildspecError(NO_VERSION)
    env = spec.section("env")
    artifacts = spec.section("artifacts")
    return Buildspec(
        version=spec.text("version"),
        shell=_shell(env.text("shell")),
        variables=env.section("variables").texts(),
        parameters=env.section("parameter-store").texts(),
        secrets=env.section("secrets-manager").texts(),
        exported=env.items("exported-variables"),
        phases=dict(_phases(spec.section("phases"))),
        artifact=_artifact(artifacts) if artifacts and artifacts.items("files") else None,
        secondary=_secondary(artifacts.section("secondary-artifacts")),
        reports=tuple(spec.section("reports")),
        cache_paths=spec.section("cache").items("paths"),
        run_as=spec.text("run-as"),
        unknown=tuple(_unknown(spec)),
    )


def _shell(name: str) -> str:
    if name not in SHELLS:
        raise BuildspecError(f"invalid shell: {name}")
    return SHELLS[name]


def _phases(section: Section) -> Iterator[tuple[str, Phase]]:
    for name in section:
        if name not in PHASES:
            raise BuildspecError(
                f"Invalid buildspec phase name: {name}. Expecting: {','.join(sorted(PHASES))}"
            )
        phase = section.section(name)
        yield (
            name,
            Phase(
                phase.commands("commands"),
                phase.commands("finally"),
                phase.text("on-failure"),
                phase.section("runtime-versions").texts(),
            ),
        )


def _artifact(section: Section) -> Artifact:
    return Artifact(
        section.items("files"),
        section.text("base-directory") or ".",
        section.items("exclude-paths"),
        section.text("discard-paths").lower() in YES,
        section.text("name"),
        section.text("s3-prefix"),
    )


def _secondary(section: Section) -> dict[str, Artifact]:
    return {name: _artifact(section.section(name)) for name in section}


def _unknown(spec: Section) -> Iterator[tuple[str, str]]:
    places = [("", "", spec), ("env", "env", spec.section("env"))]
    phases = spec.section("phases")
    places += [(name, "phase", phases.section(name)) for name in phases]
    places += [("artifacts", "artifacts", spec.section("artifacts"))]
    for place, kind, section in places:
        for key in section:
            if key not in KNOWN[kind]:
                yield place, key
