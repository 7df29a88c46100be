"""Lambda in stacks: functions, permissions, versions, aliases, event sources, URLs, layers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop.sandbox.cloudformation.plan import changed_keys
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, retagging

INLINE = Path(__file__).parent.parent / "inline"
CODE = ("Code", "Architectures")
APART = frozenset({"Code", "Architectures", "Tags", "ReservedConcurrentExecutions"})
# What a setting falls back to when it is taken out of the template.
DEFAULTS: Mapping[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}


def _create_function(work: Work, properties: Properties) -> Made:
    name = properties.get("FunctionName") or work.generated()
    code = _code(properties)
    found = work.call("lambda", "create_function", properties, FunctionName=name, Code=code)
    work.begun(name)
    _reserve(work, name, {}, properties)
    return Made(name, {"Arn": _unqualified(found["FunctionArn"]), **_snap_start(found)})


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:7])


def _snap_start(found: Mapping[str, Any]) -> dict[str, Any]:
    answer = found.get("SnapStart") or {}
    return {f"SnapStartResponse.{key}": item for key, item in answer.items()}


def _update_function(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    changed = changed_keys(old.properties, properties)
    if any(key in CODE for key in changed):
        work.call("lambda", "update_function_code", properties, FunctionName=name, **_code(properties))
    settings = {key: properties.get(key, DEFAULTS.get(key)) for key in changed if key not in APART}
    if settings:
        work.call("lambda", "update_function_configuration", settings, FunctionName=name)
    _reserve(work, name, old.properties, properties)
    return Made(name, old.attributes)


def _reserve(work: Work, name: str, old: Properties, new: Properties) -> None:
    before, after = old.get("ReservedConcurrentExecutions"), new.get("ReservedConcurrentExecutions")
    if after is not None and after != before:
        work.call("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=after)
    if after is None and before is not None:
        work.call("lambda", "delete_function_concurrency", FunctionName=name)


def _code(properties: Properties) -> dict[str, Any]:
    """The function's code as the API takes it; inline source is zipped as AWS does."""
    code = dict(properties["Code"])
    if isinstance(code.get("ZipFile"), str):
        code["ZipFile"] = _zip(
            code["ZipFile"], python=str(properties.get("Runtime", "")).startswith("python")
        )
    return code


def _zip(source: str, *, python: bool) -> bytes:
    """The source, and beside it the module that answers for custom resources."""
    if python:
        files = {"index.py": source, "cfnresponse.py": (INLINE / "cfnresponse.py").read_text()}
    else:
        helper = (INLINE / "cfn-response.js").read_text()
        files = {"index.js": source, "node_modules/cfn-response/index.js": helper}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # A fixed date, so that the same source has the same hash.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return packed.getvalue()


def _delete_function(work: Work, resource: Resource) -> None:
    work.attempt("lambda", "delete_function", FunctionName=resource.physical_id)


def _create_permission(work: Work, properties: Properties) -> Made:
    statement = work.generated(100)
    function, qualifier = _target(properties["FunctionName"])
    work.call(
        "lambda", "add_permission", {**properties, **qualifier}, FunctionName=function, StatementId=statement
    )
    return Made(statement, {"Id": statement})


def _target(function: str) -> tuple[str, dict[str, str]]:
    """A function's name or ARN, its qualifier apart."""
    parts = function.split(":")
    if function.startswith("arn:") and len(parts) == 8:
        return ":".join(parts[:7]), {"Qualifier": parts[7]}
    if not function.startswith("arn:") and len(parts) == 2:
        return parts[0], {"Qualifier": parts[1]}
    return function, {}


def _delete_permission(work: Work, resource: Resource) -> None:
    function, qualifier = _target(resource.properties["FunctionName"])
    work.attempt(
        "lambda", "remove_permission", FunctionName=function, StatementId=resource.physical_id, **qualifier
    )


