"""Reads OpenAPI 3 and Swagger 2 documents with API Gateway's extensions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from workshop.sandbox.call import AwsError

Document = Mapping[str, Any]
ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
CORS = "x-amazon-apigateway-cors"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", ANY_METHOD)


@dataclass(frozen=True)
class Operation:
    """One method of one path, and its integration as the document has it."""

    path: str
    method: str
    details: Document
    integration: Document | None


class _Loader(yaml.SafeLoader):
    """YAML in which only what JSON knows is anything but text (a version stays `1.10`)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(body: str | bytes) -> Document:
    """The document; AwsError BadRequestException if it is none."""
    text = body.decode() if isinstance(body, bytes) else body
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)
    except (ValueError, yaml.YAMLError) as broken:
        raise refused(
            "Unable to parse API definition because of a malformed JSON or YAML document."
        ) from broken
    if not isinstance(document, Mapping) or not ("openapi" in document or "swagger" in document):
        raise refused("Invalid OpenAPI input.")
    return document


def operations(document: Document) -> Iterator[Operation]:
    """Every method of every path."""
    for path, item in (document.get("paths") or {}).items():
        for method in METHODS:
            details = (item or {}).get(method)
            if details is None:
                continue
            name = "ANY" if method == ANY_METHOD else method.upper()
            yield Operation(path, name, details, _integration(document, details))


def title(document: Document) -> str:
    """The API's name."""
    info = document.get("info") or {}
    if not info.get("title"):
        raise refused("Unable to create the API: the OpenAPI document has no info.title.")
    return str(info["title"])


def tags(document: Document) -> dict[str, str]:
    """The tags that the document gives to the API."""
    value = "x-amazon-apigateway-tag-value"
    return {str(tag["name"]): str(tag[value]) for tag in document.get("tags") or [] if value in tag}


def cors(document: Document) -> dict[str, Any] | None:
    """The cross-origin rules of an HTTP API."""
    rules = document.get(CORS)
    if rules is None:
        return None
    return {name[0].upper() + name[1:]: value for name, value in rules.items()}


def refused(message: str) -> AwsError:
    """API Gateway's refusal of a request."""
    return AwsError("BadRequestException", message, 400)


def _integration(document: Document, details: Document) -> Document | None:
    integration: Document | None = details.get(INTEGRATION)
    if integration is not None and "$ref" in integration:
        found: Any = document
        for part in str(integration["$ref"]).removeprefix("#/").split("/"):
            found = (found or {}).get(part)
        integration = found
    return integration
