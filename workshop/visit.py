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


def visit(url: str, endpoint_url: str | None = None, public_url: str | None = None) -> Reply:
    """GET `url`; names below localhost (RFC 6761) or `public_url` are those of the endpoint.

    Whatever resolves them: it is the endpoint that is asked, by the name that was given.
    """
    target = urlsplit(url)
    connection = _connect(target, endpoint_url, public_url or endpoint_url or "")
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        connection.request("GET", path, headers={"Host": target.netloc, "Accept": "*/*"})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(BYTES).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{url} did not answer: {error}") from error
    finally:
        connection.close()


def _connect(target: SplitResult, endpoint_url: str | None, public_url: str) -> http.client.HTTPConnection:
    host = target.hostname or ""
    if endpoint_url is None:
        if target.scheme != "https" or not API_GATEWAY.fullmatch(host):
            raise NoAnswer(f"{target.geturl()} is not an address of API Gateway")
        return http.client.HTTPSConnection(host, timeout=SECONDS)
    here, public = urlsplit(endpoint_url), urlsplit(public_url)
    local = target.port == here.port and (host.endswith(".localhost") or host == here.hostname)
    if not local and not (target.port == public.port and host.endswith(f".{public.hostname}")):
        raise NoAnswer(f"{target.geturl()} is not an address of {endpoint_url}")
    return http.client.HTTPConnection(here.hostname or "127.0.0.1", here.port, timeout=SECONDS)
