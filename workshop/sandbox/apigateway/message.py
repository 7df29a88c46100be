"""HTTP requests and responses as API Gateway sees them: nothing merged, nothing decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from workshop.sandbox.gateway.http import SENT_HEADERS

NOT_PASSED_ON = {"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Request:
    """`path` is percent-encoded, without the query; `headers` are as they were sent."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    @cached_property
    def arguments(self) -> list[tuple[str, str]]:
        """The query's names and values, decoded, in order."""
        return parse_qsl(self.query, keep_blank_values=True)

    def header(self, name: str) -> str:
        """The header's values, joined by commas; empty if there is none."""
        return ",".join(value for key, value in self.headers if key.lower() == name)

    @property
    def host(self) -> str:
        """The name in the Host header, without a port."""
        return self.header("host").partition(":")[0]


@dataclass(frozen=True)
class Response:
    """What goes back to the client."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def request_of(environ: Mapping[str, Any]) -> Request:
    """The request in a WSGI environment of this sandbox's server."""
    path, _, query = environ["RAW_URI"].partition("?")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path or "/",
        query=query,
        headers=tuple(environ[SENT_HEADERS]),
        body=environ["wsgi.input"].read(),
        source_ip=environ.get("REMOTE_ADDR") or "127.0.0.1",
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )


def message(status: int, text: str, **headers: str) -> Response:
    """An answer of API Gateway's own: `{"message": …}`."""
    sent = {"Content-Type": "application/json", **{key.replace("_", "-"): headers[key] for key in headers}}
    return Response(
        status, tuple(sent.items()), json.dumps({"message": text}, separators=(",", ":")).encode()
    )
