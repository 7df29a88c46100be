"""Where people wait until their event begins; their accounts are prepared meanwhile."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop.guide import Guide
from workshop.lab import REFUSALS
from workshop.labs import NoGround
from workshop.models import now
from workshop.presence import who_asks
from workshop.room.event import Phase


class Lobby:
    """One page, which opens by itself."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("lobby", __name__)
        pages.before_request(lambda: who_asks(self._guide))
        pages.add_url_rule("/lobby", view_func=self.wait)
        pages.add_url_rule("/lobby", endpoint="prepare", view_func=self.prepare, methods=["POST"])
        return pages

    def wait(self) -> str | Response:
        """The welcome, and when it begins; asked again and again, it leads on once it has begun."""
        onwards = url_for("attend.resume")
        if g.event is None or g.event.phase(now()) != Phase.LOBBY:
            if htmx_request.htmx:
                return Response(status=204, headers={"HX-Redirect": onwards})
            return redirect(onwards, code=303)
        return render_template(
            "_lobby.html" if htmx_request.htmx else "lobby.html",
            enrolled=g.enrolled,
            attendee=self._guide.labs.attendee(g.enrolled),
            event=g.event,
            joined=self._guide.events.joined(g.event.id),
        )

    def prepare(self) -> Response:
        """Prepare the account ahead of time, when it is its turn; the page asks again until it is.

        If it fails, the first page of the course says why.
        """
        try:
            done = self._guide.labs.prepared(g.enrolled)
        except (NoGround, *REFUSALS):
            done = False
        if htmx_request.htmx:
            return Response(status=286 if done else 204)  # 286 ends the asking
        return redirect(url_for("lobby.wait"), code=303)
