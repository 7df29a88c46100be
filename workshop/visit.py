"""Visits an attendee's application as their browser would, and goes nowhere else.

The address comes out of an attendee's account, so only API Gateway's own addresses are visited,
redirects are not followed, and an answer is cut at a megabyte.
"""

import http.client
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

SECONDS = 15
BYTES = 1_000_000
API_GATEWAY = re.compile(r"[a-z0-9-]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


class NoAnswer(Exception):
    """Nothing answered at that address, or it is not one that we visit; the text says which."""


@dataclass(frozen=True)
class Reply:
    """What the application answered."""

    status: int
    text: str


def visit(url: str, endpoint_url: str | None = None) -> Reply:
    """GET `url`; *.localhost names are those of the endpoint (RFC 6761), whatever resolves them."""
    connection = _connect(urlsplit(url), endpoint_url)
    target = urlsplit(url)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        connection.request("GET", path, headers={"Host": target.netloc, "Accept": "*/*"})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(BYTES).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{url} did not answer: {error}") from error
    finally:
        connection.close()


def _connect(target: SplitResult, endpoint_url: str | None) -> http.client.HTTPConnection:
    host = target.hostname or ""
    if endpoint_url is None:
        if target.scheme != "https" or not API_GATEWAY.fullmatch(host):
            raise NoAnswer(f"{target.geturl()} is not an address of API Gateway")
        return http.client.HTTPSConnection(host, timeout=SECONDS)
    here = urlsplit(endpoint_url)
    if target.port != here.port or not (host.endswith(".localhost") or host == here.hostname):
        raise NoAnswer(f"{target.geturl()} is not an address of {endpoint_url}")
    return http.client.HTTPConnection(here.hostname or "127.0.0.1", here.port, timeout=SECONDS)
