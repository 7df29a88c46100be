"""Cross-origin rules of an HTTP API: it answers browsers' preflight requests itself.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.apigateway.message import Request, Response

Rules = Mapping[str, Any]
PREFIX = "access-control-"


def preflight(request: Request, rules: Rules) -> Response | None:
    """The answer to a preflight request, None for any other request."""
    asks = request.header("access-control-request-method")
    if request.method != "OPTIONS" or not request.header("origin") or not asks:
        return None
    headers = _headers(request, rules)
    if headers:
        headers += _list("Access-Control-Allow-Methods", rules.get("AllowMethods"))
        headers += _list("Access-Control-Allow-Headers", rules.get("AllowHeaders"))
        if rules.get("MaxAge"):
            headers.append(("Access-Control-Max-Age", str(rules["MaxAge"])))
    return Response(204, tuple(headers))


def apply(request: Request, rules: Rules, response: Response) -> Response:
    """The response with the API's rules instead of any that the function has set."""
    own = [(name, value) for name, value in response.headers if not name.lower().startswith(PREFIX)]
    headers = _headers(request, rules)
    if headers:
        headers += _list("Access-Control-Expose-Headers", rules.get("ExposeHeaders"))
    return Response(response.status, (*own, *headers), response.body)


def _headers(request: Request, rules: Rules) -> list[tuple[str, str]]:
    origin = request.header("origin")
    allowed = rules.get("AllowOrigins", [])
    if not origin or not any(_matches(origin, pattern) for pattern in allowed):
        return []
    headers = [("Access-Control-Allow-Origin", "*" if "*" in allowed else origin)]
    if rules.get("AllowCredentials"):
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return headers


def _matches(origin: str, pattern: str) -> bool:
    """An origin, `*`, or a scheme with all its origins such as `https://*`."""
    if pattern.endswith("*"):
        return origin.startswith(pattern[:-1])
    return origin.lower() == pattern.lower()


def _list(name: str, values: list[str] | None) -> list[tuple[str, str]]:
    return [(name, ",".join(values))] if values else []
