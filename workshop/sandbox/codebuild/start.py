"""From a project and what StartBuild overrides to the settings of one build."""

from __future__ import annotations

import uuid
from typing import Any

from workshop.sandbox.codebuild.project import Fields, invalid
from workshop.sandbox.codebuild.state import Build, PipelineBuild, Region, now
from workshop.sandbox.codebuild.variables import override

MOST_BUILDS = 500  # in an account and region; AWS keeps those of a year, however many there are
WHOLE = {
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "secondarySourcesOverride": "secondarySources",
    "secondarySourcesVersionOverride": "secondarySourceVersions",
    "sourceVersion": "sourceVersion",
    "cacheOverride": "cache",
    "serviceRoleOverride": "serviceRole",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "logsConfigOverride": "logsConfig",
}
SOURCE = {
    "sourceLocationOverride": "location",
    "buildspecOverride": "buildspec",
    "gitCloneDepthOverride": "gitCloneDepth",
    "sourceAuthOverride": "auth",
    "insecureSslOverride": "insecureSsl",
}
ENVIRONMENT = {
    "environmentTypeOverride": "type",
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "certificateOverride": "certificate",
    "privilegedModeOverride": "privilegedMode",
    "registryCredentialOverride": "registryCredential",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
}


def overridden(project: Fields, params: Fields) -> dict[str, Any]:
    """The project's settings with StartBuild's parameters over them, in boto3's shape."""
    settings = {**project, **{name: params[key] for key, name in WHOLE.items() if key in params}}
    source = dict(project["source"])
    if params.get("sourceTypeOverride", source["type"]) != source["type"]:
        source = {"type": params["sourceTypeOverride"], **_only(source, "buildspec")}
    source |= {name: params[key] for key, name in SOURCE.items() if key in params}
    environment = dict(project["environment"])
    environment |= {name: params[key] for key, name in ENVIRONMENT.items() if key in params}
    environment["environmentVariables"] = override(
        environment.get("environmentVariables", []),
        [{"type": "PLAINTEXT", **one} for one in params.get("environmentVariablesOverride", [])],
    )
    return {**settings, "source": source, "environment": environment}


def refuse_pipeline_project(settings: Fields) -> None:
    """Only a pipeline can give a build its artifacts (AWS's wording is not documented)."""
    for member in ("source", "artifacts"):
        if settings[member]["type"] == "CODEPIPELINE":
            raise invalid(
                f"Cannot start a build directly with {member} type CODEPIPELINE: start it through its "
                f"pipeline, or override the {member}"
            )


def new_build(
    region: Region,
    project: Fields,
    settings: dict[str, Any],
    initiator: str,
    pipeline: PipelineBuild | None = None,
) -> Build:
    """A build of the project, entered in `region`; it has no phase yet."""
    name = project["name"]
    _, _, _, where, account, _ = project["arn"].split(":", 5)
    region.numbers[name] = region.numbers.get(name, 0) + 1
    identity = f"{name}:{uuid.uuid4()}"
    build = Build(
        id=identity,
        arn=f"arn:aws:codebuild:{where}:{account}:build/{identity}",
        number=region.numbers[name],
        project=name,
        account=account,
        region=where,
        initiator=initiator,
        settings=settings,
        start=now(),
        pipeline=pipeline,
        source_version=pipeline.inputs[0].arn if pipeline else settings.get("sourceVersion"),
    )
    region.builds[identity] = build
    _trim(region)
    return build


def _trim(region: Region) -> None:
    """Forget the oldest builds beyond MOST_BUILDS, but for those that are not complete."""
    if len(region.builds) <= MOST_BUILDS:
        return
    complete = [one.id for one in region.builds.values() if one.complete]
    for identity in complete[: len(region.builds) - MOST_BUILDS]:
        del region.builds[identity]
    region.tokens = {token: one for token, one in region.tokens.items() if one in region.builds}


def _only(source: Fields, name: str) -> dict[str, Any]:
    return {name: source[name]} if name in source else {}
