"""The parts of an HTTP API as the API shows them: made from what a call asks, or refused.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox import pages
from workshop.sandbox.apigateway import openapi
from workshop.sandbox.apigateway.routes import DEFAULT
from workshop.sandbox.apigateway.state import HttpApi, Item
from workshop.sandbox.call import AwsError, Call

SHORT, LONG = 7, 10
PAGE = 500
TOKEN = pages.Token("BadRequestException", "Invalid NextToken specified")
LETTERS = string.ascii_lowercase + string.digits
AUTHORIZATIONS = ("NONE", "AWS_IAM")
METHODS = ("ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MILLIS = (50, 30_000)
STAGE_MEMBERS = (
    "AccessLogSettings",
    "AutoDeploy",
    "DefaultRouteSettings",
    "DeploymentId",
    "Description",
    "RouteSettings",
    "StageVariables",
    "Tags",
)


def integration(params: Mapping[str, Any]) -> Item:
    """An integration with a function; AwsError for any other kind."""
    item = {name: value for name, value in params.items() if name not in ("ApiId", "IntegrationId")}
    if item["IntegrationType"] != "AWS_PROXY" or item.get("IntegrationSubtype"):
        raise openapi.refused(
            "This sandbox integrates HTTP APIs with Lambda functions (AWS_PROXY) only: what runs in it "
            "reaches nothing else."
        )
    if ":lambda:" not in item.get("IntegrationUri", ""):
        raise openapi.refused("Invalid function ARN or invalid uri")
    version = item.setdefault("PayloadFormatVersion", "1.0")
    if version not in ("1.0", "2.0"):
        raise openapi.refused("PayloadFormatVersion must be one of [1.0, 2.0]")
    millis = item.setdefault("TimeoutInMillis", MILLIS[1])
    if not MILLIS[0] <= millis <= MILLIS[1]:
        raise openapi.refused("Timeout should be between 50 ms and 30000 ms")
    item.setdefault("ConnectionType", "INTERNET")
    item.setdefault("IntegrationMethod", "POST")
    return item


def imported(integration: openapi.Document) -> Item:
    """An integration of an OpenAPI document in the words of CreateIntegration."""
    words = {
        "uri": "IntegrationUri",
        "httpMethod": "IntegrationMethod",
        "payloadFormatVersion": "PayloadFormatVersion",
        "credentials": "CredentialsArn",
        "timeoutInMillis": "TimeoutInMillis",
        "connectionType": "ConnectionType",
        "requestParameters": "RequestParameters",
        "responseParameters": "ResponseParameters",
        "integrationSubtype": "IntegrationSubtype",
    }
    item: Item = {"IntegrationType": str(integration.get("type", "")).upper()}
    item |= {words[name]: value for name, value in integration.items() if name in words}
    if "PayloadFormatVersion" in item:
        item["PayloadFormatVersion"] = str(item["PayloadFormatVersion"])
    return item


def route(api: HttpApi, params: Mapping[str, Any], but: str = "") -> Item:
    """A route of `api`; AwsError if another than `but` has its key, or it leads nowhere."""
    item = {name: value for name, value in params.items() if name not in ("ApiId", "RouteId")}
    key = item["RouteKey"]
    method, _, path = key.partition(" ")
    if key != DEFAULT and (method not in METHODS or not path.startswith("/")):
        raise openapi.refused("The provided route key is not formatted properly for HTTP protocol")
    if any(one["RouteKey"] == key and number != but for number, one in api.routes.items()):
        raise AwsError("ConflictException", f"Route with key {key} already exists for this API")
    if item.setdefault("AuthorizationType", "NONE") not in AUTHORIZATIONS:
        raise openapi.refused("This sandbox has no authorizers for HTTP APIs.")
    target = item.get("Target", "")
    if target and target.removeprefix("integrations/") not in api.integrations:
        raise openapi.refused(f"Invalid integration identifier specified: {target}")
    item.setdefault("ApiKeyRequired", False)
    return item


def stage(item: Item, call: Call) -> Item:
    """A stage with what the call sets on it, if the call is about stages."""
    if call.operation in ("CreateStage", "UpdateStage"):
        item |= {name: call.params[name] for name in STAGE_MEMBERS if name in call.params}
    defaults: Item = {
        "AutoDeploy": False,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "RouteSettings": {},
        "StageVariables": {},
        "Tags": {},
        "CreatedDate": now(),
    }
    return {**defaults, **item, "LastUpdatedDate": now()}


def given(call: Call) -> Item:
    """What a call sets on a part."""
    return {name: value for name, value in call.params.items() if name != "ApiId"}


def found(items: Mapping[str, Item], kind: str, number: str) -> Item:
    """The item of that id; AwsError NotFoundException."""
    if number not in items:
        raise AwsError("NotFoundException", f"Invalid {kind} identifier specified {number}")
    return items[number]


def page(call: Call, items: list[Item]) -> Item:
    """One page of `items`, by the call's NextToken and MaxResults."""
    size = int(call.params.get("MaxResults") or PAGE)
    shown, more = pages.page(items, size, call.params.get("NextToken"), TOKEN)
    return {"Items": shown} | ({"NextToken": more} if more else {})


def new_id(length: int) -> str:
    """An id of lower-case letters and digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def now() -> datetime:
    """The present, as items hold it."""
    return datetime.now(UTC)
