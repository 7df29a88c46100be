"""The AWS API: who is asking, for what, may they, and who does it."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from moto.core.request import Request

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.gateway import wire
from workshop.sandbox.gateway.moto import Moto, not_implemented

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)


class AwsApi:
    """Answers AWS API requests: authenticate, parse, authorise, then our service or moto."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._moto = Moto()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        answer = self.answer(request)
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        start_response(f"{answer.status} {'OK' if answer.status < 400 else 'Error'}", list(headers.items()))
        return [] if request.method == "HEAD" else [answer.body]

    def turn(self, account: str) -> threading.RLock:
        """An account's turn at moto's state, for services of ours that change it directly."""
        return self._moto.turn(account)

    def answer(self, request: Request, caller: Principal | None = None) -> wire.Reply:
        """The reply to one request; `caller` is given where it comes from inside the sandbox."""
        request.get_data(cache=True, parse_form_data=False)
        request_id = str(uuid.uuid4())
        scope = wire.scope_of(request)
        try:
            return self._answer(request, scope, caller, request_id)
        except AwsError as error:
            return wire.refuse(scope.service, error, request_id)
        except Exception:
            log.exception("request %s to %s failed", request_id, scope.service)
            failure = AwsError(
                "InternalFailure", f"The sandbox failed; its log says why under {request_id}.", 500
            )
            return wire.refuse(scope.service, failure, request_id)

    def _answer(
        self, request: Request, scope: wire.Scope, caller: Principal | None, request_id: str
    ) -> wire.Reply:
        caller = caller or self._sandbox.identity.authenticate(request)
        at = wire.route(request, scope.service)
        call = Call(
            scope.service,
            at.operation,
            wire.parse(request, at),
            caller.account,
            scope.region,
            caller,
            request_id,
            request.remote_addr or "127.0.0.1",
        )
        with self._sandbox.gate.passing(caller.account):
            self._sandbox.permissions.authorize(call, request)
            try:
                return self._perform(request, at, call)
            finally:
                self._sandbox.snapshot.notice(call)

    def _perform(self, request: Request, at: wire.Route, call: Call) -> wire.Reply:
        service = self._sandbox.services.get(call.service)
        operation = getattr(service, xform_name(call.operation), None)
        if operation is not None:
            wire.require_members(at, call.params)
            return wire.reply(request, at, operation(call), call.request_id)
        if service is not None and service.complete:
            raise not_implemented(call)
        if call.service != "s3":  # which has words of its own for what is missing
            wire.require_members(at, call.params)
        getattr(service, "check", _pass)(call)
        answer = self._moto.call(request, call)
        getattr(service, "heard", _pass)(call, answer)
        return answer


def _pass(*_: object) -> None:
    """What a service does about moto's calls unless it says otherwise."""
