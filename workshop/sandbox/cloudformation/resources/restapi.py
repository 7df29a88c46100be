"""REST APIs of API Gateway in stacks: the API, its parts, deployments and stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.plan import changed_keys
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Failed, Kind, Made, Properties, Work, policy

SERVICE = "apigateway"


def body_of(work: Work, properties: Properties) -> bytes | None:
    """The API's definition: given in the template, or an object in S3; None if neither."""
    if "Body" in properties:
        return policy(properties["Body"]).encode()
    place = properties.get("BodyS3Location")
    if not place:
        return None
    version = {"VersionId": place["Version"]} if "Version" in place else {}
    found: bytes = (
        work.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"], **version)["Body"].read()
    )
    return found


def _create_api(work: Work, properties: Properties) -> Made:
    body = body_of(work, properties)
    name = properties.get("Name") or _title(body)
    if not name:
        raise Failed("Name is required when Body is not specified")
    api = work.call(SERVICE, "create_rest_api", _settings(properties), name=name)["id"]
    work.begun(api)
    if body is not None:
        _import(work, api, properties, body)
    return _made(work, api)


def _title(body: bytes | None) -> str | None:
    try:
        found = json.loads(body) if body else {}
    except ValueError:
        return None
    title = (found.get("info") or {}).get("title")
    return str(title) if title else None


def _settings(properties: Properties) -> dict[str, Any]:
    apart = ("Name", "Body", "BodyS3Location", "Parameters", "Mode", "FailOnWarnings")
    return {key: item for key, item in properties.items() if key not in apart}


def _import(work: Work, api: str, properties: Properties, body: bytes) -> None:
    given = {key: properties[key] for key in ("FailOnWarnings", "Parameters") if key in properties}
    mode = properties.get("Mode") or "overwrite"
    work.call(SERVICE, "put_rest_api", given, restApiId=api, mode=mode, body=body)


def _made(work: Work, api: str) -> Made:
    found = work.call(SERVICE, "get_resources", restApiId=api, limit=500)["items"]
    root = next((item["id"] for item in found if item["path"] == "/"), "")
    return Made(api, {"RestApiId": api, "RootResourceId": root})


def _update_api(work: Work, old: Resource, properties: Properties) -> Made:
    api, changed = str(old.physical_id), changed_keys(old.properties, properties)
    texts = [key for key in ("Name", "Description", "MinimumCompressionSize") if key in changed]
    patch = [
        {"op": "replace", "path": f"/{k[0].lower()}{k[1:]}", "value": properties.get(k, "")} for k in texts
    ]
    if patch:
        work.call(SERVICE, "update_rest_api", restApiId=api, patchOperations=patch)
    body = body_of(work, properties)
    if body is not None and {"Body", "BodyS3Location", "Parameters", "Mode"} & set(changed):
        _import(work, api, properties, body)
    return _made(work, api)


def _delete_api(work: Work, resource: Resource) -> None:
    work.attempt(SERVICE, "delete_rest_api", restApiId=resource.physical_id)


def _create_deployment(work: Work, properties: Properties) -> Made:
    api = properties["RestApiId"]
    stage = {k: v for k, v in (properties.get("StageDescription") or {}).items() if k == "Variables"}
    given = {key: item for key, item in properties.items() if key != "StageDescription"}
    found = work.call(SERVICE, "create_deployment", {**given, **stage}, restApiId=api)["id"]
    return Made(found, {"DeploymentId": found})


def _update_deployment(work: Work, old: Resource, properties: Properties) -> Made:
    patch = [{"op": "replace", "path": "/description", "value": properties.get("Description", "")}]
    place = {"restApiId": properties["RestApiId"], "deploymentId": old.physical_id}
    work.call(SERVICE, "update_deployment", **place, patchOperations=patch)
    return Made(str(old.physical_id), old.attributes)


def _delete_deployment(work: Work, resource: Resource) -> None:
    """A stage that the deployment itself declared goes with it, if it still points there."""
    api, stage = resource.properties["RestApiId"], resource.properties.get("StageName")
    if stage:
        stages = work.call(SERVICE, "get_stages", restApiId=api, deploymentId=resource.physical_id)["item"]
        if any(item["stageName"] == stage for item in stages):
            work.attempt(SERVICE, "delete_stage", restApiId=api, stageName=stage)
    work.attempt(SERVICE, "delete_deployment", restApiId=api, deploymentId=resource.physical_id)


def _create_stage(work: Work, properties: Properties) -> Made:
    name = properties.get("StageName") or "default"
    work.call(SERVICE, "create_stage", properties, restApiId=properties["RestApiId"], stageName=name)
    work.begun(name)
    patch = _method_settings({}, properties)
    if patch:
        work.call(
            SERVICE, "update_stage", restApiId=properties["RestApiId"], stageName=name, patchOperations=patch
        )
    return Made(name)


def _update_stage(work: Work, old: Resource, properties: Properties) -> Made:
    plain = {
        "DeploymentId": "/deploymentId",
        "Description": "/description",
        "TracingEnabled": "/tracingEnabled",
    }
    patch = [
        {"op": "replace", "path": path, "value": properties[key]}
        for key, path in plain.items()
        if key in properties and properties[key] != old.properties.get(key)
    ]
    patch += _variables(old.properties.get("Variables") or {}, properties.get("Variables") or {})
    patch += _method_settings(old.properties, properties)
    place = {"restApiId": properties["RestApiId"], "stageName": old.physical_id}
    if patch:
        work.call(SERVICE, "update_stage", **place, patchOperations=patch)
    return Made(str(old.physical_id))


