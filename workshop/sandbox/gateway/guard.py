"""The first layer: keeps out what no AWS client sends, and says whether the sandbox is up."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HEALTH = "/_aws/health"
CLOSED = ("/moto-api", "/latest/meta-data", "/latest/api")
LARGEST_BODY = 512 * 1024 * 1024


class Guard:
    """Drops moto's own headers and doors, limits and buffers the body.

    moto believes `x-moto-account-id` and serves `/moto-api` to anybody: both would let a
    client act in an account that is not theirs.
    """

    def __init__(self, sandbox: Sandbox, inner: Application) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == HEALTH:
            return _plain(start_response, "200 OK", {"status": "ok"})
        if path.startswith(CLOSED):
            return _plain(start_response, "404 Not Found", {"message": "Not Found"})
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return _plain(start_response, "413 Content Too Large", {"message": "The body is too large."})
        _buffer(environ)
        return self._inner(environ, start_response)


def _buffer(environ: dict[str, Any]) -> None:
    """Read the body once, so that every later layer may read it again.

    Form parsers consume the stream, and a signature covers the bytes as they came.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    stream = environ["wsgi.input"]
    body = stream.read(LARGEST_BODY) if chunked else stream.read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    if chunked:
        del environ["HTTP_TRANSFER_ENCODING"]


def _plain(start_response: Callable[..., Any], status: str, body: dict[str, str]) -> Iterable[bytes]:
    text = json.dumps(body).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
