"""Turns HTTP requests into calls and results into HTTP replies, by botocore's models of the services.

The protocols' parsers, routers and serialisers are moto's; errors are written here, since
each protocol has a shape of its own and not every AWS error is in a model.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from workshop.sandbox.call import AwsError

CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d{8}/(?P<region>[^/,]+)/(?P<service>[^/,]+)/")
SERVICE_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
    "elasticloadbalancing": "elbv2",
    "codestar-connections": "codestar-connections",
}
GLOBAL_REGION = "us-east-1"
MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"


@dataclass(frozen=True)
class Scope:
    """What a request's signature says it is for."""

    service: str
    region: str


@dataclass(frozen=True)
class Reply:
    """An HTTP reply, whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Route:
    """The operation that a request asks for, by the service's model."""

    model: OperationModel
    uri_params: Mapping[str, Any]

    @property
    def operation(self) -> str:
        return str(self.model.name)


def scope_of(request: Request) -> Scope:
    """Service and region out of the credential scope; unsigned ones are S3's unless they say otherwise."""
    credential = request.headers.get("Authorization", "")
    if "X-Amz-Credential" in request.args:
        credential = "Credential=" + request.args["X-Amz-Credential"]
    match = CREDENTIAL.search(credential)
    if not match:
        return Scope(_unsigned_service(request), GLOBAL_REGION)
    service = SERVICE_OF_SIGNING_NAME.get(match["service"], match["service"])
    if service == "apigateway" and request.path.startswith("/v2/"):
        service = "apigatewayv2"
    return Scope(service, match["region"])


def _unsigned_service(request: Request) -> str:
    """Whom an unsigned request means: it is refused, yet in the shape that its client reads."""
    if target := re.match("[A-Za-z]+", request.headers.get("X-Amz-Target", "")):
        return target[0].lower()
    return "sts" if request.method == "POST" and "Action" in request.values else "s3"


@functools.cache
def model_of(service: str) -> ServiceModel:
    """botocore's model of a service; AwsError if there is no such service."""
    try:
        return get_service_model(service)
    except Exception as unknown:
        raise AwsError("UnknownService", f"There is no service {service} in this sandbox.", 404) from unknown


def route(request: Request, service: str) -> Route:
    """The operation asked for; AwsError in the protocol's words if the model has none."""
    model_of(service)
    try:
        model, uri_params = get_service_router(service).match(request)
    except (HTTPException, NotImplementedError) as unknown:
        asked = request.headers.get("X-Amz-Target") or request.values.get("Action")
        raise AwsError(
            "UnknownOperationException" if service != "s3" else "MethodNotAllowed",
            f"{service} has no operation {asked or f'{request.method} {request.path}'}.",
            404,
        ) from unknown
    return Route(model, uri_params)


def parse(request: Request, at: Route) -> dict[str, Any]:
    """The call's parameters as boto3 would take them; AwsError if the body cannot be read."""
    service = at.model.service_model
    protocol = determine_request_protocol(service, request.content_type)
    parser = PROTOCOL_PARSERS[protocol](at.model)
    try:
        parsed: dict[str, Any] = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.get_data(),
                "url_path": request.path,
                "url_params": dict(at.uri_params),
            }
        )
    except Exception as malformed:
        if protocol == "rest-xml":
            raise AwsError("MalformedXML", MALFORMED_XML) from malformed
        raise AwsError("SerializationException", f"The request cannot be read: {malformed}") from malformed
    return parsed


def require_members(at: Route, params: Mapping[str, Any]) -> None:
    """Refuse a call that lacks required members, in the words of AWS's request validation."""
    missing = list(_missing(at.model.input_shape, params, ""))
    if not missing:
        return
    errors = "; ".join(
        f"Value at '{path}' failed to satisfy constraint: Member must not be null" for path in missing
    )
    plural = "s" if len(missing) > 1 else ""
    raise AwsError("ValidationException", f"{len(missing)} validation error{plural} detected: {errors}")


def _missing(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name in shape.required_members:
            if name not in value:
                yield f"{path}{name}"
        for name, member in shape.members.items():
            if name in value:
                yield from _missing(member, value[name], f"{path}{name}.")
    if shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _missing(shape.member, item, f"{path}{index}.member.")


def reply(request: Request, at: Route, result: Mapping[str, Any] | None, request_id: str) -> Reply:
    """A result in the protocol's shape."""
    service = at.model.service_model
    protocol = determine_request_protocol(service, request.content_type)
    serializer = get_serializer_class(str(service.service_name), protocol)(operation_model=at.model)
    serialized = serializer.serialize(result or {})
    headers = {str(name): str(value) for name, value in serialized["headers"].items()}
    headers["x-amzn-RequestId"] = request_id
    body: Any = serialized["body"] or b""
    status = _status(at, result or {}) or serialized["status_code"]
    return Reply(status, headers, body if isinstance(body, bytes) else body.encode())


def _status(at: Route, result: Mapping[str, Any]) -> int | None:
    """The HTTP status, where a member of the result is it (Lambda's Invoke)."""
    members = at.model.output_shape.members if at.model.output_shape else {}
    placed = (name for name, shape in members.items() if shape.serialization.get("location") == "statusCode")
    return next((int(result[name]) for name in placed if name in result), None)


def refuse(service: str, error: AwsError, request_id: str) -> Reply:
    """An error in the shape of the service's protocol."""
    try:
        model = model_of(service)
    except AwsError:
        return _json_error(error.code, error, error.status or 400, request_id)
    code, status = _modelled(model, error.code)
    status = error.status or status or 400
    if service == "s3":
        return _s3_error(code, error, status, request_id)
    if model.protocol in ("query", "ec2", "rest-xml"):
        return _xml_error(code, error, status, request_id)
    return _json_error(code, error, status, request_id)


def _modelled(model: ServiceModel, code: str) -> tuple[str, int | None]:
    """The code on the wire and the HTTP status that the model gives to an error."""
    for shape in model.error_shapes:
        details = shape.metadata.get("error", {})
        if code in (shape.name, details.get("code")):
            wire = details.get("code", shape.name) if model.protocol in ("query", "ec2") else shape.name
            return str(wire), details.get("httpStatusCode")
    return code, None


def _json_error(code: str, error: AwsError, status: int, request_id: str) -> Reply:
    body = {"__type": code, "message": error.message, "Message": error.message, **error.members}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-ErrorType": code,
        "x-amzn-RequestId": request_id,
    }
    return Reply(status, headers, json.dumps(body, default=str).encode())


def _xml_error(code: str, error: AwsError, status: int, request_id: str) -> Reply:
    fault = "Sender" if status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Reply(status, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body.encode())


def _s3_error(code: str, error: AwsError, status: int, request_id: str) -> Reply:
    members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in error.members.items())
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>{members}"
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
    return Reply(status, headers, body.encode())