def _create_version(work: Work, properties: Properties) -> Made:
    found = work.call("lambda", "publish_version", properties)
    arn = _unqualified(found["FunctionArn"]) + ":" + found["Version"]
    return Made(arn, {"Version": found["Version"], "FunctionArn": arn})


def _delete_version(work: Work, resource: Resource) -> None:
    name, version = str(resource.physical_id).rsplit(":", 1)
    work.attempt("lambda", "delete_function", FunctionName=name, Qualifier=version)


def _create_alias(work: Work, properties: Properties) -> Made:
    arn = work.call("lambda", "create_alias", _alias(properties))["AliasArn"]
    return Made(arn, {"AliasArn": arn})


def _update_alias(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("lambda", "update_alias", _alias(properties))
    return Made(str(old.physical_id), old.attributes)


def _alias(properties: Properties) -> dict[str, Any]:
    found = dict(properties)
    if "RoutingConfig" in found:
        weights = found["RoutingConfig"].get("AdditionalVersionWeights") or ()
        found["RoutingConfig"] = {
            "AdditionalVersionWeights": {w["FunctionVersion"]: w["FunctionWeight"] for w in weights}
        }
    return found


def _delete_alias(work: Work, resource: Resource) -> None:
    work.attempt(
        "lambda",
        "delete_alias",
        FunctionName=resource.properties["FunctionName"],
        Name=resource.properties["Name"],
    )


def _create_mapping(work: Work, properties: Properties) -> Made:
    found = work.call("lambda", "create_event_source_mapping", properties)
    return Made(
        found["UUID"], {"Id": found["UUID"], "EventSourceMappingArn": found.get("EventSourceMappingArn", "")}
    )


def _update_mapping(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("lambda", "update_event_source_mapping", properties, UUID=old.physical_id)
    return Made(str(old.physical_id), old.attributes)


def _delete_mapping(work: Work, resource: Resource) -> None:
    work.attempt("lambda", "delete_event_source_mapping", UUID=resource.physical_id)


def _create_url(work: Work, properties: Properties) -> Made:
    found = work.call("lambda", "create_function_url_config", _url(properties))
    return Made(
        found["FunctionArn"], {"FunctionArn": found["FunctionArn"], "FunctionUrl": found["FunctionUrl"]}
    )


def _url(properties: Properties) -> dict[str, Any]:
    return {**properties, "FunctionName": properties["TargetFunctionArn"]}


def _update_url(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("lambda", "update_function_url_config", _url(properties))
    return Made(str(old.physical_id), old.attributes)


def _delete_url(work: Work, resource: Resource) -> None:
    work.attempt(
        "lambda", "delete_function_url_config", FunctionName=resource.properties["TargetFunctionArn"]
    )


def _create_layer(work: Work, properties: Properties) -> Made:
    name = properties.get("LayerName") or work.generated()
    found = work.call("lambda", "publish_layer_version", properties, LayerName=name)
    return Made(found["LayerVersionArn"], {"LayerVersionArn": found["LayerVersionArn"]})


def _delete_layer(work: Work, resource: Resource) -> None:
    layer, version = str(resource.physical_id).rsplit(":", 1)
    work.attempt("lambda", "delete_layer_version", LayerName=layer, VersionNumber=int(version))


KINDS: Mapping[str, Kind] = {
    "AWS::Lambda::Alias": Kind(_create_alias, _delete_alias, _update_alias),
    "AWS::Lambda::EventSourceMapping": Kind(_create_mapping, _delete_mapping, _update_mapping),
    "AWS::Lambda::Function": Kind(
        _create_function,
        _delete_function,
        _update_function,
        retagging("lambda", "Resource", lambda _, made: made.attributes["Arn"]),
    ),
    "AWS::Lambda::LayerVersion": Kind(_create_layer, _delete_layer),
    "AWS::Lambda::Permission": Kind(_create_permission, _delete_permission),
    "AWS::Lambda::Url": Kind(_create_url, _delete_url, _update_url),
    "AWS::Lambda::Version": Kind(_create_version, _delete_version),
}
