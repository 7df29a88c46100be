"""Reads requests off a connection and writes replies back, many on one connection.

werkzeug's handler closes the connection after every reply and parses headers as if they were
mail.  This one keeps connections, reads every body whole before the application sees it (a
signature covers the body, and the next request begins where it ends) and sends a reply in one
piece.  It is still moto's handler in what matters to S3: keys and metadata as they were sent.
"""

from __future__ import annotations

import io
import logging
import socket
from email.utils import formatdate
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

LARGEST_BODY = 512 * 1024 * 1024
LONGEST_LINE = 65536
MOST_HEADERS = 200
SENT_HEADERS = "sandbox.headers"  # names, order and repetitions as they were sent
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

log = logging.getLogger(__name__)


class Handler(MotoRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    timeout = 120.0

    def setup(self) -> None:
        """Take over the connection, without Nagle's delay, which a unix socket has not."""
        super().setup()
        if self.connection.family != socket.AF_UNIX:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_one_request(self) -> None:
        """Answer the next request on this connection, or close it."""
        self.close_connection = True
        line = self.rfile.readline(LONGEST_LINE + 1)
        if not line.strip():
            return
        refused = self._read_head(line)
        if refused:
            self._write(f"{refused.value} {refused.phrase}", [], b"")
            return
        self._serve()

    def _read_head(self, line: bytes) -> HTTPStatus | None:
        """Read the request line and headers; what is wrong with them, or None."""
        words = line.decode("latin-1").split()
        if len(line) > LONGEST_LINE:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return HTTPStatus.BAD_REQUEST
        self.command, self.path, self.request_version = words
        if self.command not in METHODS:
            return HTTPStatus.NOT_IMPLEMENTED
        headers = HTTPMessage()
        for _ in range(MOST_HEADERS):
            raw = self.rfile.readline(LONGEST_LINE + 1)
            if raw in (b"\r\n", b"\n", b""):
                break
            name, colon, value = raw.decode("latin-1").partition(":")
            if not colon or len(raw) > LONGEST_LINE or name != name.strip():
                return HTTPStatus.BAD_REQUEST
            headers[name] = value.strip()
        else:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self.headers = headers
        if not _framed(headers):
            return HTTPStatus.BAD_REQUEST
        keeps = "keep-alive" if self.request_version == "HTTP/1.0" else ""
        self.close_connection = headers.get("Connection", keeps or "keep-alive").lower() == "close"
        return None

    def _serve(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        environ[SENT_HEADERS] = self.headers.items()
        refused = self._buffer(environ)
        if refused:
            self.close_connection = True
            self._write(f"{refused.value} {refused.phrase}", [], b"")
            return
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [status, headers]

        try:
            chunks = self.server.app(environ, start_response)
            body = b"".join(chunks)
            getattr(chunks, "close", lambda: None)()
        except Exception:
            log.exception("%s %s failed", self.command, self.path)
            started, body = ["500 Internal Server Error", []], b""
        self._write(started[0], started[1], body)

    def _buffer(self, environ: dict[str, Any]) -> HTTPStatus | None:
        """Put the whole body into the environment; what is wrong with it, or None."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > LARGEST_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if environ.pop("wsgi.input_terminated", False):
            del environ["HTTP_TRANSFER_ENCODING"]
            try:
                body = environ["wsgi.input"].read(LARGEST_BODY + 1)
            except OSError:  # werkzeug's word for chunks that are none
                return HTTPStatus.BAD_REQUEST
        else:
            body = self.rfile.read(length) if length else b""
            if len(body) < length:
                return HTTPStatus.BAD_REQUEST
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if len(body) > LARGEST_BODY else None

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the whole reply at once."""
        names = {name.lower() for name, _ in headers}
        head = [f"HTTP/1.1 {status}"]
        head += [f"{name}: {value}" for name, value in headers if name.lower() != "connection"]
        if "date" not in names:
            head.append(f"Date: {formatdate(usegmt=True)}")
        if "content-length" not in names:
            head.append(f"Content-Length: {len(body)}")
        head.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        payload = b"" if getattr(self, "command", "") == "HEAD" else body
        self.wfile.write("\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + payload)


def _framed(headers: HTTPMessage) -> bool:
    """Whether it is clear where the body ends: of two lengths, somebody would believe the other."""
    lengths = headers.get_all("Content-Length", [])
    codings = headers.get_all("Transfer-Encoding", [])
    if len(lengths) + len(codings) > 1:
        return False
    return all(length.isascii() and length.isdigit() for length in lengths) and all(
        coding.lower() == "chunked" for coding in codings
    )
