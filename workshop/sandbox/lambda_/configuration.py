"""What a function may be set up as: checks its configuration in Lambda's words, and shows it as Lambda does.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.names import malformed
from workshop.sandbox.lambda_.package import sha256_base64
from workshop.sandbox.lambda_.state import Version

RUNTIMES = re.compile(r"nodejs(20|22|24|26)\.x|python3\.(9|1[0-9])")
RETIRED = re.compile(
    r"nodejs(4\.3|4\.3-edge|6\.10|8\.10|10\.x|12\.x|14\.x|16\.x|18\.x)?|python(2\.7|3\.[678])"
)
KNOWN = re.compile(r"(java|dotnet|dotnetcore|ruby|go|provided)[\w.]*")
ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
HANDLER = re.compile(r"[^\s]{1,128}")
VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
DEAD_LETTERS = re.compile(r"(arn:aws[a-zA-Z0-9-]*:(sqs|sns):[a-z0-9-]+:\d{12}:[^:]+)|")
LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
VARIABLES_LIMIT = 4096
RANGES = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}


def settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Version that `params` of Create- or UpdateFunctionConfiguration set.

    AwsError in Lambda's words for what Lambda refuses, and for what this sandbox cannot run.
    """
    _check(params)
    fields = {
        "role": params.get("Role"),
        "runtime": params.get("Runtime"),
        "handler": params.get("Handler"),
        "description": params.get("Description"),
        "timeout": params.get("Timeout"),
        "memory": params.get("MemorySize"),
        "storage": params.get("EphemeralStorage", {}).get("Size"),
        "tracing": params.get("TracingConfig", {}).get("Mode"),
        "log_group": params.get("LoggingConfig", {}).get("LogGroup"),
        "dead_letters": params.get("DeadLetterConfig", {}).get("TargetArn"),
        "kms_key": params.get("KMSKeyArn"),
    }
    if "Environment" in params:
        fields["variables"] = _variables(params["Environment"].get("Variables", {}))
    if params.get("Architectures"):
        fields["architecture"] = params["Architectures"][0]
    return {name: value for name, value in fields.items() if value is not None}


def described(version: Version) -> dict[str, Any]:
    """A version as FunctionConfiguration."""
    shown: dict[str, Any] = {
        "FunctionName": version.name,
        "FunctionArn": version.arn,
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code.size,
        "CodeSha256": sha256_base64(version.code),
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory,
        "LastModified": stamp(version.modified),
        "Version": version.number,
        "TracingConfig": {"Mode": version.tracing},
        "RevisionId": version.revision,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.storage},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": _runtime_arn(version)},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": version.log_group},
    }
    if version.variables:
        shown["Environment"] = {"Variables": dict(version.variables)}
    if version.layers:
        shown["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.code.size} for layer in version.layers]
    if version.dead_letters:
        shown["DeadLetterConfig"] = {"TargetArn": version.dead_letters}
    if version.kms_key:
        shown["KMSKeyArn"] = version.kms_key
    return shown


def now() -> datetime:
    """The present, as states hold it."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment in the form of LastModified and CreatedDate."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def new_revision() -> str:
    """An id that no earlier state of a function had."""
    return str(uuid.uuid4())


def invalid(message: str) -> AwsError:
    """Lambda's general refusal of a parameter."""
    return AwsError("InvalidParameterValueException", message, Type="User")


def _check(params: Mapping[str, Any]) -> None:
    if params.get("PackageType", "Zip") != "Zip":
        raise invalid("This sandbox runs functions from zip files, not from container images.")
    if "Role" in params and not ROLE.fullmatch(params["Role"]):
        raise malformed("role", params["Role"], ROLE.pattern)
    if "Handler" in params and not HANDLER.fullmatch(params["Handler"]):
        raise malformed("handler", params["Handler"], "[^\\s]+")
    for name, (least, most) in RANGES.items():
        _check_range(name, params.get(name), least, most)
    _check_range("EphemeralStorage.Size", params.get("EphemeralStorage", {}).get("Size"), 512, 10_240)
    if "Runtime" in params:
        _check_runtime(params["Runtime"])
    _check_logging(params.get("LoggingConfig", {}))
    target = params.get("DeadLetterConfig", {}).get("TargetArn", "")
    if not DEAD_LETTERS.fullmatch(target):
        raise malformed("deadLetterConfig.targetArn", target, DEAD_LETTERS.pattern)
    if params.get("VpcConfig", {}).get("SubnetIds"):
        raise invalid("This sandbox has no VPCs for functions.")
    if params.get("FileSystemConfigs"):
        raise invalid("This sandbox has no file systems for functions.")


def _check_range(name: str, value: int | None, least: int, most: int) -> None:
    if value is None or least <= value <= most:
        return
    constraint = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
    raise AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
        f"constraint: Member must have value {constraint}",
    )


def _check_runtime(runtime: str) -> None:
    if RUNTIMES.fullmatch(runtime):
        return
    if RETIRED.fullmatch(runtime):
        raise invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    if KNOWN.fullmatch(runtime):
        raise invalid(f"This sandbox runs functions in Node.js and Python; it has no {runtime}.")
    raise invalid(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        "[nodejs20.x, nodejs22.x, nodejs24.x, python3.9, python3.10, python3.11, python3.12, python3.13, "
        "python3.14] or be a valid ARN"
    )


def _check_logging(logging: Mapping[str, Any]) -> None:
    if logging.get("LogFormat", "Text") != "Text":
        raise invalid("This sandbox writes the logs of functions as text; it has no JSON log format.")
    if "LogGroup" in logging and not LOG_GROUP.fullmatch(logging["LogGroup"]):
        raise malformed("loggingConfig.logGroup", logging["LogGroup"], LOG_GROUP.pattern)


def _variables(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    trouble = "Lambda was unable to configure your environment variables because the environment variables"
    if reserved := sorted(RESERVED & variables.keys()):
        raise invalid(
            f"{trouble} you have provided contains reserved keys that are currently not supported for "
            f"modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    for name in variables:
        if not VARIABLE.fullmatch(name):
            raise malformed("environment.variables", name, VARIABLE.pattern)
    text = json.dumps(dict(variables), separators=(",", ":"))
    if len(text.encode()) > VARIABLES_LIMIT:
        raise invalid(f"{trouble} you have provided exceeded the 4KB limit. String measured: {text}")
    return tuple(sorted(variables.items()))


def _runtime_arn(version: Version) -> str:
    region = version.arn.split(":")[3]
    return f"arn:aws:lambda:{region}::runtime:{version.runtime.removesuffix('.x')}"
