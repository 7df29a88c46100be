"""Which route a request takes (verified against AWS's "Create routes for HTTP APIs")."""

from __future__ import annotations

import pytest

from workshop.sandbox.apigateway.routes import Route, find_http, find_rest

KEYS = [
    "GET /",
    "GET /pets",
    "ANY /pets",
    "GET /pets/{id}",
    "GET /pets/dog",
    "ANY /pets/{proxy+}",
    "POST /{kind}/{id}",
    "GET /{proxy+}",
]
ROUTES = [Route(key.split()[0], key.split()[1], None) for key in KEYS]
DEFAULT = Route("ANY", "$default", None)

HTTP_CASES = {
    "GET /": ("GET /", {}),
    "POST /": ("$default", {}),
    "GET /pets": ("GET /pets", {}),
    "PUT /pets": ("ANY /pets", {}),
    "GET /pets/dog": ("GET /pets/dog", {}),
    "GET /pets/7": ("GET /pets/{id}", {"id": "7"}),
    "PUT /pets/7": ("ANY /pets/{proxy+}", {"proxy": "7"}),
    "GET /pets/7/toys": ("ANY /pets/{proxy+}", {"proxy": "7/toys"}),
    "POST /cars/1": ("POST /{kind}/{id}", {"kind": "cars", "id": "1"}),
    "POST /pets/1": ("ANY /pets/{proxy+}", {"proxy": "1"}),
    "GET /a/b/c": ("GET /{proxy+}", {"proxy": "a/b/c"}),
    "PUT /a": ("$default", {}),
    "GET /pets/": ("GET /{proxy+}", {"proxy": "pets/"}),
}


@pytest.mark.parametrize("asked", HTTP_CASES)
def test_an_http_api_takes_the_most_specific_route(asked: str) -> None:
    match = find_http([*ROUTES, DEFAULT], *asked.split())
    assert match is not None
    assert (match.route.key, dict(match.variables)) == HTTP_CASES[asked]


def test_without_a_default_there_may_be_no_route() -> None:
    assert find_http(ROUTES, "PUT", "/a") is None


REST_CASES = {
    "GET /": "GET /",
    "GET /pets/": "GET /pets",
    "GET /pets/dog": "GET /pets/dog",
    "POST /pets/dog": None,  # the resource is there, its method is not
    "GET /pets/7": "GET /pets/{id}",
    "GET /a/b": None,
    "GET /a": "GET /{proxy+}",
}


@pytest.mark.parametrize("asked", REST_CASES)
def test_a_rest_api_finds_the_resource_first(asked: str) -> None:
    match = find_rest(ROUTES, *asked.split())
    assert (match.route.key if match else None) == REST_CASES[asked]
