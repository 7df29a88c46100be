"""Hands a call on to moto, which keeps the state of every service that is not ours."""

from __future__ import annotations

import functools
import io
import threading
from collections import defaultdict
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from xml.parsers.expat import ExpatError

from flask import Flask
from moto.core.common_models import BaseModel
from moto.core.request import Request
from moto.moto_server import werkzeug_app
from moto.s3.models import FakeKey

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.gateway.offered import offered
from workshop.sandbox.gateway.wire import MALFORMED_XML, Reply

FORM = "application/x-www-form-urlencoded"


class Moto:
    """moto's applications, one a service, called in process.

    moto is told the account by its own header (the guard drops a client's) and does no
    authentication: that has happened.  Its backends are not safe under concurrent writes,
    so an account's calls take turns.
    """

    def __init__(self) -> None:
        # For its dashboard, which is closed here, moto remembers every object that it ever made:
        # bodies of deleted files, lines of deleted logs.  It has no setting for that.
        setattr(BaseModel, "__new__", staticmethod(_new))  # noqa: B010
        setattr(FakeKey, "__del__", _let_go)  # noqa: B010
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def call(self, request: Request, call: Call) -> Reply:
        """moto's reply; AwsError if it has no such operation."""
        if not offered(call):
            raise not_implemented(call)
        environ = dict(request.environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        environ.pop("werkzeug.request", None)
        if call.service == "s3" and environ.get("CONTENT_TYPE", "").startswith(FORM):
            environ["CONTENT_TYPE"] = "binary/octet-stream"  # moto would take the object for a form
        started: list[Any] = []

        def start_response(*head: Any) -> Any:
            started.extend(head)

        with self._turn(call):
            try:
                chunks = application(call.service)(environ, start_response)
            except NotImplementedError as missing:
                raise not_implemented(call) from missing
            except ExpatError as broken:
                raise AwsError("MalformedXML", MALFORMED_XML, 400) from broken
        status, headers, body = int(started[0].split()[0]), dict(started[1]), b"".join(chunks)
        # Flask's own page; moto's 404 to HeadObject has the same type and no body.
        if status in (404, 405) and body[:9].lower() == b"<!doctype":
            raise not_implemented(call)
        if status >= 400 and headers.get("Content-Type", "").startswith("text/html"):
            del headers["Content-Type"]  # Flask's default, where moto names none
        return Reply(status, headers, body)

    def _turn(self, call: Call) -> AbstractContextManager[object]:
        """The account's turn; a long poll takes none, since it would hold up what it waits for."""
        return nullcontext() if call.operation == "ReceiveMessage" else self.turn(call.account)

    def turn(self, account: str) -> threading.RLock:
        """The turn of an account, for whoever changes moto's state directly."""
        return self._locks[account]


def _new(kind: type[BaseModel], *_: Any, **__: Any) -> Any:
    return super(BaseModel, kind).__new__(kind)


def _let_go(key: FakeKey) -> None:
    """Close the body of an object that is gone, which nobody but this object has."""
    if "_value_buffer" in vars(key):
        key._value_buffer.close()


def not_implemented(call: Call) -> AwsError:
    """The answer to an operation that AWS has and this sandbox has not."""
    return AwsError("NotImplemented", f"This sandbox does not have {call.service}:{call.operation} yet.", 501)


@functools.cache
def application(service: str) -> Flask:
    """moto's Flask application for a service, without cross-origin permission for web pages."""
    setattr(werkzeug_app, "DISABLE_GLOBAL_CORS", True)  # noqa: B010 - moto reads it from there
    return werkzeug_app.create_backend_app(service)  # type: ignore[arg-type]
