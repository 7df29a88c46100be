"""The front door: joining with a handle, alone or into an event by its code; coming back, leaving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from workshop import handle as handles
from workshop.config import Backend, Config
from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.models import now
from workshop.presence import become, forget
from workshop.progress import Enrolled, HandleTaken, NoPlace, Place
from workshop.room.event import Event, Phase
from workshop.room.events import UnknownEvent
from workshop.room.invites import Invites

HERE = ("127.0.0.1", "::1")
LONGEST_NAME = 120
NUMBERS = range(2, 1000)
Page = str | Response | tuple[str, int]


class Door:
    """The pages of those who have not joined yet, or wish to leave."""

    def __init__(self, guide: Guide, config: Config, invites: Invites) -> None:
        self._guide = guide
        self._config = config
        self._invites = invites

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("door", __name__)
        pages.add_url_rule("/", view_func=self.home)
        pages.add_url_rule("/handle", view_func=self.suggestion)
        pages.add_url_rule("/join", view_func=self.join, methods=["POST"])
        pages.add_url_rule("/event", view_func=self.find_event)
        pages.add_url_rule("/e/<code>", view_func=self.event)
        pages.add_url_rule("/e/<code>", view_func=self.join_event, methods=["POST"])
        pages.add_url_rule("/leave", view_func=self.leave, methods=["POST"])
        return pages

    def home(self) -> Page:
        """What the workshop is, and the form to join; who has joined goes on where they were."""
        if self._guide.progress.by_ticket(session.get("ticket", "")) is None:
            return self._form()
        return redirect(url_for("attend.resume"), code=303)

    def suggestion(self) -> str:
        """The handle that the convention makes of a name: a fragment of the form."""
        number = request.args.get("event", type=int)
        suggested = self._free(handles.suggest(request.args.get("name", "")), number)
        return render_template("_handle.html", handle=suggested, problem="")

    def join(self) -> Page:
        """Join with a name, a handle, or both; on one's own machine also as before."""
        if not self._config.alone:
            return self._form(problem=gettext("Here one joins an event: type its code.")), 403
        name, wanted = self._asked()
        if not handles.valid(wanted):
            return self._form(name=name, handle=wanted, problem=_why_not(name, wanted)), 422
        try:
            return _enter(self._guide.progress.enrol(wanted, name), "")
        except HandleTaken:
            return self._join_again(name, wanted)

    def _asked(self, event: int | None = None) -> tuple[str, str]:
        name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
        wanted = request.form.get("handle", "").strip().lower()
        return name, wanted or self._free(handles.suggest(name), event)

    def _join_again(self, name: str, handle: str) -> Page:
        known, at_home = self._guide.progress.by_handle(handle), self._at_home()
        if known and at_home and request.form.get("again") == handle:
            return _enter(
                known, gettext("Welcome back, %(handle)s. Everything is as you left it.", handle=handle)
            )
        problem = gettext("The handle “%(handle)s” is taken: please choose another.", handle=handle)
        return self._form(name=name, handle=handle, problem=problem, known=at_home), 409

    def find_event(self) -> Page:
        """To the event of a code that somebody has typed."""
        typed = request.args.get("code", "")
        try:
            return redirect(url_for("door.event", code=self._guide.events.by_code(typed).code), code=303)
        except UnknownEvent:
            problem = gettext(
                "There is no event with the code “%(code)s”. It looks like RIVER-42, and your facilitator"
                " has it.",
                code=typed[:40],
            )
            return self._form(code=typed, code_problem=problem), 404

    def event(self, code: str) -> Page:
        """The join page of an event, as a telephone shows it; who is in goes on where they were."""
        event = self._guide.events.by_code(code)
        inside = self._guide.progress.by_ticket(session.get("ticket", ""))
        if inside and inside.event == event.id and event.deleted is None:
            return redirect(url_for("attend.resume"), code=303)
        return self._event_form(event)

    def join_event(self, code: str) -> Page:
        """Join an event with a name, a handle, or both."""
        event = self._guide.events.by_code(code)
        name, wanted = self._asked(event.id)
        problem = self._not_admitted(event)
        if problem:
            return self._event_form(event, name, wanted, problem), 409
        if not handles.valid(wanted):
            return self._event_form(event, name, wanted, _why_not(name, wanted)), 422
        invite = self._invites.find(event.id, wanted)
        if event.invited_only and invite is None:
            problem = gettext(
                "“%(handle)s” is not on the list of this event. Use the handle from your invitation, or ask"
                " your facilitator.",
                handle=wanted,
            )
            return self._event_form(event, name, wanted, problem), 403
        place = Place(event.id, event.capacity, tuple(self._backends(event)))
        try:
            joined = self._guide.progress.enrol(wanted, name or (invite.name if invite else ""), place)
        except HandleTaken:
            return self._taken(event, name, wanted)
        except NoPlace:
            return self._event_form(event, name, wanted, self._full()), 409
        return _enter(joined, "")

    def _backends(self, event: Event) -> list[Backend]:
        ways = self._config.ways
        return [ways[name] for name in event.backends if name in ways] or list(ways.values())

    def _not_admitted(self, event: Event) -> str:
        """Why nobody can join the event now; "" if they can."""
        if event.phase(now()) not in (Phase.LOBBY, Phase.OPEN):
            return gettext("This event is over. Ask your facilitator for the code of the next one.")
        return self._full() if self._guide.events.joined(event.id) >= event.capacity else ""

    @staticmethod
    def _full() -> str:
        return gettext("This event is full. Ask your facilitator: they can make room.")

    def _taken(self, event: Event, name: str, handle: str) -> Page:
        """Offer another handle; it may also be the same person with another device."""
        free = self._free(handle, event.id)
        problem = gettext(
            "The handle “%(handle)s” is taken. If that is you, on another device: open “Your access” there"
            " and make a link, or ask your facilitator for one. If it is not, how about “%(free)s”?",
            handle=handle,
            free=free,
        )
        return self._event_form(event, name, free, problem), 409

    def _event_form(self, event: Event, name: str = "", handle: str = "", problem: str = "") -> str:
        return render_template(
            "join.html",
            event=event,
            phase=event.phase(now()),
            shut=self._not_admitted(event),
            course=self._guide.course.only(event.chapters),
            joined=self._guide.events.joined(event.id),
            name=name,
            handle=handle,
            problem=problem,
        )

    def leave(self) -> Response:
        """Forget this browser; the record stays."""
        enrolled = self._guide.progress.by_ticket(session.get("ticket", ""))
        forget()
        if enrolled and enrolled.event is None:
            flash(
                gettext(
                    "You have left. Come back any time as %(handle)s: all of it is kept.",
                    handle=enrolled.handle,
                )
            )
        elif enrolled:
            flash(
                gettext(
                    "You have left. All of it is kept; your facilitator can let you in again as %(handle)s.",
                    handle=enrolled.handle,
                )
            )
        return redirect(url_for("door.home"), code=303)

    def _form(self, **given: object) -> str:
        shown = {"name": "", "handle": "", "problem": "", "known": False, "code": "", "code_problem": ""}
        return render_template("home.html", course=self._guide.course, **(shown | given))

    def _free(self, handle: str, event: int | None = None) -> str:
        """The handle, or with a number where it is taken."""
        by_handle = self._guide.progress.by_handle
        if not handle or by_handle(handle, event) is None:
            return handle
        numbered = (handles.another(handle, number) for number in NUMBERS)
        return next((one for one in numbered if by_handle(one, event) is None), "")

    def _at_home(self) -> bool:
        """Whether who asks sits at this very machine, which is theirs alone."""
        return self._config.local and request.remote_addr in HERE


def _why_not(name: str, handle: str) -> str:
    if handle:
        return gettext("“%(handle)s” cannot be a handle.", handle=handle[:40]) + " " + gettext(handles.RULE)
    if name:
        problem = gettext("We cannot make a handle of that name: please choose one.")
        return f"{problem} {gettext(handles.RULE)}"
    return gettext("Tell us your name, or choose a handle.")


def _enter(enrolled: Enrolled, words: str) -> Response:
    become(enrolled)
    if words:
        flash(words)
    wanted = request.form.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return redirect(wanted if ours else url_for("attend.resume"), code=303)
