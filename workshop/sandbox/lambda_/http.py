"""What Lambda serves over plain HTTP: downloads of code, and function URLs.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from workshop.sandbox.apigateway import cors
from workshop.sandbox.apigateway.answers import Malformed, http_2
from workshop.sandbox.apigateway.events import HTTP, Setting, version_2
from workshop.sandbox.apigateway.message import Request, Response, message, request_of
from workshop.sandbox.apigateway.routes import DEFAULT, Match, Route
from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.gateway.guard import Application
from workshop.sandbox.lambda_.download import is_link
from workshop.sandbox.lambda_.names import Reference

if TYPE_CHECKING:
    from workshop.sandbox.lambda_.api import Lambda
    from workshop.sandbox.sandbox import Sandbox

ACTION = "lambda:InvokeFunctionUrl"
ANYBODY = Principal("anonymous", "anonymous", "anonymous")


class LambdaHttp:
    """The layer that answers requests to function URLs and to code links, and passes on all others."""

    def __init__(self, sandbox: Sandbox, inner: Application) -> None:
        self._sandbox = sandbox
        self._inner = inner
        self._host = sandbox.settings.is_host_of("lambda-url", r"[a-z0-9-]+\.on\.aws")
        self._lambda: Lambda = sandbox.service("lambda")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if is_link(environ.get("PATH_INFO", "")):
            response = self._code(environ["PATH_INFO"])
        elif ".lambda-url." in host and (match := self._host.fullmatch(host)):
            response = self._url(match["id"].lower(), request_of(environ))
        else:
            return self._inner(environ, start_response)
        start_response(f"{response.status} {_phrase(response.status)}", list(response.headers))
        return [response.body]

    def _code(self, path: str) -> Response:
        code = self._lambda.download.wanted(path)
        if code is None:
            return message(403, "This link is not valid, or not any more.")
        return Response(200, (("Content-Type", "application/zip"),), self._lambda.packages.content(code))

    def _url(self, url_id: str, request: Request) -> Response:
        found = self._lambda.function_of_url(url_id)
        if found is None:
            return message(403, "Forbidden", x_amzn_ErrorType="AccessDeniedException")
        of, url = found
        rules = url.get("Cors")
        if rules and (answer := cors.preflight(request, rules)):
            return answer
        response = self._answer(of, url, url_id, request)
        return cors.apply(request, rules, response) if rules else response

    def _answer(self, of: Reference, url: dict[str, Any], url_id: str, request: Request) -> Response:
        if url.get("AuthType") != "NONE" or not self._public(of):
            return message(403, "Forbidden", x_amzn_ErrorType="AccessDeniedException")
        setting = Setting(HTTP, of.account, url_id, DEFAULT, "", Match(Route("ANY", DEFAULT, None), {}))
        event = version_2(request, setting)
        event["requestContext"] |= {"domainName": request.host, "accountId": "anonymous"}
        event["rawPath"] = event["requestContext"]["http"]["path"] = request.path
        try:
            outcome = self._lambda.run(of.arn, json.dumps(event).encode())
            if outcome.failed:
                raise Malformed("the function failed")
            return http_2(outcome.payload)
        except (AwsError, Malformed) as trouble:
            throttled = isinstance(trouble, AwsError) and trouble.status == HTTPStatus.TOO_MANY_REQUESTS
            return message(429, "Rate Exceeded.") if throttled else message(502, "Internal Server Error")

    def _public(self, of: Reference) -> bool:
        """Whether the function's policy lets anybody in, as AWS demands beside `AuthType` NONE."""
        about = {"lambda:FunctionUrlAuthType": "NONE"}
        return self._sandbox.permissions.evaluate(ANYBODY, ACTION, of.arn, about).allowed


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "-"
