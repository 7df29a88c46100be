"""Events, as facilitators make, change, staff and delete them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from workshop.config import Config
from workshop.console.camera import qr
from workshop.console.guard import who_leads
from workshop.guide import Guide
from workshop.language.tongue import gettext, marked, told
from workshop.models import now
from workshop.room.draft import (
    REGIONS,
    Terms,
    Typed,
    Unclear,
    fresh,
    in_utc,
    missing,
    of,
    terms_of,
    understood,
)
from workshop.room.event import Event, Phase
from workshop.room.events import ChangedMeanwhile, Draft, Settled
from workshop.room.invites import Invite, Invites, looked_over
from workshop.room.staff import Role, Staff

BIGGEST_FORM = 512 * 1024  # a list of 5,000 fits
GROUPS = {
    Phase.OPEN: marked("Live"),
    Phase.LOBBY: marked("To come"),
    Phase.OVER: marked("Over"),
    Phase.ARCHIVED: marked("Archived"),
    Phase.DELETED: marked("Just deleted"),
}
FIELDS = {
    "name": marked("Name"),
    "starts": marked("Starts"),
    "ends": marked("Ends"),
    "region": marked("Region"),
    "prefix": marked("Prefix"),
    "capacity": marked("Places"),
    "chapters": marked("Chapters"),
    "gated": marked("Chapters open one by one"),
    "welcome": marked("Welcome"),
    "backends": marked("AWS"),
    "invited_only": marked("By invitation only"),
    "invited": marked("Invited"),
}
Page = str | Response | tuple[str, int]


class EventPages:
    """The list, the form, the code for the wall, the staff of an event, and its end."""

    def __init__(
        self,
        guide: Guide,
        config: Config,
        staff: Staff,
        invites: Invites,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._guide = guide
        self._events = guide.events
        self._config = config
        self._staff = staff
        self._invites = invites
        self._now = clock

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("events", __name__)
        pages.url_value_preprocessor(_allow_lists)
        pages.before_request(who_leads)
        pages.add_url_rule("/events", view_func=self.all)
        pages.add_url_rule("/events/new", view_func=self.new)
        pages.add_url_rule("/events/new", "make", self.make, methods=["POST"])
        here = "/events/<int:event>"
        pages.add_url_rule(f"{here}/code", view_func=self.code)
        pages.add_url_rule(f"{here}/settings", view_func=self.settings)
        pages.add_url_rule(f"{here}/settings", "change", self.change, methods=["POST"])
        pages.add_url_rule(f"{here}/staff", view_func=self.staff)
        pages.add_url_rule(f"{here}/staff", "appoint", self.appoint, methods=["POST"])
        pages.add_url_rule(f"{here}/delete", view_func=self.doom)
        pages.add_url_rule(f"{here}/delete", "delete", self.delete, methods=["POST"])
        pages.add_url_rule(f"{here}/deleted", view_func=self.deleted)
        pages.add_url_rule(f"{here}/undelete", view_func=self.undelete, methods=["POST"])
        return pages

    def all(self) -> str:
        """Theirs, or all of them for an owner: what is live first."""
        mine = self._staff.events_of(g.facilitator)
        shown = [event for event in self._events.all() if g.facilitator.owner or event.id in mine]
        at = self._now()
        groups = {phase: [event for event in shown if event.phase(at) == phase] for phase in GROUPS}
        groups[Phase.LOBBY].sort(key=lambda event: event.starts)
        named = [(phase, gettext(GROUPS[phase]), found) for phase, found in groups.items() if found]
        return render_template("events.html", groups=named, crowds=self._events.crowds(), at=at)

    # -- The form

    def new(self) -> str:
        """The form for a new event, in which only the name is missing."""
        terms = self._terms()
        return self._form(terms, fresh(terms, self._now(), self._config.region, self._config.prefix))

    def make(self) -> Page:
        """Make the event, or say what is missing; who makes it is its first facilitator."""
        terms = self._terms()
        start = fresh(terms, self._now(), self._config.region, self._config.prefix)
        typed, draft = self._read(start, terms)
        if not isinstance(draft, Draft):
            return draft
        event = self._events.make(draft, self._first_chapter(draft))
        self._invites.put(event.id, looked_over(typed.invited)[0])
        if not g.facilitator.owner:
            self._staff.appoint(event.id, g.facilitator.id, Role.FACILITATOR)
        g.deed = {"event": event.id}
        return redirect(url_for("events.code", event=event.id), code=303)

    def settings(self, event: int) -> str:
        """The same form for an event that there is."""
        terms = self._terms(g.event)
        return self._form(terms, of(g.event, terms, self._invites.of(event)))

    def change(self, event: int) -> Page:
        """Change it, unless somebody else has meanwhile: then both are shown."""
        terms = self._terms(g.event)
        typed, draft = self._read(of(g.event, terms, self._invites.of(event)), terms)
        if not isinstance(draft, Draft):
            return draft
        try:
            self._events.change(event, _number(typed.version), draft)
        except ChangedMeanwhile as theirs:
            return self._both(typed, theirs.now)
        except Settled:  # somebody has joined since the form was read
            return self._read(typed, self._terms(g.event))[1]  # type: ignore[return-value]
        self._invites.put(event, looked_over(typed.invited)[0])
        flash(gettext("It is changed."))
        return redirect(url_for("events.settings", event=event), code=303)

    def _read(self, start: Typed, terms: Terms) -> tuple[Typed, Draft | Page]:
        """What was sent, and what it says; or the form again."""
        typed = _with_file(start.filled(request.form.to_dict(flat=False)))
        if request.form.get("act") == "preview":
            g.deed = None
            invited, problems = looked_over(typed.invited)
            wrong = {"invited": "\n".join(problems)} if problems else {}
            return typed, (self._form(terms, typed, wrong, preview=invited), 422 if wrong else 200)
        try:
            return typed, understood(typed, terms, self._now())
        except Unclear as unclear:
            return typed, (self._form(terms, typed, unclear.problems), 422)

    def _both(self, typed: Typed, theirs: Event) -> Page:
        """What somebody else has made of it beside what was typed, to choose from."""
        terms = self._terms(theirs)
        kept = of(theirs, terms, self._invites.of(theirs.id))
        mine = replace(typed, starts=in_utc(typed, "starts"), ends=in_utc(typed, "ends"))
        if len(terms.ways) == 1:  # then it is not asked for
            mine = replace(mine, backends=kept.backends)
        differing = [
            (gettext(words), _in_words(getattr(kept, key)), _in_words(getattr(mine, key)))
            for key, words in FIELDS.items()
            if getattr(kept, key) != getattr(mine, key)
        ]
        again = replace(typed, version=kept.version)
        return self._form(terms, again, differing=differing), 409

    def _form(
        self,
        terms: Terms,
        typed: Typed,
        problems: Mapping[str, str] | None = None,
        preview: list[Invite] | None = None,
        differing: object = None,
    ) -> str:
        return render_template(
            "event_form.html",
            typed=typed,
            terms=terms,
            event=terms.now,
            problems=problems or {},
            preview=preview,
            differing=differing,
            course=self._guide.course,
            regions=REGIONS,
            missing=missing(typed, terms),
        )

    def _terms(self, event: Event | None = None) -> Terms:
        joined = self._events.joined(event.id) if event else 0
        return terms_of(self._guide.course, self._config.ways, joined, event)

    def _first_chapter(self, draft: Draft) -> str:
        chapters = self._guide.course.only(draft.chapters).chapters
        return chapters[0].title if chapters else ""

    # -- The code, for the wall

    def code(self, event: int) -> str:
        """The join code in huge letters, the address, a QR code, and what comes next."""
        address = url_for("door.event", code=g.event.code, _external=True)
        return render_template(
            "event_code.html",
            event=g.event,
            phase=g.event.phase(self._now()),
            address=address,
            qr=qr(address),
            joined=self._events.joined(event),
        )

    # -- Who helps

    def staff(self, event: int) -> str:
        """Who is what in this event."""
        return self._staff_page(event)

    def _staff_page(self, event: int, login: str = "", problem: str = "") -> str:
        return render_template(
            "event_staff.html",
            event=g.event,
            people=self._staff.of_event(event),
            owners=[one for one in self._staff.all() if one.owner],
            login=login,
            problem=problem,
        )

    def appoint(self, event: int) -> Page:
        """Make somebody a facilitator or an observer of the event, or nothing."""
        login, wanted = request.form.get("login", ""), request.form.get("role", "")
        who = self._staff.by_login(login)
        if who is None:
            problem = gettext("Nobody has this login. An owner lets people in on the page “People”.")
            return self._staff_page(event, login, problem), 404
        role = Role(wanted) if wanted in list(Role) else None
        self._staff.appoint(event, who.id, role)
        g.deed = {"login": who.login, "role": role.value if role else "none"}
        return redirect(url_for("events.staff", event=event), code=303)

    # -- Its end

    def doom(self, event: int) -> str:
        """What would be lost; its name has to be typed."""
        return self._doom_page(event)

    def _doom_page(self, event: int, typed: str = "", problem: str = "") -> str:
        people = self._guide.progress.of_event(event)
        return render_template(
            "event_delete.html",
            event=g.event,
            joined=len(people),
            accounts=len({(one.backend, one.account) for one in people if one.keys}),
            typed=typed,
            problem=problem,
        )

    def delete(self, event: int) -> Page:
        """Take it away, if its name was typed; for a minute it can be had back."""
        typed = " ".join(request.form.get("name", "").split())
        if typed.casefold() != g.event.name.casefold():
            return self._doom_page(
                event, typed, gettext("That is not its name: “%(name)s”.", name=g.event.name)
            ), 422
        self._events.delete(event)
        return redirect(url_for("events.deleted", event=event), code=303)

    def deleted(self, event: int) -> Page:
        """For a minute: have it back. After that: gone."""
        if g.event.deleted is None:
            return redirect(url_for("events.settings", event=event), code=303)
        left = math.ceil((g.event.gone_for_good - self._now()).total_seconds())
        return render_template("event_deleted.html", event=g.event, late=left <= 0, left=left + 1)

    def undelete(self, event: int) -> Page:
        """Have it back, if that is in time."""
        if self._events.undelete(event):
            flash(gettext("“%(name)s” is back, with everything in it.", name=g.event.name))
            return redirect(url_for("events.settings", event=event), code=303)
        if self._events.get(event).deleted is None:  # somebody else was quicker
            return redirect(url_for("events.settings", event=event), code=303)
        return render_template("event_deleted.html", event=g.event, late=True), 409


def _allow_lists(_endpoint: str | None, _values: object) -> None:
    """A list of invited may be longer than other forms; said before anybody reads the form."""
    request.max_content_length = BIGGEST_FORM
    request.max_form_memory_size = BIGGEST_FORM


def _with_file(typed: Typed) -> Typed:
    file = request.files.get("invited_file")
    data = file.read() if file and file.filename else b""
    return replace(typed, invited=_decoded(data)) if data else typed


def _decoded(data: bytes) -> str:
    """Text as spreadsheets write it: UTF-8, or what Windows had before."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, tuple):
        return ", ".join(told(str(one)) for one in value)
    return str(value)
