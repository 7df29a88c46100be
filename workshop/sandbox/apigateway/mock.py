"""Integrations of REST APIs that answer by themselves, as for cross-origin preflight requests.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
Mapping templates are taken as plain text: this sandbox does not run the template language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.apigateway.message import Response, message

HEADER = "method.response.header."
JSON_TYPE = "application/json"


def answer(integration: Mapping[str, Any]) -> Response:
    """The response that the request template's status code selects."""
    templates = integration.get("requestTemplates") or {}
    try:
        status = str(json.loads(templates.get(JSON_TYPE, '{"statusCode": 200}'))["statusCode"])
    except (ValueError, KeyError, TypeError):
        return message(500, "Internal server error")
    responses = (integration.get("integrationResponses") or {}).values()
    chosen = [one for one in responses if (one.get("selectionPattern") or "") == status]
    chosen += [one for one in responses if not one.get("selectionPattern")]
    if not chosen:
        return message(500, "Internal server error")
    return _response(chosen[0])


def _response(chosen: Mapping[str, Any]) -> Response:
    parameters = chosen.get("responseParameters") or {}
    headers = [
        (name.removeprefix(HEADER), value[1:-1])
        for name, value in parameters.items()
        if name.startswith(HEADER) and value.startswith("'") and value.endswith("'")
    ]
    body = (chosen.get("responseTemplates") or {}).get(JSON_TYPE) or ""
    return Response(int(chosen["statusCode"]), (("Content-Type", JSON_TYPE), *headers), body.encode())
