"""Somebody's server that takes news: it verifies each signature, and answers as it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE = 300


class Forged(Exception):
    """The signature is not that of who knows the secret."""


def verify(secret: str, headers: dict[str, str], body: bytes) -> Any:
    """What the message says, by the algorithm of the Standard Webhooks specification (1.0.0, "Verifying
    signatures"): the signed content is id, timestamp and body; any of the `v1` signatures may match."""
    number, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        raise Forged("too old or too new")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, number.encode() + b"." + timestamp.encode() + b"." + body, hashlib.sha256)
    for one in headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        if version == "v1" and hmac.compare_digest(base64.b64decode(signature), expected.digest()):
            return json.loads(body)
    raise Forged("no signature matches")


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Listens on the loopback address; `answers` are statuses, the last one for all that follow."""

    answers: list[int] = field(default_factory=lambda: [204])
    extra: dict[str, str] = field(default_factory=dict)
    hangs: float = 0.0
    drips: bool = False
    trusted: ssl.SSLContext | None = None
    got: list[Got] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        self._lock, self._over = threading.Lock(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer))
        if self.trusted:
            self._server.socket = self.trusted.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/news"

    def messages(self, secret: str) -> list[Any]:
        """What came, each with a signature that is good."""
        return [verify(secret, one.headers, one.body) for one in self.got]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            self.got.append(Got(request.path, headers, request.rfile.read(length)))
            status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self._over.wait(self.hangs)
        while self.drips and not self._over.is_set():
            request.wfile.write(b" ")
            request.wfile.flush()
            self._over.wait(0.05)
        request.send_response(status)
        for name, value in self.extra.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()


def _handler(answer: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                answer(self)
            except OSError:  # they have hung up
                self.close_connection = True

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
