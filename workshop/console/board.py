"""What facilitators see of the room: the board, what has changed on it, and the screen for all.

The page asks every second, naming the version that it shows; with half a second for which a board is
held to be current, what happens is seen within two. The answer is silence, or the
rows and the parts that have changed since. A row is made into HTML once for each language and kept
with what it shows.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, current_app, g, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from workshop.console.camera import qr
from workshop.console.guard import who_leads
from workshop.language import tongue
from workshop.models import now
from workshop.room.boards import Boards, Piece, View
from workshop.room.event import Event
from workshop.room.feed import sentence
from workshop.room.order import Wish
from workshop.room.room import DONE, FAILS, HELPED, HERE, LOST, TODO, Person
from workshop.room.staff import Role

PARTS = ("alerts", "counts", "flow", "failing", "feed")
# Shapes first, colours by the class.
CELLS = {
    TODO: "<td>",
    DONE: "<td class=d>✓",
    HELPED: "<td class=h>»",
    HERE: "<td class=w>●",
    FAILS: "<td class=f>✕",
    LOST: "<td class=l>↺",
}
UNCHANGED = ("", 204)

Answer = str | Response | tuple[str, int]


class Wall:
    """The pages that show a room."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("board", __name__, url_prefix="/events/<int:event>")
        pages.before_request(who_leads)
        pages.add_url_rule("", view_func=self.board)
        pages.add_url_rule("/delta", view_func=self.delta)
        pages.add_url_rule("/screen", view_func=self.screen)
        return pages

    def board(self, event: int) -> str:
        """Everything, in the order and with the choice that the address asks for."""
        view = self._boards.of(g.event)
        wish = Wish.of(request.args, view.route.places)
        people = wish.sorted(view.room.people)
        wanted = [wish.shows(one) for one in people]
        rows = "".join(_row(view, event, one, shown) for one, shown in zip(people, wanted, strict=True))
        return _page("board.html", view, event, rows=Markup(rows), wish=wish, shown=sum(wanted))

    def delta(self, event: int) -> Answer:
        """What has changed since a version; the whole page anew when the event itself has."""
        view = self._boards.of(g.event)
        if request.args.get("e") != edition(g.event, view):
            return Response(status=204, headers={"HX-Refresh": "true"})
        changed = view.since(request.args.get("v", ""))
        if not changed:
            return UNCHANGED
        rows = {key: piece for key, piece in changed.items() if _is_row(key)}
        html = _page(
            "_board_delta.html",
            view,
            event,
            rows=Markup("".join(_html(key, piece, event) for key, piece in rows.items())),
            gone=[key for key, piece in rows.items() if piece.shows is None],
            parts=[part for part in PARTS if part in changed],
        )
        return make_response(html, 200, {"HX-Trigger": "hands"} if "hands" in changed else {})

    def screen(self, event: int) -> Answer:
        """For the projector: no names, unless a facilitator has asked for them."""
        view = self._boards.of(g.event)
        names = g.role == Role.FACILITATOR and request.args.get("names") == "yes"
        polled = request.headers.get("HX-Request") == "true"
        if polled and request.args.get("e") != edition(g.event, view):
            return Response(status=204, headers={"HX-Refresh": "true"})
        if polled and not view.since(request.args.get("v", "")):
            return UNCHANGED
        address = url_for("door.event", code=g.event.code, _external=True)
        return _page(
            "_screen.html" if polled else "screen.html",
            view,
            event,
            names=names,
            may_name=g.role == Role.FACILITATOR,
            address=address,
            qr=None if polled else qr(address, css="segno"),
        )


def edition(event: Event, view: View) -> str:
    """Changes when the page has to be loaded anew: with the event, its code, how far it is, its steps."""
    told = (event.version, event.code, event.phase(view.at), view.route)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:10]


def _page(template: str, view: View, event: int, **more: object) -> str:
    return render_template(
        template,
        event=g.event,
        here=url_for("board.board", event=event),
        role=g.role,
        phase=g.event.phase(view.at),
        view=view,
        stops=view.route.stops,
        chapters=g.course.chapters,
        edition=edition(g.event, view),
        sentence=sentence,
        titles={stop.slug: stop.title for stop in view.route.stops},
        most=max(*view.room.flow, view.room.counts.finished, 1),
        at=now(),
        **more,
    )


def _is_row(key: str) -> bool:
    return key[0] == "p" and key[1:].isdigit()


def _row(view: View, event: int, one: Person, shown: bool) -> str:
    key = f"p{one.who.id}"
    html = _html(key, view.pieces[key], event)
    return html if shown else f"<tr hidden{html.removeprefix('<tr')}"


def _html(key: str, piece: Piece, event: int) -> str:
    """A row as HTML, made once for each language."""
    if not isinstance(piece.shows, Person):
        return ""
    language = tongue.spoken()
    if language not in piece.html:
        template = current_app.jinja_env.get_template("_person.html")
        cells = [CELLS[cell] for cell in piece.shows.cells]
        here = f"{request.script_root}/events/{event}/people/{piece.shows.who.id}"
        piece.html[language] = template.render(
            key=key, one=piece.shows, here=here, cells=Markup("".join(cells))
        )
    return piece.html[language]
