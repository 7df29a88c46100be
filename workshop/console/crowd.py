"""Everybody in an event, in a list from which some can be chosen: a note to them, or catching them up."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from workshop.console.guard import over, who_leads
from workshop.console.typed import reason, unsayable, why_not, words
from workshop.guide import Guide
from workshop.jobs import Behalf, Kind, Outcome
from workshop.language.tongue import gettext, ngettext
from workshop.progress import Enrolled, Mark
from workshop.room.attendance import Attendance
from workshop.room.hands import Hands
from workshop.room.notes import LONGEST, Notes
from workshop.sheet import UNCHANGED, Answer

HELD = (Mark.DONE, Mark.HELPED)


class Crowd:
    """The list, and what is done for many at once."""

    def __init__(self, guide: Guide, hands: Hands, notes: Notes, attendance: Attendance) -> None:
        self._guide = guide
        self._hands = hands
        self._notes = notes
        self._attendance = attendance

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("crowd", __name__, url_prefix="/events/<int:event>/people")
        pages.before_request(who_leads)
        pages.add_url_rule("", view_func=self.all)
        pages.add_url_rule("/note", view_func=self.note, methods=["POST"])
        pages.add_url_rule("/catch-up", view_func=self.catch_up, methods=["POST"])
        pages.add_url_rule("/batches/<batch>", view_func=self.batch)
        return pages

    def all(self, event: int) -> str:
        """Who is in the event and where, to choose some of them."""
        return self._list()

    def note(self, event: int) -> Answer:
        """The same note to all who were chosen."""
        people, said = self._chosen(), words()
        problem = unsayable(said) if people else gettext("Choose at least one person in the list.")
        if problem:
            return self._list(problem, said), 422
        count = self._notes.write(event, g.facilitator.id, said, [one.id for one in people])
        g.deed = {"words": said, "people": [one.handle for one in people]}
        flash(ngettext("Sent to one person.", "Sent to %(num)s people.", count))
        return redirect(url_for("crowd.all", event=event), code=303)

    def catch_up(self, event: int) -> Answer:
        """Bring those who were chosen, or all who are behind, to a step: a job each, one after another."""
        if over():
            return self._list(), 409
        slug, because = request.form.get("slug", ""), reason()
        step = g.course.step(slug)
        behind = request.form.get("who") == "behind"
        people = [one for one in (self._people() if behind else self._chosen()) if self._behind(one, slug)]
        problem = why_not(because)
        if not problem and not people:
            problem = gettext("Nobody of them is behind “%(step)s”.", step=step.title)
        if problem:
            return self._list(problem), 422
        batch = uuid.uuid4().hex
        behalf = Behalf(g.facilitator.id, g.facilitator.name, because, batch)
        asked = [one for one in people if self._guide.jobs.ask_for(one.id, slug, Kind.CATCH_UP, behalf)]
        g.deed = {"step": slug, "people": [one.handle for one in asked]}
        if len(asked) < len(people):
            busy = ", ".join(one.handle for one in people if one not in asked)
            flash(gettext("Left out, because something is being done for them already: %(who)s.", who=busy))
        return redirect(url_for("crowd.all", event=event, batch=batch), code=303)

    def batch(self, event: int, batch: str) -> Answer:
        """How far those are who are being caught up; asks for itself until all have ended."""
        line = self._batch(batch)
        if line and request.args.get("v") == line["version"]:
            return UNCHANGED
        return render_template("_batch.html", event=g.event, line=line)

    def _batch(self, batch: str) -> dict[str, object] | None:
        mine = {one.id: one for one in self._people()}
        jobs = [job for job in self._guide.jobs.batch(batch) if job.enrolment in mine] if batch else []
        if not jobs:
            return None
        ended = [job for job in jobs if not job.open]
        failed = [mine[job.enrolment] for job in ended if job.outcome != Outcome.DONE]
        return {
            "batch": batch,
            "version": f"{len(ended)}-{len(failed)}",
            "slug": jobs[0].slug,
            "all": len(jobs),
            "ended": len(ended),
            "failed": failed,
            "worker": self._guide.jobs.worker_alive(),
        }

    def _list(self, problem: str = "", typed: str = "") -> str:
        people = self._people()
        signs, at = self._attendance.of_event(g.event.id), request.values.get("at", "")
        stood = self._guide.states_of(people)
        here = {one.id: signs[one.id].slug if one.id in signs else "" for one in people}
        chosen = {int(number) for number in request.values.getlist("person") if number.isdigit()}
        return render_template(
            "attendees.html",
            event=g.event,
            course=g.course,
            people=[one for one in people if not at or here[one.id] == at],
            done={number: sum(mark in HELD for mark in marks.values()) for number, marks in stood.items()},
            signs=signs,
            at=at,
            chosen=chosen,
            hands={hand.enrolment: hand for hand in self._hands.queue(g.event.id)},
            line=self._batch(request.args.get("batch", "")),
            over=over(),
            problem=problem,
            typed=typed,
            reason=request.form.get("reason", ""),
            longest=LONGEST,
        )

    def _people(self) -> list[Enrolled]:
        return self._guide.progress.of_event(g.event.id)

    def _chosen(self) -> list[Enrolled]:
        """Those of the list who were ticked; numbers of others choose nobody."""
        wanted = set(request.form.getlist("person"))
        return [one for one in self._people() if str(one.id) in wanted]

    def _behind(self, one: Enrolled, slug: str) -> bool:
        """Whether there is something to do before that step."""
        return bool(self._guide.ahead(one, slug))
