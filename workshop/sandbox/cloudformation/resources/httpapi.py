"""HTTP APIs of API Gateway in stacks: the API, routes, integrations, stages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from workshop.sandbox.cloudformation.plan import changed_keys
from workshop.sandbox.cloudformation.resources.restapi import body_of
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, retagging

SERVICE = "apigatewayv2"
_tag = retagging(
    SERVICE, "ResourceArn", lambda work, made: f"arn:aws:apigateway:{work.place.region}::/apis/{made.id}"
)
IMPORTED = frozenset({"Body", "BodyS3Location", "BasePath", "FailOnWarnings"})


def _create_api(work: Work, properties: Properties) -> Made:
    body = body_of(work, properties)
    if body is None:
        found = work.call(SERVICE, "create_api", properties)
        return _made(found)
    found = work.call(SERVICE, "import_api", _importing(properties), Body=body.decode())
    work.begun(found["ApiId"])
    settings = {key: item for key, item in properties.items() if key not in IMPORTED and key != "Tags"}
    settings.pop("ProtocolType", None)
    if settings:
        work.call(SERVICE, "update_api", settings, ApiId=found["ApiId"])
    made = _made(found)
    _tag(work, made, {}, properties)
    return made


def _importing(properties: Properties) -> dict[str, Any]:
    return {key: properties[key] for key in ("BasePath", "FailOnWarnings") if key in properties}


def _made(found: Mapping[str, Any]) -> Made:
    api = found["ApiId"]
    return Made(api, {"ApiId": api, "ApiEndpoint": found["ApiEndpoint"]})


def _update_api(work: Work, old: Resource, properties: Properties) -> Made:
    api, changed = str(old.physical_id), changed_keys(old.properties, properties)
    body = body_of(work, properties)
    if body is not None and IMPORTED & set(changed):
        work.call(SERVICE, "reimport_api", _importing(properties), ApiId=api, Body=body.decode())
    settings = {key: properties[key] for key in changed if key in properties and key not in IMPORTED}
    settings.pop("Tags", None)
    if settings:
        work.call(SERVICE, "update_api", settings, ApiId=api)
    return Made(api, old.attributes)


def _delete_api(work: Work, resource: Resource) -> None:
    work.attempt(SERVICE, "delete_api", ApiId=resource.physical_id)


def _create_stage(work: Work, properties: Properties) -> Made:
    work.call(SERVICE, "create_stage", properties)
    return Made(properties["StageName"])


def _update_stage(work: Work, old: Resource, properties: Properties) -> Made:
    given = {key: item for key, item in properties.items() if key != "Tags"}
    work.call(SERVICE, "update_stage", given, StageName=old.physical_id)
    return Made(str(old.physical_id))


def _delete_stage(work: Work, resource: Resource) -> None:
    work.attempt(SERVICE, "delete_stage", ApiId=resource.properties["ApiId"], StageName=resource.physical_id)


def _create_part(part: str, work: Work, properties: Properties) -> Made:
    """A route, integration, authorizer or deployment: all are made alike."""
    found = work.call(SERVICE, f"create_{part}", properties)
    key = f"{part.capitalize()}Id"
    return Made(found[key], {key: found[key]})


def _update_part(part: str, work: Work, old: Resource, properties: Properties) -> Made:
    work.call(SERVICE, f"update_{part}", properties, **{f"{part.capitalize()}Id": old.physical_id})
    return Made(str(old.physical_id), old.attributes)


def _delete_part(part: str, work: Work, resource: Resource) -> None:
    key = f"{part.capitalize()}Id"
    work.attempt(SERVICE, f"delete_{part}", ApiId=resource.properties["ApiId"], **{key: resource.physical_id})


def _part(name: str) -> Kind:
    return Kind(partial(_create_part, name), partial(_delete_part, name), partial(_update_part, name))


KINDS: Mapping[str, Kind] = {
    "AWS::ApiGatewayV2::Api": Kind(_create_api, _delete_api, _update_api, _tag),
    "AWS::ApiGatewayV2::Authorizer": _part("authorizer"),
    "AWS::ApiGatewayV2::Deployment": _part("deployment"),
    "AWS::ApiGatewayV2::Integration": _part("integration"),
    "AWS::ApiGatewayV2::Route": _part("route"),
    "AWS::ApiGatewayV2::Stage": Kind(_create_stage, _delete_stage, _update_stage),
}
