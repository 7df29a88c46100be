"""Lets a function answer a request, if the API may invoke it, and says so in API Gateway's words if not.

The texts for HTTP APIs are verified against no documentation; those for REST APIs are AWS's.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from workshop.sandbox.apigateway import answers, mock
from workshop.sandbox.apigateway.events import REST, Setting, version_1, version_2
from workshop.sandbox.apigateway.message import Request, Response, message
from workshop.sandbox.apigateway.routes import ANY, DEFAULT
from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.lambda_.execution import fitting
from workshop.sandbox.lambda_.names import parse
from workshop.sandbox.lambda_.outcome import Outcome

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

SERVICE = "apigateway.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
FUNCTION = re.compile(r"(?:.*/functions/)?(?P<arn>arn:aws[a-zA-Z-]*:lambda:[^/]+)(?:/invocations)?")
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
DEFAULT_MILLIS = {"REST": 29_000, "HTTP": 30_000}
THROTTLED, TOO_LARGE = 429, 413


@dataclass(frozen=True)
class Failures:
    """What a client is told where there is no answer of a function's."""

    broken: Response
    forbidden: Response
    timeout: Response
    throttled: Response
    too_large: Response


FAILURES = {
    "REST": Failures(
        broken=message(502, "Internal server error", x_amzn_ErrorType="InternalServerErrorException"),
        forbidden=message(500, "Internal server error", x_amzn_ErrorType="InternalServerErrorException"),
        timeout=message(504, "Endpoint request timed out", x_amzn_ErrorType="InternalServerErrorException"),
        throttled=message(THROTTLED, "Too Many Requests", x_amzn_ErrorType="TooManyRequestsException"),
        too_large=message(TOO_LARGE, "Request Too Long", x_amzn_ErrorType="RequestTooLargeException"),
    ),
    "HTTP": Failures(
        broken=message(500, "Internal Server Error"),
        forbidden=message(500, "Internal Server Error"),
        timeout=message(503, "Service Unavailable"),
        throttled=message(THROTTLED, "Too Many Requests"),
        too_large=message(TOO_LARGE, "Request Entity Too Large"),
    ),
}


class Integrations:
    """Answers requests that have found their route."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request, setting: Setting, region: str) -> Response:
        """The response, with the headers that API Gateway adds."""
        response = self._refusal(setting) or self._respond(request, setting, region)
        stamp = "x-amzn-RequestId" if setting.kind == REST else "Apigw-Requestid"
        return Response(response.status, (*response.headers, (stamp, setting.request_id)), response.body)

    def _refusal(self, setting: Setting) -> Response | None:
        """Routes that want to know who calls are closed: there is nobody here who could tell."""
        settings = setting.match.route.settings
        if settings["authorization"] != "NONE" or settings.get("key_required"):
            return message(403, "Forbidden", x_amzn_ErrorType="ForbiddenException")
        return None

    def _respond(self, request: Request, setting: Setting, region: str) -> Response:
        integration = setting.match.route.integration
        failures = FAILURES[setting.kind]
        if integration is None:
            return failures.forbidden
        kind = integration.get("type") or integration.get("IntegrationType")
        if kind == "MOCK":
            return mock.answer(integration)
        if kind != "AWS_PROXY":
            return message(501, f"This sandbox does not run integrations of type {kind}.")
        uri = str(integration.get("uri") or integration.get("IntegrationUri"))
        arn = FUNCTION.fullmatch(STAGE_VARIABLE.sub(lambda name: setting.variables.get(name[1], ""), uri))
        if arn is None:
            return failures.forbidden
        try:
            self._authorize(arn["arn"], request, setting, region)
            outcome = self._run(arn["arn"], request, setting)
        except AwsError as refusal:
            log.warning("API %s cannot invoke %s: %s", setting.api_id, arn["arn"], refusal.message)
            telling = {THROTTLED: failures.throttled, TOO_LARGE: failures.too_large}
            return telling.get(refusal.status or 0, failures.forbidden)
        if outcome is None:
            return failures.timeout
        return self._translated(outcome, request, setting)

    def _authorize(self, arn: str, request: Request, setting: Setting, region: str) -> None:
        """AwsError unless the function's policy lets this API's route invoke it, or the API's role may."""
        integration: Any = setting.match.route.integration
        role = integration.get("credentials") or integration.get("CredentialsArn")
        if role:
            credentials = self._sandbox.clients.assume(
                role, "BackplaneAssumeRoleSession", SERVICE, region=region
            )
            self._sandbox.permissions.require(credentials.principal, INVOKE, arn, region)
            return
        caller = Principal(setting.account, SERVICE, SERVICE)
        *others, last = [
            f"arn:aws:execute-api:{region}:{setting.account}:{setting.api_id}/{setting.stage}/{end}"
            for end in _source_ends(request, setting)
        ]
        for source in others:
            if self._sandbox.permissions.evaluate(caller, INVOKE, arn, _source(source, setting)).allowed:
                return
        self._sandbox.permissions.require(caller, INVOKE, arn, region, _source(last, setting))

    def _run(self, arn: str, request: Request, setting: Setting) -> Outcome | None:
        """The function's outcome; None if the integration's time is over before."""
        integration: Any = setting.match.route.integration
        version = integration.get("PayloadFormatVersion", "1.0")
        event = version_2(request, setting) if version == "2.0" else version_1(request, setting)
        payload = fitting(json.dumps(event, separators=(",", ":")).encode(), "RequestResponse")
        functions = self._sandbox.service("lambda")
        millis = integration.get("timeoutInMillis") or integration.get("TimeoutInMillis")
        seconds = int(millis or DEFAULT_MILLIS[setting.kind]) / 1000
        if functions.shelf.version(parse(arn, "", "")).timeout < seconds:
            outcome: Outcome = functions.run(arn, payload)
            return outcome
        return _within(seconds, lambda: functions.run(arn, payload))

    def _translated(self, outcome: Outcome, request: Request, setting: Setting) -> Response:
        integration: Any = setting.match.route.integration
        if outcome.failed:
            return FAILURES[setting.kind].broken
        try:
            if setting.kind == REST:
                return answers.rest(outcome.payload, request, setting.binary_types)
            if integration.get("PayloadFormatVersion") == "2.0":
                return answers.http_2(outcome.payload)
            return answers.http_1(outcome.payload)
        except answers.Malformed as malformed:
            log.warning("API %s got a malformed response: %s", setting.api_id, malformed)
            return FAILURES[setting.kind].broken


def _source_ends(request: Request, setting: Setting) -> list[str]:
    """How the route names itself to the function's policy: by the method asked for, and as written."""
    route = setting.match.route
    if route.path == DEFAULT:
        return [DEFAULT]
    written = "*" if route.method == ANY else route.method
    return [f"{request.method}{route.path}", f"{written}{unquote(route.path)}"]


def _source(arn: str, setting: Setting) -> dict[str, str]:
    return {"aws:SourceArn": arn, "aws:SourceAccount": setting.account}


def _within(seconds: float, run: Any) -> Outcome | None:
    """What `run` returns, or raises, if it does so in time; it goes on all the same."""
    ended: list[Outcome | AwsError] = []

    def attempt() -> None:
        try:
            ended.append(run())
        except AwsError as refusal:
            ended.append(refusal)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        return None
    if isinstance(ended[0], AwsError):
        raise ended[0]
    return ended[0]
