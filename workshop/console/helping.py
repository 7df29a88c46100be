"""Who waits for help, who goes there, and words to the room.

The queue is a fragment that the board shows as well; it asks for itself every two seconds, and is
left in peace while nothing of it has changed.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop import mishaps
from workshop.console.guard import who_leads
from workshop.console.typed import unsayable, words
from workshop.language.tongue import gettext
from workshop.room.attendance import Attendance
from workshop.room.hands import HELPED, Hand, Hands, Outcome, TakenAlready
from workshop.room.notes import LONGEST, Notes
from workshop.sheet import UNCHANGED, Answer


class Helping:
    """The queue, and what is said to all."""

    def __init__(self, hands: Hands, notes: Notes, attendance: Attendance) -> None:
        self._hands = hands
        self._notes = notes
        self._attendance = attendance

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("helping", __name__, url_prefix="/events/<int:event>")
        pages.before_request(who_leads)
        pages.add_url_rule("/queue", view_func=self.queue)
        pages.add_url_rule("/hands/<int:hand>/take", view_func=self.take, methods=["POST"])
        pages.add_url_rule("/hands/<int:hand>/release", view_func=self.release, methods=["POST"])
        pages.add_url_rule("/hands/<int:hand>/resolve", view_func=self.resolve, methods=["POST"])
        pages.add_url_rule("/words", view_func=self.words)
        pages.add_url_rule("/words", endpoint="say", view_func=self.say, methods=["POST"])
        pages.add_url_rule("/words/withdraw", view_func=self.withdraw, methods=["POST"])
        return pages

    def queue(self, event: int) -> Answer:
        """Who waits, the longest first; silent while the page that asks shows just that."""
        waiting = self._hands.queue(event)
        if request.args.get("v") == version(waiting):
            return UNCHANGED
        return self._shown(waiting)

    def take(self, event: int, hand: int) -> Answer:
        """Go to that desk; who comes second learns who has gone there."""
        try:
            taken = self._hands.take(event, hand, g.facilitator.id)
        except TakenAlready as other:
            return self._shown(self._hands.queue(event), str(other), 409)
        g.deed = {"enrolment": taken.enrolment, "hand": hand}
        return self._after(event, gettext("You are on the way to %(handle)s.", handle=taken.handle), hand)

    def release(self, event: int, hand: int) -> Answer:
        """Leave that desk to another one."""
        left = self._hands.release(event, hand, g.facilitator.id)
        g.deed = {"enrolment": left.enrolment, "hand": hand}
        return self._after(event, gettext("%(handle)s waits again.", handle=left.handle))

    def resolve(self, event: int, hand: int) -> Answer:
        """They have been helped, in this way."""
        chosen = request.form.get("outcome", "")
        if chosen not in set(HELPED):
            words = gettext("Say what has helped: shown, done together, done for them, or nothing found.")
            return self._shown(self._hands.queue(event), words, 422)
        ended = self._hands.resolve(event, hand, g.facilitator.id, Outcome(chosen))
        g.deed = {"enrolment": ended.enrolment, "hand": hand, "outcome": chosen}
        return self._after(event, gettext("%(handle)s has been helped.", handle=ended.handle))

    def _after(self, event: int, words: str, just: int = 0) -> Answer:
        """The queue anew, and the focus on what was `just` taken; without scripts the page as it stood."""
        if htmx_request.htmx:
            return self._shown(self._hands.queue(event), just=just)
        flash(words)
        came = mishaps.where_they_stood()
        stood = came if came.startswith(f"/events/{event}") and "/hands/" not in came else None
        return redirect(stood or url_for("helping.queue", event=event), code=303)

    def _shown(self, waiting: list[Hand], problem: str = "", status: int = 200, just: int = 0) -> Response:
        html = render_template(
            "_queue.html" if htmx_request.htmx else "queue.html",
            event=g.event,
            hands=waiting,
            signs=self._attendance.of_event(g.event.id) if waiting else {},
            version=version(waiting),
            problem=problem,
            just=just,
        )
        return make_response(html, status)

    def words(self, event: int) -> str:
        """What was said, by whom, and who has read it; and a form to say more."""
        return self._words_page()

    def say(self, event: int) -> Answer:
        """A banner that all see, also those who come later."""
        said = words()
        problem = unsayable(said)
        if problem:
            return self._words_page(problem, said), 422
        self._notes.banner(event, g.facilitator.id, said)
        g.deed = {"words": said}
        flash(gettext("All see it within a few seconds, until you withdraw it."))
        return redirect(url_for("helping.words", event=event), code=303)

    def withdraw(self, event: int) -> Response:
        """Take the banner down."""
        gone = self._notes.withdraw(event)
        flash(gettext("It is withdrawn.") if gone else gettext("There was no banner any more."))
        return redirect(url_for("helping.words", event=event), code=303)

    def _words_page(self, problem: str = "", typed: str = "") -> str:
        return render_template(
            "words.html",
            event=g.event,
            sent=self._notes.sent(g.event.id),
            problem=problem,
            typed=typed,
            longest=LONGEST,
        )


def version(waiting: list[Hand]) -> str:
    """Changes when, and only when, the queue would show something else."""
    shown = [(hand.id, hand.taker, hand.message) for hand in waiting]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
