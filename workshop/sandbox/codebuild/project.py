"""Build projects: what AWS accepts, and what it fills in.

Codes and messages are AWS's where they are known (moto's texts, API reference).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workshop.sandbox.call import AwsError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,149}")
ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/.+")
SOURCES = (
    *("CODECOMMIT", "CODEPIPELINE", "GITHUB", "GITLAB", "GITLAB_SELF_MANAGED", "S3", "BITBUCKET"),
    *("GITHUB_ENTERPRISE", "NO_SOURCE"),
)
ARTIFACTS = ("CODEPIPELINE", "S3", "NO_ARTIFACTS")
ENVIRONMENTS = (
    *("LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "ARM_CONTAINER", "LINUX_LAMBDA_CONTAINER"),
    *("ARM_LAMBDA_CONTAINER", "LINUX_EC2", "ARM_EC2", "WINDOWS_CONTAINER", "WINDOWS_EC2", "MAC_ARM"),
    *("WINDOWS_SERVER_2019_CONTAINER", "WINDOWS_SERVER_2022_CONTAINER"),
)
COMPUTE = re.compile(
    r"BUILD_GENERAL1_(SMALL|MEDIUM|LARGE|XLARGE|2XLARGE)|BUILD_LAMBDA_(1|2|4|8|10)GB"
    r"|ATTRIBUTE_BASED_COMPUTE|CUSTOM_INSTANCE_TYPE"
)
VARIABLE_TYPES = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
SETTINGS = (
    *("description", "source", "secondarySources", "sourceVersion", "secondarySourceVersions"),
    *("artifacts", "secondaryArtifacts", "cache", "environment", "serviceRole", "timeoutInMinutes"),
    *("queuedTimeoutInMinutes", "encryptionKey", "tags", "vpcConfig", "logsConfig"),
    *("fileSystemLocations", "buildBatchConfig", "concurrentBuildLimit", "autoRetryLimit"),
)
ROLE_REFUSED = (
    "CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please verify that: "
    "1) The provided service role exists, 2) The role name is case-sensitive and matches exactly, and "
    "3) The role has the necessary trust policy configured."
)
Fields = Mapping[str, Any]


def invalid(message: str) -> AwsError:
    """InvalidInputException with this message."""
    return AwsError("InvalidInputException", message)


def check_name(name: str) -> None:
    """A new project's name."""
    if not NAME.fullmatch(name):
        limits = "Member must have length less than or equal to 150, and be at least 2 characters"
        long = not 2 <= len(name) <= 150
        raise invalid(limits if long else "Only alphanumeric characters, dash, and underscore are supported")


def check(settings: Fields, account: str, assumable: Callable[[str], bool]) -> None:
    """Refuse settings that AWS refuses; `assumable` tells whether CodeBuild may assume a role."""
    _check_source(settings["source"])
    _check_artifacts(settings)
    _check_environment(settings["environment"])
    _check_range("timeoutInMinutes", settings.get("timeoutInMinutes", 60), 5, 2160)
    _check_range("queuedTimeoutInMinutes", settings.get("queuedTimeoutInMinutes", 480), 5, 480)
    _check_logs(settings.get("logsConfig", {}))
    _check_role(settings["serviceRole"], account, assumable)


def check_variables(variables: Sequence[Fields]) -> None:
    """Refuse environment variables without a name or value, of no known type, or given twice."""
    names = set()
    for one in variables:
        if not isinstance(one, Mapping) or not one.get("name") or not isinstance(one.get("value"), str):
            raise invalid("Invalid environment variable: name and value are required")
        if one["name"] in names:
            raise invalid(f"Duplicate environment variable: {one['name']}")
        if one.get("type", "PLAINTEXT") not in VARIABLE_TYPES:
            raise invalid(f"Invalid environment variable type provided: {one['type']}")
        names.add(one["name"])


def with_defaults(settings: Fields, account: str, region: str) -> dict[str, Any]:
    """The settings as BatchGetProjects shows them, with what AWS fills in."""
    filled = {name: settings[name] for name in SETTINGS if name in settings}
    environment = {
        "environmentVariables": [],
        "privilegedMode": False,
        "imagePullCredentialsType": "CODEBUILD",
        **settings["environment"],
    }
    environment["environmentVariables"] = [
        {"type": "PLAINTEXT", **one} for one in environment["environmentVariables"]
    ]
    logs = settings.get("logsConfig", {})
    return {
        "cache": {"type": "NO_CACHE"},
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "encryptionKey": f"arn:aws:kms:{region}:{account}:alias/aws/s3",
        **filled,
        "artifacts": _artifacts(settings["artifacts"]),
        "environment": environment,
        "logsConfig": {
            "cloudWatchLogs": logs.get("cloudWatchLogs", {"status": "ENABLED"}),
            "s3Logs": {"encryptionDisabled": False, **logs.get("s3Logs", {"status": "DISABLED"})},
        },
    }


def _artifacts(given: Fields) -> dict[str, Any]:
    if given["type"] == "S3":
        filled = {"namespaceType": "NONE", "packaging": "NONE", "encryptionDisabled": False, "path": ""}
        return {**filled, **given}
    return {**({"packaging": "NONE"} if given["type"] == "CODEPIPELINE" else {}), **given}


def _check_source(source: Fields) -> None:
    kind = source["type"]
    if kind not in SOURCES:
        raise invalid("Invalid type provided: Project source type")
    if kind not in ("CODEPIPELINE", "NO_SOURCE") and not source.get("location"):
        raise invalid("Project source location is required")
    if kind == "S3" and "/" not in source["location"]:
        raise invalid("Invalid project source: location must be a valid S3 source")
    if kind == "NO_SOURCE" and not source.get("buildspec"):
        raise invalid("No source and no buildspec: a buildspec is required when the source type is NO_SOURCE")


def _check_artifacts(settings: Fields) -> None:
    artifacts = settings["artifacts"]
    kind = artifacts["type"]
    if kind not in ARTIFACTS:
        raise invalid("Invalid type provided: Artifact type")
    if kind == "NO_ARTIFACTS" and artifacts.get("location"):
        raise invalid("Invalid artifacts: artifact type NO_ARTIFACTS should have null location")
    if kind == "S3" and not artifacts.get("location"):
        raise invalid("Invalid artifacts: location is required for artifact type S3")
    if (kind == "CODEPIPELINE") != (settings["source"]["type"] == "CODEPIPELINE"):
        raise invalid(
            "Invalid artifacts: project source and artifacts must both be of type CODEPIPELINE, or neither"
        )


def _check_environment(environment: Fields) -> None:
    if environment["type"] not in ENVIRONMENTS:
        raise invalid(f"Invalid type provided: {environment['type']}")
    if not COMPUTE.fullmatch(environment["computeType"]):
        raise invalid(f"Invalid compute type provided: {environment['computeType']}")
    check_variables(environment.get("environmentVariables", []))


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise invalid(f"Invalid {name}: must be between {least} and {most}")


def _check_logs(logs: Fields) -> None:
    s3 = logs.get("s3Logs", {"status": "DISABLED"})
    if s3["status"] == "ENABLED" and not s3.get("location"):
        raise invalid("Invalid logs config: s3Logs location is required when s3Logs are enabled")


def _check_role(arn: str, account: str, assumable: Callable[[str], bool]) -> None:
    found = ROLE.fullmatch(arn)
    if not found:
        raise invalid(f"Invalid service role: {arn} is not the ARN of a role")
    if found[1] != account:
        raise invalid("Invalid service role: Service role account ID does not match caller's account")
    if not assumable(arn):
        raise invalid(ROLE_REFUSED)
