"""Each request's id, and its line in the log: who asked for what by which route, and how that ended."""

from __future__ import annotations

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

from workshop.operations import reference
from workshop.operations.logs import REQUESTS

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
SILENT = {"static", "healthz", "readyz", "metrics"}

log = logging.getLogger(REQUESTS)


def listen(app: Flask) -> None:
    """Give each request an id, which its answer and its lines carry, and a line when it is answered."""
    app.before_request(_begin)
    app.after_request(_answered)
    app.teardown_request(lambda _: reference.end())


def route() -> str:
    """The rule that this request met; never its address, which may hold a token."""
    return request.url_rule.rule if request.url_rule else "none"


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.began = time.perf_counter()
    g.request_id = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
    reference.begin(_known)


def _answered(answer: Response) -> Response:
    if "request_id" not in g:  # refused before it was taken up
        return answer
    answer.headers["X-Request-ID"] = g.request_id
    silent = request.endpoint in SILENT or answer.status_code == 204  # 204: a poll that found nothing new
    ended = {"status": answer.status_code, "ms": round((time.perf_counter() - g.began) * 1000, 1)}
    level = logging.DEBUG if silent else logging.INFO
    log.log(level, "%s %s", request.method, route(), extra={"subject": ended})
    return answer


def _known() -> dict[str, object]:
    """What is known of the request by now; people are numbers."""
    enrolled, facilitator, event = g.get("enrolled"), g.get("facilitator"), g.get("event")
    known = {
        "request": g.request_id,
        "method": request.method,
        "route": route(),
        "attendee": getattr(enrolled, "id", None),
        "facilitator": getattr(facilitator, "id", None),
        "event": getattr(event, "id", None) or getattr(enrolled, "event", None),
    }
    return {key: value for key, value in known.items() if value is not None}
