"""Where APIs answer: finds the API, stage and route of a request and lets its function answer it.

An API answers under `<id>.execute-api.localhost`, under AWS's own host names, and, for where
names do not resolve, under `/_aws/execute-api/<id>/<stage>/…` of this sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from workshop.sandbox.apigateway import cors
from workshop.sandbox.apigateway.api import ApiGateway, ApiGatewayV2
from workshop.sandbox.apigateway.events import HTTP, REST, Setting
from workshop.sandbox.apigateway.integration import Integrations
from workshop.sandbox.apigateway.message import Request, Response, message, request_of
from workshop.sandbox.apigateway.routes import DEFAULT, find_http, find_rest
from workshop.sandbox.apigateway.state import HttpApi
from workshop.sandbox.gateway.guard import Application

if TYPE_CHECKING:
    from moto.apigateway.models import RestAPI

    from workshop.sandbox.sandbox import Sandbox

PREFIX = "/_aws/execute-api/"
STATUSES = frozenset(HTTPStatus)


class ExecuteApi:
    """The layer that answers requests to APIs and passes on all others."""

    def __init__(self, sandbox: Sandbox, inner: Application) -> None:
        self._inner = inner
        self._host = sandbox.settings.is_host_of("execute-api", r"[a-z0-9-]+\.amazonaws\.com")
        self._http: ApiGatewayV2 = sandbox.service("apigatewayv2")
        self._rest: ApiGateway = sandbox.service("apigateway")
        self._integrations = Integrations(sandbox)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if ".execute-api." in host and (match := self._host.fullmatch(host)):
            request = request_of(environ)
            response = self._answer(match["id"].lower(), request, None)
        elif environ.get("PATH_INFO", "").startswith(PREFIX):
            request = request_of(environ)
            response = self._by_path(request)
        else:
            return self._inner(environ, start_response)
        phrase = HTTPStatus(response.status).phrase if response.status in STATUSES else "-"
        start_response(f"{response.status} {phrase}", list(response.headers))
        return [response.body]

    def _by_path(self, request: Request) -> Response:
        api_id, _, rest = request.path.removeprefix(PREFIX).partition("/")
        stage, _, path = rest.partition("/")
        return self._answer(api_id, _at(request, f"/{path}"), unquote(stage) or DEFAULT)

    def _answer(self, api_id: str, request: Request, stage: str | None) -> Response:
        """`stage` is given by the path's first part where it is None."""
        if found := self._http.owner(api_id):
            return self._answer_http(*found, request, stage)
        if rest := self._rest.owner(api_id):
            return self._answer_rest(*rest, request, stage)
        return message(404, f"There is no API {api_id} in this sandbox.")

    def _answer_http(
        self, account: str, region: str, api: HttpApi, request: Request, stage_name: str | None
    ) -> Response:
        rules = api.settings.get("CorsConfiguration")
        if rules and (answer := cors.preflight(request, rules)):
            return answer
        response = self._route_http(account, region, api, request, stage_name)
        return cors.apply(request, rules, response) if rules else response

    def _route_http(
        self, account: str, region: str, api: HttpApi, request: Request, stage_name: str | None
    ) -> Response:
        if api.settings.get("DisableExecuteApiEndpoint"):
            return message(404, "Not Found")
        name, request = (stage_name, request) if stage_name else _http_stage(api, request)
        stage = api.stages.get(name)
        routes = api.served.get(stage.get("DeploymentId", ""), ()) if stage else ()
        match = find_http(routes, request.method, request.path)
        if stage is None or match is None:
            return message(404, "Not Found")
        setting = Setting(
            HTTP, account, api.id, name,
            prefix="" if name == DEFAULT else f"/{name}",
            match=match,
            variables=stage.get("StageVariables", {}),
        )  # fmt: skip
        return self._integrations.answer(request, setting, region)

    def _answer_rest(
        self, account: str, region: str, api: RestAPI, request: Request, stage_name: str | None
    ) -> Response:
        if stage_name is None:
            stage_name, _, path = request.path[1:].partition("/")
            request = _at(request, f"/{path}")
        stage = api.stages.get(stage_name)
        if stage is None or api.disableExecuteApiEndpoint:
            return message(403, "Forbidden", x_amzn_ErrorType="ForbiddenException")
        routes = self._rest.served(account, region, api, stage.deployment_id)
        match = find_rest(routes, request.method, request.path)
        if match is None:
            return message(
                403, "Missing Authentication Token", x_amzn_ErrorType="MissingAuthenticationTokenException"
            )
        setting = Setting(
            REST, account, api.id, stage_name,
            prefix=f"/{stage_name}",
            match=match,
            variables=stage.variables,
            binary_types=api.binaryMediaTypes,
            resource_id=match.route.settings["resource_id"],
            deployment_id=str(stage.deployment_id),
        )  # fmt: skip
        return self._integrations.answer(request, setting, region)


def _http_stage(api: HttpApi, request: Request) -> tuple[str, Request]:
    """The stage that the path begins with, or `$default`, and the request as the stage sees it."""
    first, _, rest = request.path[1:].partition("/")
    if first != DEFAULT and first in api.stages:
        return first, _at(request, f"/{rest}")
    return DEFAULT, request


def _at(request: Request, path: str) -> Request:
    return Request(
        request.method,
        path,
        request.query,
        request.headers,
        request.body,
        request.source_ip,
        request.protocol,
    )