def _variables(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    changed = [
        {"op": "replace", "path": f"/variables/{k}", "value": v} for k, v in new.items() if old.get(k) != v
    ]
    return changed + [{"op": "remove", "path": f"/variables/{k}"} for k in old if k not in new]


def _method_settings(old: Properties, new: Properties) -> list[dict[str, Any]]:
    paths = {
        "LoggingLevel": "logging/loglevel",
        "MetricsEnabled": "metrics/enabled",
        "DataTraceEnabled": "logging/dataTrace",
        "ThrottlingBurstLimit": "throttling/burstLimit",
        "ThrottlingRateLimit": "throttling/rateLimit",
        "CachingEnabled": "caching/enabled",
        "CacheTtlInSeconds": "caching/ttlInSeconds",
    }
    if old.get("MethodSettings") == new.get("MethodSettings"):
        return []
    return [
        {"op": "replace", "path": f"/{_method_path(entry)}/{paths[key]}", "value": entry[key]}
        for entry in new.get("MethodSettings") or ()
        for key in paths
        if key in entry
    ]


def _method_path(entry: Mapping[str, Any]) -> str:
    path, method = str(entry.get("ResourcePath", "/*")), entry.get("HttpMethod", "*")
    inner = path.strip("/").replace("/", "~1")
    return f"{inner if inner == '*' else '~1' + inner}/{method}"


def _delete_stage(work: Work, resource: Resource) -> None:
    api = resource.properties["RestApiId"]
    work.attempt(SERVICE, "delete_stage", restApiId=api, stageName=resource.physical_id)


def _create_resource(work: Work, properties: Properties) -> Made:
    api = properties["RestApiId"]
    found = work.call(SERVICE, "create_resource", properties, restApiId=api)["id"]
    return Made(found, {"ResourceId": found})


def _delete_resource(work: Work, resource: Resource) -> None:
    api = resource.properties["RestApiId"]
    work.attempt(SERVICE, "delete_resource", restApiId=api, resourceId=resource.physical_id)


def _create_method(work: Work, properties: Properties) -> Made:
    place = _method_place(properties)
    given = {key: item for key, item in properties.items() if key not in ("Integration", "MethodResponses")}
    given.setdefault("AuthorizationType", "NONE")
    work.call(SERVICE, "put_method", {**given, **place})
    name = f"{properties['RestApiId']}|{properties['ResourceId']}|{properties['HttpMethod']}"
    work.begun(name)
    for response in properties.get("MethodResponses") or ():
        work.call(SERVICE, "put_method_response", {**response, **place})
    if "Integration" in properties:
        _integrate(work, place, properties["Integration"])
    return Made(name)


def _integrate(work: Work, place: Mapping[str, Any], integration: Mapping[str, Any]) -> None:
    # The API calls the integration's own method integrationHttpMethod.
    given = {key: item for key, item in integration.items() if key != "IntegrationResponses"}
    work.call(SERVICE, "put_integration", {**given, **place})
    for response in integration.get("IntegrationResponses") or ():
        work.call(SERVICE, "put_integration_response", {**response, **place})


def _method_place(properties: Properties) -> dict[str, Any]:
    return {
        "restApiId": properties["RestApiId"],
        "resourceId": properties["ResourceId"],
        "httpMethod": properties["HttpMethod"],
    }


def _update_method(work: Work, old: Resource, properties: Properties) -> Made:
    work.attempt(SERVICE, "delete_method", **_method_place(old.properties))
    return _create_method(work, properties)


def _delete_method(work: Work, resource: Resource) -> None:
    work.attempt(SERVICE, "delete_method", **_method_place(resource.properties))


def _create_authorizer(work: Work, properties: Properties) -> Made:
    found = work.call(SERVICE, "create_authorizer", properties, restApiId=properties["RestApiId"])["id"]
    return Made(found, {"AuthorizerId": found})


def _delete_authorizer(work: Work, resource: Resource) -> None:
    api = resource.properties["RestApiId"]
    work.attempt(SERVICE, "delete_authorizer", restApiId=api, authorizerId=resource.physical_id)


def _set_account(work: Work, properties: Properties) -> Made:
    _log_role(work, properties)
    return Made(work.generated())


def _update_account(work: Work, old: Resource, properties: Properties) -> Made:
    _log_role(work, properties)
    return Made(str(old.physical_id))


def _log_role(work: Work, properties: Properties) -> None:
    patch = [
        {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties.get("CloudWatchRoleArn", "")}
    ]
    work.call(SERVICE, "update_account", patchOperations=patch)


def _keep_account(work: Work, resource: Resource) -> None:
    """The account's setting stays, as in AWS, when its resource goes."""


KINDS: Mapping[str, Kind] = {
    "AWS::ApiGateway::Account": Kind(_set_account, _keep_account, _update_account),
    "AWS::ApiGateway::Authorizer": Kind(_create_authorizer, _delete_authorizer),
    "AWS::ApiGateway::Deployment": Kind(_create_deployment, _delete_deployment, _update_deployment),
    "AWS::ApiGateway::Method": Kind(_create_method, _delete_method, _update_method),
    "AWS::ApiGateway::Resource": Kind(_create_resource, _delete_resource),
    "AWS::ApiGateway::RestApi": Kind(_create_api, _delete_api, _update_api),
    "AWS::ApiGateway::Stage": Kind(_create_stage, _delete_stage, _update_stage),
}
