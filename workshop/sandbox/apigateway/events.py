"""The events that functions get from API Gateway: payload formats 1.0 and 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
That HTTP APIs decode the path and REST APIs do not was observed (hotsock/voker#8).
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from workshop.sandbox.apigateway.message import Request
from workshop.sandbox.apigateway.routes import Match

TEXT = re.compile(r"text/.*|application/(json|xml|javascript)|.*\+(json|xml)")
REST, HTTP = "REST", "HTTP"


@dataclass(frozen=True)
class Setting:
    """Where a request has arrived: which API, which stage of it, which route.

    `prefix` is the stage's part of the path ("/Prod"), empty for `$default`; `resource_id` and
    `deployment_id` are shown in requests to REST APIs.
    """

    kind: str
    account: str
    api_id: str
    stage: str
    prefix: str
    match: Match
    variables: Mapping[str, str] = field(default_factory=dict)
    binary_types: Sequence[str] = ()
    resource_id: str = ""
    deployment_id: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))


def version_1(request: Request, setting: Setting) -> dict[str, Any]:
    """Payload format 1.0, of REST APIs and of HTTP APIs that want it."""
    is_http = setting.kind == HTTP
    path = unquote(request.path) if is_http else request.path
    many = _grouped(_forwarded(request, setting))
    arguments = _grouped(request.arguments)
    body, encoded = _body(request, _is_text(request) if is_http else not _is_binary(request, setting))
    event: dict[str, Any] = {"version": "1.0"} if is_http else {}
    return event | {
        "resource": setting.match.route.path,
        "path": setting.prefix + path if is_http else path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
        "queryStringParameters": {name: values[-1] for name, values in arguments.items()} or None,
        "multiValueQueryStringParameters": arguments or None,
        "requestContext": _context_1(request, setting, path),
        "pathParameters": _path_parameters(setting),
        "stageVariables": dict(setting.variables) or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def version_2(request: Request, setting: Setting) -> dict[str, Any]:
    """Payload format 2.0, of HTTP APIs and function URLs; absent parts are left out."""
    headers = _grouped([(name.lower(), value) for name, value in _forwarded(request, setting)])
    cookies = [part.strip() for value in headers.pop("cookie", []) for part in value.split(";")]
    body, encoded = _body(request, _is_text(request))
    path = setting.prefix + unquote(request.path)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": setting.match.route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "cookies": cookies,
        "headers": {name: ",".join(values) for name, values in headers.items()},
        "queryStringParameters": {
            name: ",".join(values) for name, values in _grouped(request.arguments).items()
        },
        "requestContext": _context_2(request, setting, path),
        "pathParameters": _path_parameters(setting),
        "stageVariables": dict(setting.variables),
        "body": body,
        "isBase64Encoded": encoded,
    }
    absent = ("cookies", "queryStringParameters", "pathParameters", "stageVariables", "body")
    return {name: value for name, value in event.items() if value or name not in absent}


def _context_1(request: Request, setting: Setting, path: str) -> dict[str, Any]:
    context = {
        "accountId": setting.account,
        "apiId": setting.api_id,
        "deploymentId": setting.deployment_id,
        "domainName": _domain(request, setting),
        "domainPrefix": setting.api_id,
        "extendedRequestId": setting.request_id,
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": request.source_ip,
            "user": None,
            "userAgent": request.header("user-agent") or None,
            "userArn": None,
        },
        "path": setting.prefix + path,
        "protocol": request.protocol,
        "requestId": setting.request_id,
        "requestTime": _time(setting),
        "requestTimeEpoch": _epoch(setting),
        "resourceId": setting.resource_id or setting.match.route.key,
        "resourcePath": setting.match.route.path,
        "stage": setting.stage,
    }
    return {name: value for name, value in context.items() if value != ""}


def _context_2(request: Request, setting: Setting, path: str) -> dict[str, Any]:
    return {
        "accountId": setting.account,
        "apiId": setting.api_id,
        "domainName": _domain(request, setting),
        "domainPrefix": setting.api_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": setting.request_id,
        "routeKey": setting.match.route.key,
        "stage": setting.stage,
        "time": _time(setting),
        "timeEpoch": _epoch(setting),
    }


def _forwarded(request: Request, setting: Setting) -> list[tuple[str, str]]:
    """The client's headers and those that API Gateway adds."""
    passed = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id")
    port = request.header("host").partition(":")[2] or "80"
    return [
        *((name, value) for name, value in request.headers if name.lower() not in passed),
        (
            "X-Amzn-Trace-Id",
            f"Root=1-{_epoch(setting) // 1000:08x}-{setting.request_id.replace('-', '')[:24]}",
        ),
        ("X-Forwarded-For", request.source_ip),
        ("X-Forwarded-Port", port),
        ("X-Forwarded-Proto", "http"),
    ]


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The values by name, in the order in which they came."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _path_parameters(setting: Setting) -> dict[str, str] | None:
    decode = unquote if setting.kind == HTTP else str
    return {name: decode(value) for name, value in setting.match.variables.items()} or None


def _body(request: Request, is_text: bool) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_text:
        return request.body.decode(errors="replace"), False
    return base64.b64encode(request.body).decode(), True


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _is_text(request: Request) -> bool:
    return bool(TEXT.fullmatch(_media_type(request.header("content-type"))))


def _is_binary(request: Request, setting: Setting) -> bool:
    return is_binary(request.header("content-type"), setting.binary_types)


def is_binary(media_type: str, binary_types: Sequence[str]) -> bool:
    """Whether a REST API treats this media type as binary."""
    return "*/*" in binary_types or _media_type(media_type) in binary_types


def _domain(request: Request, setting: Setting) -> str:
    """The host by which the API was called, as in AWS; where it was called by a path, the one it has here."""
    host = request.header("host").partition(":")[0]
    return host if ".execute-api." in host else f"{setting.api_id}.execute-api.localhost"


def _time(setting: Setting) -> str:
    return f"{setting.moment:%d/%b/%Y:%H:%M:%S +0000}"


def _epoch(setting: Setting) -> int:
    return int(setting.moment.timestamp() * 1000)
