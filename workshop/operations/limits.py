"""How often one person may ask, so that no script of theirs starves the room.

Counted by attendee or facilitator, else by a number that the browser's cookie carries; never by address,
because a room shares one. Generous for people: who presses as fast as they can is let through. Each web
process counts for itself, so with several the limits are up to so many times higher. Against a flood
without cookies only what stands in front can help.
"""

from __future__ import annotations

import secrets
import time

from flask import Flask, request, session
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded
from werkzeug.wrappers import Response

from workshop import mishaps

EVERYTHING, POLLS, DOORS = "everything", "polls", "doors"
RATES = {
    EVERYTHING: "600/minute",
    POLLS: "1200/minute",  # a page with a running job asks 3 times a second
    DOORS: "10/minute",
    "checks": "30/minute",
    "help": "20/minute",
    "pasted": "20/minute",
}
KINDS = {
    "aid.again": POLLS,
    "aid.live": POLLS,
    "aid.do": "help",
    "aid.catch_up": "help",
    "aid.start_over": "help",
    "attend.check": "checks",
    "elsewhere.enter": DOORS,
    "elsewhere.pasted": "pasted",
    "door.join": DOORS,
    "door.join_event": DOORS,
}
FREE = {"static", "healthz", "readyz", "metrics"}


def listen(app: Flask) -> None:
    """Count every request, and refuse what is too much with a page of the house."""
    limiter = Limiter(
        _who,
        application_limits=[
            ApplicationLimit(RATES[EVERYTHING], scope=EVERYTHING, exempt_when=lambda: _kind() == POLLS),
            ApplicationLimit(
                lambda: RATES[_kind()],
                key_function=_whose,
                scope=lambda _: _kind(),
                exempt_when=lambda: _kind() == EVERYTHING,
            ),
        ],
        storage_uri="memory://",
        strategy="moving-window",
    )
    limiter.request_filter(lambda: request.endpoint in FREE)
    limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, lambda _: _too_much(limiter))


def _kind() -> str:
    """What a request counts as; what htmx reads by itself is a poll."""
    reading = request.method == "GET" and "HX-Request" in request.headers
    return KINDS.get(request.endpoint or "", POLLS if reading else EVERYTHING)


def _whose() -> str:
    """Whoever joins becomes somebody else by it, and the browser stays the same."""
    return _browser() if _kind() == DOORS else _who()


def _who() -> str:
    """An attendee, a facilitator, or a browser."""
    if ticket := session.get("ticket"):
        return f"attendee {ticket}"
    if facilitator := session.get("facilitator"):
        return f"facilitator {facilitator[0]}"
    return _browser()


def _browser() -> str:
    if "visitor" not in session:
        session["visitor"] = secrets.token_hex(8)
    return f"browser {session['visitor']}"


def _too_much(limiter: Limiter) -> Response:
    breached = limiter.current_limit
    seconds = max(1, breached.reset_at - int(time.time())) if breached else 60
    return mishaps.too_often(seconds)
