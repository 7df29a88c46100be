"""The variables that CodeBuild itself gives a build.

Source: AWS CodeBuild User Guide, "Environment variables in build environments".
"""

from __future__ import annotations

from urllib.parse import quote

from workshop.sandbox.codebuild.state import Build
from workshop.sandbox.toolchain import npm_settings

NPM_COPY = "/root/.npm"  # npm reads package data only from a cache that it may write to


def of_build(build: Build) -> dict[str, str]:
    """CODEBUILD_... and AWS_ACCOUNT_ID, but for those that depend on the sources."""
    project_arn = f"arn:aws:codebuild:{build.region}:{build.account}:project/{build.project}"
    return {
        "AWS_ACCOUNT_ID": build.account,
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": build.settings["environment"]["image"],
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": f"https://{build.region}.console.aws.amazon.com/codesuite/codebuild/"
        f"{build.account}/projects/{build.project}/build/{quote(build.id, safe='')}/",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": build.settings.get("encryptionKey", ""),
        "CODEBUILD_LAST_EXIT": "0",
        "CODEBUILD_PROJECT_ARN": project_arn,
        "CODEBUILD_START_TIME": str(int(build.start.timestamp() * 1000)),
    } | _log(build)


def of_source(build: Build) -> dict[str, str]:
    """The variables that name the source and its version."""
    named = {
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.resolved_version,
        "CODEBUILD_SOURCE_REPO_URL": build.settings["source"].get("location"),
        "CODEBUILD_SOURCE_VERSION": build.source_version,
    }
    return {name: value or "" for name, value in named.items()}


def of_npm(isolated: bool) -> dict[str, str]:
    """npm works from the cache; without isolation it may ask the registry for the rest."""
    return {**npm_settings(offline=isolated), "npm_config_cache": NPM_COPY}


def _log(build: Build) -> dict[str, str]:
    return {"CODEBUILD_LOG_PATH": build.log[1]} if build.log else {}
