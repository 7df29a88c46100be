"""The first layer: keeps out what no AWS client sends, and says whether the sandbox is up.

Its health page is for everybody who can reach the sandbox, and says what Sandbox.health says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HEALTH = "/_aws/health"
CLOSED = ("/moto-api", "/latest/meta-data", "/latest/api")


class Guard:
    """Drops moto's own headers and doors.

    moto believes `x-moto-account-id` and serves `/moto-api` to anybody: both would let a
    client act in an account that is not theirs.
    """

    def __init__(self, sandbox: Sandbox, inner: Application) -> None:
        self._inner = inner
        self._health = sandbox.health

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == HEALTH:
            return _plain(start_response, "200 OK", self._health())
        if path.startswith(CLOSED):
            return _plain(start_response, "404 Not Found", {"message": "Not Found"})
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        return self._inner(environ, start_response)


def _plain(start_response: Callable[..., Any], status: str, body: dict[str, Any]) -> Iterable[bytes]:
    text = json.dumps(body).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
