"""One attendee, as those who help see them: where they are, what happened, and what can be done for them.

Whatever is done to somebody without being asked needs a reason, which is logged and which they see.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop.access import Access, TooManyLinks
from workshop.console.camera import qr
from workshop.console.guard import over, who_leads, whom
from workshop.console.telling import tell
from workshop.console.typed import reason, unsayable, why_not, words
from workshop.guide import Guide
from workshop.jobs import Behalf, Kind
from workshop.language.tongue import gettext, marked
from workshop.progress import Mark
from workshop.room.attendance import Attendance
from workshop.room.departure import Busy, Departures
from workshop.room.hands import Hands
from workshop.room.notes import LONGEST, OFFER, Notes
from workshop.room.staff import Staff
from workshop.sheet import UNCHANGED, Answer

HELP = {"do": Kind.DO, "catch up": Kind.CATCH_UP}
HELD = (Mark.DONE, Mark.HELPED)
CANNOT_EMPTY = marked(
    "No way to empty accounts is configured (WORKSHOP_ACCOUNT_REMOVAL), so nothing has been done. They can"
    " start steps over one by one."
)


class Attendees:
    """A page for each, and everything that can be done for one."""

    def __init__(
        self,
        guide: Guide,
        access: Access,
        hands: Hands,
        notes: Notes,
        attendance: Attendance,
        departures: Departures,
        staff: Staff,
    ) -> None:
        self._guide = guide
        self._access = access
        self._hands = hands
        self._notes = notes
        self._attendance = attendance
        self._departures = departures
        self._staff = staff

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("attendees", __name__, url_prefix="/events/<int:event>/people")
        pages.before_request(who_leads)
        pages.before_request(whom)
        pages.add_url_rule("/<int:enrolment>", view_func=self.one)
        for act in (self.note, self.help, self.withdraw, self.reset, self.device, self.remove):
            pages.add_url_rule(f"/<int:enrolment>/{act.__name__}", view_func=act, methods=["POST"])
        return pages

    def one(self, event: int, enrolment: int) -> Answer:
        """Their page; what changes on it asks for itself."""
        if htmx_request.htmx and "v" in request.args:
            current = self._now()
            if request.args["v"] == current["version"]:
                return UNCHANGED
            return render_template("_person_now.html", event=g.event, person=g.person, **current)
        return self._page()

    def note(self, event: int, enrolment: int) -> Answer:
        """A note to them."""
        said = words()
        problem = unsayable(said)
        if problem:
            return self._page("note", problem), 422
        self._notes.write(event, g.facilitator.id, said, [enrolment])
        g.deed = {"words": said}
        return self._back(gettext("%(handle)s sees it within a few seconds.", handle=g.person.handle))

    def help(self, event: int, enrolment: int) -> Answer:
        """Offer to do something for them; or have it done, with a reason."""
        slug, kind = request.form.get("slug", ""), HELP.get(request.form.get("kind", ""), Kind.DO)
        step = g.course.step(slug)
        g.deed = {"step": slug, "kind": kind.value}
        if over():
            return self._page(), 409
        if kind == Kind.DO and not step.do:
            return self._page("help", gettext("“%(step)s” is for them alone to do.", step=step.title)), 422
        if request.form.get("how") != "now":
            self._notes.offer(event, g.facilitator.id, enrolment, slug, kind.value)
            return self._back(
                gettext("Offered. It is done as soon as %(handle)s accepts.", handle=g.person.handle)
            )
        problem = why_not(reason())
        if problem:
            return self._page("help", problem), 422
        problem = self._ask(slug, kind)
        if problem:
            return self._page("help", problem), 409
        return self._back(gettext("It is being done for %(handle)s.", handle=g.person.handle))

    def withdraw(self, event: int, enrolment: int) -> Answer:
        """Take back what was offered."""
        gone = self._notes.withdraw_offer(event, enrolment)
        return self._back(
            gettext("The offer is taken back.") if gone else gettext("It has been answered meanwhile.")
        )

    def reset(self, event: int, enrolment: int) -> Answer:
        """Have their account emptied and prepared afresh."""
        if over():
            return self._page(), 409
        problem = why_not(reason())
        if problem:
            return self._page("reset", problem), 422
        if not self._guide.labs.can_empty(g.person):
            return self._page("reset", gettext(CANNOT_EMPTY)), 409
        problem = self._ask("", Kind.RESET)
        if problem:
            return self._page("reset", problem), 409
        return self._back(gettext("The account of %(handle)s is being emptied.", handle=g.person.handle))

    def _ask(self, slug: str, kind: Kind) -> str:
        """Ask for a job with the reason that was given; what is in the way, or ""."""
        behalf = Behalf(g.facilitator.id, g.facilitator.name, reason())
        if self._guide.jobs.ask_for(g.person.id, slug, kind, behalf):
            return ""
        current = self._guide.jobs.current(g.person.id)
        title = self._guide.course.title(current.slug) if current and current.slug else ""
        if title:
            return gettext("“%(step)s” is being done for them: one thing at a time.", step=title)
        return gettext("Something is being done for them: one thing at a time.")

    def device(self, event: int, enrolment: int) -> Answer:
        """A link for one time, by which they go on with another device."""
        try:
            _, token = self._access.make(enrolment, 1, once=True)
        except TooManyLinks as reason:
            return self._page("device", str(reason)), 409
        out = bool(request.form.get("out"))
        if out:
            self._guide.progress.new_ticket(enrolment)
        g.deed = {"signed out": out}
        session["moved"] = [enrolment, token]
        return redirect(
            url_for("attendees.one", event=event, enrolment=enrolment, _anchor="device"), code=303
        )

    def remove(self, event: int, enrolment: int) -> Answer:
        """Take them out of the event, with all that is known of them."""
        problem = why_not(reason())
        if not problem and request.form.get("handle", "").strip().lower() != g.person.handle:
            problem = gettext("Type the handle “%(handle)s” to confirm.", handle=g.person.handle)
        if problem:
            return self._page("remove", problem), 422
        try:
            emptied = self._departures.remove(g.person)
        except Busy:
            problem = gettext("Something is being done for them: wait until it has ended, or stop it.")
            return self._page("remove", problem), 409
        g.deed = {"enrolment": None, "handle": g.person.handle, "account emptied": emptied}
        g.deed |= {} if emptied else {"account": g.person.account}
        flash(
            gettext(
                "%(handle)s is out of the event; the place and the handle are free.", handle=g.person.handle
            )
        )
        return redirect(url_for("crowd.all", event=event), code=303)

    def _back(self, words: str) -> Response:
        flash(words)
        return redirect(url_for("attendees.one", event=g.event.id, enrolment=g.person.id), code=303)

    def _page(self, where: str = "", problem: str = "") -> str:
        """Their page; a problem is told at the form where it arose, with what was typed in it."""
        current = self._now()
        return render_template(
            "attendee.html",
            event=g.event,
            person=g.person,
            attendee=self._guide.labs.attendee(g.person),
            course=g.course,
            states=self._guide.states(g.person),
            next=self._next(),
            move=self._moved(),
            can_empty=self._guide.labs.can_empty(g.person),
            over=over(),
            where=where,
            problem=problem,
            typed=request.form if where else {},
            longest=LONGEST,
            **current,
        )

    def _next(self) -> str:
        """The step that help is most likely wanted with: where their page stands, or what is to do."""
        sign = self._attendance.of(g.person.id)
        known = {step.slug for step in g.course.steps}
        return sign.slug if sign and sign.slug in known else self._guide.next_to_do(g.person).slug

    def _now(self) -> dict[str, object]:
        """What changes by itself: signs of life, hand, help, words, and what happened."""
        jobs, person = self._guide.jobs, g.person
        job, said = jobs.current(person.id), self._notes.to(person.id)
        shown: dict[str, object] = {
            "sign": self._attendance.of(person.id),
            "hand": self._hands.up(person.id),
            "job": job,
            "line": jobs.lines(job.id)[-1:] if job else [],
            "worker": jobs.worker_alive() if job else True,
            "jobs": [one for one in jobs.of(person.id) if not one.open][:20],
            "hands": [one for one in self._hands.of(person.id) if one.ended][:20],
            "notes": said[:20],
            "offer": next((one for one in said if one.kind == OFFER and one.ended is None), None),
            "lines": tell(self._guide.progress.story(person.id), self._guide.course.title, self._helpers()),
            "done": sum(mark in HELD for mark in self._guide.states(person).values()),
            "of": len(g.course.steps),
        }
        shown["version"] = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
        return shown

    def _helpers(self) -> dict[int, str]:
        return {one.id: one.name for one in self._staff.all()}

    def _moved(self) -> dict[str, object] | None:
        """The link that was just made, shown this once, as address and to be pointed at."""
        number, token = session.pop("moved", None) or (0, "")
        if number != g.person.id:
            return None
        address = url_for("elsewhere.ask", token=token, _external=True)
        return {"address": address, "code": qr(address)}
