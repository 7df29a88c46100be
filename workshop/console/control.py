"""What a facilitator does to a running event: begin, close, open chapters, and the clock that all see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop import mishaps
from workshop.console.guard import who_leads
from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.models import now
from workshop.room.event import Event
from workshop.room.timer import Timer

LONGEST = 24 * 60  # minutes
MORE = 5 * 60  # seconds
HOURS = (1, 2, 3, 8, 24)


class Control:
    """A small panel, which the board shows as well; every button works at once, and again."""

    def __init__(self, guide: Guide, clock: Callable[[], datetime] = now) -> None:
        self._guide = guide
        self._events = guide.events
        self._now = clock

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("control", __name__, url_prefix="/events/<int:event>/control")
        pages.before_request(who_leads)
        pages.add_url_rule("", view_func=self.panel)
        for path, act in (
            ("start", self.start),
            ("close", self.close),
            ("reopen", self.reopen),
            ("archive", self.archive),
            ("code", self.new_code),
            ("chapter", self.gate),
            ("next-chapter", self.open_next),
            ("all-chapters", self.open_all),
            ("timer", self.set_timer),
            ("timer/start", self.start_timer),
            ("timer/pause", self.pause_timer),
            ("timer/more", self.lengthen_timer),
            ("timer/clear", self.clear_timer),
        ):
            pages.add_url_rule(f"/{path}", view_func=act, methods=["POST"])
        return pages

    def panel(self, event: int) -> str:
        """The panel, as a page or as a part of one."""
        return self._shown(self._events.get(event))

    def _shown(self, event: Event, problem: str = "") -> str:
        at = self._now()
        return render_template(
            "_control.html" if htmx_request.htmx else "control.html",
            event=event,
            phase=event.phase(at),
            at=at,
            chapters=[(one.title, event.opens(one.title)) for one in g.course.chapters],
            hours=HOURS,
            problem=problem,
        )

    def _answer(self, event: int) -> str | Response:
        """The panel anew; without scripts the page on which it stood."""
        if htmx_request.htmx:
            return self._shown(self._events.get(event))
        came = mishaps.where_they_stood()
        stood = came if came.startswith(f"/events/{event}") else url_for("control.panel", event=event)
        return redirect(stood, code=303)

    def start(self, event: int) -> str | Response:
        """Let it begin now."""
        self._events.start(event)
        return self._answer(event)

    def close(self, event: int) -> str | Response:
        """Let it be over now."""
        self._events.close(event)
        return self._answer(event)

    def reopen(self, event: int) -> str | Response:
        """Let it go on, for some hours from now."""
        hours = request.form.get("hours", type=int)
        self._events.reopen(event, self._now() + timedelta(hours=hours if hours in HOURS else 1))
        return self._answer(event)

    def archive(self, event: int) -> str | Response:
        """Put it away."""
        self._events.archive(event)
        return self._answer(event)

    def new_code(self, event: int) -> str | Response:
        """Another join code; a second click on the same page makes no third."""
        if request.form.get("code", g.event.code) == g.event.code:
            self._events.new_code(event)
        return self._answer(event)

    def gate(self, event: int) -> str | Response | tuple[str, int]:
        """Open or close one chapter."""
        chapter = request.form.get("chapter", "")
        if all(one.title != chapter for one in g.course.chapters):
            return self._shown(g.event, gettext("This event has no such chapter.")), 422
        self._events.gate(event, chapter, request.form.get("open") == "yes")
        g.deed = {"chapter": chapter, "open": request.form.get("open") == "yes"}
        return self._answer(event)

    def open_next(self, event: int) -> str | Response:
        """Open the chapter that the page showed as the next; a second click opens no other one."""
        shut = [one.title for one in g.course.chapters if not g.event.opens(one.title)]
        wanted = request.form.get("chapter") or next(iter(shut), "")
        if wanted in shut:
            self._events.gate(event, wanted, True)
            g.deed = {"chapter": wanted}
        return self._answer(event)

    def open_all(self, event: int) -> str | Response:
        """Open all chapters."""
        self._events.ungate(event)
        return self._answer(event)

    def set_timer(self, event: int) -> str | Response | tuple[str, int]:
        """Set the clock to so many minutes, and let it run."""
        minutes = request.form.get("minutes", type=int) or 0
        if not 1 <= minutes <= LONGEST:
            problem = gettext("How many minutes? A number from 1 to %(most)s.", most=LONGEST)
            return self._shown(g.event, problem), 422
        g.deed = {"minutes": minutes}
        return self._timed(event, lambda _, at: Timer(minutes * 60, 0.0, at))

    def start_timer(self, event: int) -> str | Response:
        """Let it run on."""
        return self._timed(event, lambda timer, at: timer.started(at) if timer.set else timer)

    def pause_timer(self, event: int) -> str | Response:
        """Let it stand still."""
        return self._timed(event, lambda timer, at: timer.paused(at))

    def lengthen_timer(self, event: int) -> str | Response:
        """Five minutes more; of one that has run out, five minutes from now."""
        return self._timed(event, lambda timer, at: timer.longer(MORE + _overrun(timer, at)))

    def clear_timer(self, event: int) -> str | Response:
        """No clock any more."""
        return self._timed(event, lambda _, __: Timer())

    def _timed(self, event: int, change: Callable[[Timer, datetime], Timer]) -> str | Response:
        self._events.set_timer(event, change)
        return self._answer(event)


def _overrun(timer: Timer, at: datetime) -> int:
    return max(0, round(timer.gone(at)) - timer.seconds)
