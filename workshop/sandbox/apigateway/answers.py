"""What clients get for what functions return.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workshop.sandbox.apigateway.events import is_binary
from workshop.sandbox.apigateway.message import NOT_PASSED_ON, Request, Response

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
REMAPPED = "x-amzn-remapped-"


class Malformed(Exception):
    """A function returned what API Gateway cannot use."""


def rest(payload: bytes, request: Request, binary_types: Sequence[str]) -> Response:
    """The answer of a REST API; Malformed."""
    result = _object(payload)
    headers = list(_headers(result, "multiValueHeaders"))
    body = _text(result).encode()
    if result.get("isBase64Encoded") is True and _wants_binary(request, binary_types):
        body = _decoded(body)
    return Response(_status(result), tuple(_with_type(headers, JSON_TYPE)), body)


def http_1(payload: bytes) -> Response:
    """The answer of an HTTP API with payload format 1.0; Malformed."""
    return _http(_object(payload), "multiValueHeaders")


def http_2(payload: bytes) -> Response:
    """The answer of an HTTP API with payload format 2.0, where whatever is JSON will do; Malformed."""
    try:
        result = json.loads(payload)
    except ValueError as broken:
        raise Malformed("not JSON") from broken
    if isinstance(result, dict) and "statusCode" in result:
        answer = _http(result, "")
        cookies = result.get("cookies") or []
        return Response(
            answer.status, (*answer.headers, *(("Set-Cookie", str(one)) for one in cookies)), answer.body
        )
    body = result.encode() if isinstance(result, str) else payload
    return Response(200, (("Content-Type", JSON_TYPE),), body)


def _http(result: Mapping[str, Any], many: str) -> Response:
    headers = list(_headers(result, many))
    body = _text(result).encode()
    if result.get("isBase64Encoded") is True:
        body = _decoded(body)
    return Response(_status(result), tuple(_with_type(headers, TEXT_TYPE)), body)


def _object(payload: bytes) -> Mapping[str, Any]:
    try:
        result = json.loads(payload)
    except ValueError as broken:
        raise Malformed("not JSON") from broken
    if not isinstance(result, dict) or "statusCode" not in result:
        raise Malformed("no statusCode")
    return result


def _status(result: Mapping[str, Any]) -> int:
    try:
        status = int(result["statusCode"])
    except (TypeError, ValueError) as strange:
        raise Malformed("statusCode is no number") from strange
    if not 100 <= status <= 599:
        raise Malformed("statusCode is none of HTTP's")
    return status


def _text(result: Mapping[str, Any]) -> str:
    body = result.get("body")
    if body is None:
        return ""
    if not isinstance(body, str):
        raise Malformed("body is no string")
    return body


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body)
    except binascii.Error as broken:
        raise Malformed("body is not base64") from broken


def _headers(result: Mapping[str, Any], many: str) -> Iterator[tuple[str, str]]:
    """Single and repeated headers; a repeated one outdoes a single one of the same name."""
    single, repeated = result.get("headers") or {}, result.get(many) or {}
    if not isinstance(single, dict) or not isinstance(repeated, dict):
        raise Malformed("headers are no object")
    again = {name.lower() for name in repeated}
    for name, value in single.items():
        if name.lower() not in again:
            yield _header(name, value)
    for name, values in repeated.items():
        for value in values if isinstance(values, list) else [values]:
            yield _header(name, value)


def _header(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, (dict, list)):
        raise Malformed(f"header {name} is no string")
    text = value if isinstance(value, str) else json.dumps(value)
    if "\r" in name + text or "\n" in name + text:
        raise Malformed(f"header {name} has a line break")
    return (REMAPPED + name if name.lower() in NOT_PASSED_ON else name), text


def _with_type(headers: list[tuple[str, str]], default: str) -> list[tuple[str, str]]:
    if any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return [*headers, ("Content-Type", default)]


def _wants_binary(request: Request, binary_types: Sequence[str]) -> bool:
    """As in AWS, the first media type that the client accepts decides."""
    return is_binary(request.header("accept").partition(",")[0], binary_types)
