"""What a CloudFormation action hands over: template, parameters, tags, capabilities, role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.work import ActionFailed, Work

LARGEST_BODY = 51_200
LARGEST_OVERRIDES = 1024


def template(work: Work) -> dict[str, Any]:
    """The template out of its artifact; a large one goes by way of the artifact bucket."""
    body = artifacts.file_in(work, work.configuration["TemplatePath"])
    if len(body) <= LARGEST_BODY:
        return {"TemplateBody": body.decode("utf-8", "replace")}
    place = artifacts.place(work.pipeline, "Template", work.store["location"])
    artifacts.write(work, place, body)
    return {"TemplateURL": f"https://{place.bucket}.s3.{work.region}.amazonaws.com/{place.key}"}


def settings(work: Work) -> dict[str, Any]:
    """Parameters, tags, stack policy, capabilities and role, as CreateStack takes them."""
    configured = _template_configuration(work)
    parameters = configured.get("Parameters", {}) | _overrides(work)
    asked: dict[str, Any] = {
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": _text(value)} for key, value in parameters.items()
        ],
        "Tags": [{"Key": key, "Value": _text(value)} for key, value in configured.get("Tags", {}).items()],
        "Capabilities": [
            name.strip() for name in work.configuration.get("Capabilities", "").split(",") if name.strip()
        ],
    }
    if "StackPolicy" in configured:
        asked["StackPolicyBody"] = json.dumps(configured["StackPolicy"])
    if "RoleArn" in work.configuration:
        asked["RoleARN"] = work.configuration["RoleArn"]
    return asked


def _template_configuration(work: Work) -> dict[str, Any]:
    path = work.configuration.get("TemplateConfiguration")
    return _json(artifacts.file_in(work, path), f"File [{path}]") if path else {}


def _overrides(work: Work) -> dict[str, Any]:
    text = work.configuration.get("ParameterOverrides", "")
    if len(text.encode()) > LARGEST_OVERRIDES:
        raise ActionFailed("ConfigurationError", "ParameterOverrides must not be larger than 1 kilobyte")
    overrides = _json(text, "ParameterOverrides") if text else {}
    return {name: _function(work, value) for name, value in overrides.items()}


def _function(work: Work, value: Any) -> Any:
    """Fn::GetArtifactAtt and Fn::GetParam, which only ParameterOverrides has."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    (name, arguments), *_ = value.items()
    if name == "Fn::GetArtifactAtt":
        return _attribute(work, *arguments)
    if name == "Fn::GetParam":
        artifact, file, key = arguments
        found = _json(artifacts.file_in(work, f"{artifact}::{file}"), f"File [{file}]")
        if key not in found:
            raise ActionFailed(
                "ConfigurationError", f"Key [{key}] does not exist in file [{file}] of artifact [{artifact}]"
            )
        return found[key]
    raise ActionFailed("ConfigurationError", f"Unknown function [{name}] in ParameterOverrides")


def _attribute(work: Work, name: str, attribute: str) -> str:
    artifact = work.input(name)
    return {
        "BucketName": artifact.bucket,
        "ObjectKey": artifact.key,
        "URL": f"https://{artifact.bucket}.s3.{work.region}.amazonaws.com/{artifact.key}",
    }[attribute]


def _json(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as broken:
        raise ActionFailed("ConfigurationError", f"{what} is not valid JSON: {broken}") from broken
    if not isinstance(found, dict):
        raise ActionFailed("ConfigurationError", f"{what} is not a JSON object")
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
