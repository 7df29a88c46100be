"""What passes between an attendee and those who help: a raised hand, words, offers, news of the room.

Every page asks for its news every few seconds, and is left in peace while there are none. That is its
sign of life as well, and how a tab learns that the browser has become another attendee's.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from workshop.guide import Guide
from workshop.jobs import Behalf, Kind
from workshop.language.tongue import gettext, marked
from workshop.models import now
from workshop.pasted import secret
from workshop.presence import who_asks
from workshop.room.attendance import Attendance
from workshop.room.bulletin import Bulletin, bulletin
from workshop.room.event import Phase
from workshop.room.hands import LONGEST, Hands, TooLong
from workshop.room.notes import ACCEPTED, DECLINED, Notes
from workshop.sheet import UNCHANGED, Answer, Sheets

GONE = marked("That offer does not stand any more.")
NO_SECRETS = marked(
    "That message holds credentials. It has not been sent or kept: take them out, your helper does not need"
    " them."
)


class Support:
    """The addresses of all that, for attendees of events; alone there is nobody to ask."""

    def __init__(self, guide: Guide, hands: Hands, notes: Notes, attendance: Attendance) -> None:
        self._guide = guide
        self._hands = hands
        self._notes = notes
        self._attendance = attendance
        self._sheets = Sheets(guide)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("support", __name__)
        pages.before_request(self._who_asks)
        pages.add_url_rule("/news", view_func=self.news)
        pages.add_url_rule("/hand", view_func=self.hand)
        pages.add_url_rule("/hand", endpoint="put_up", view_func=self.put_up, methods=["POST"])
        pages.add_url_rule("/hand/lower", view_func=self.lower, methods=["POST"])
        pages.add_url_rule("/notes/<int:note>/read", view_func=self.read, methods=["POST"])
        pages.add_url_rule("/offers/<int:note>", view_func=self.answer, methods=["POST"])
        return pages

    def _who_asks(self) -> None:
        who_asks(self._guide)
        if g.event is None and request.endpoint != "support.news":
            raise NotFound

    def now(self) -> Bulletin | None:
        """The news of whoever asks, for every page that they see; None for who is not at an event."""
        event = g.get("event")
        if event is None or "enrolled" not in g:
            return None
        chapters = [chapter.title for chapter in g.course.chapters]
        return bulletin(event, g.enrolled.id, chapters, self._hands, self._notes, now())

    def news(self) -> Answer:
        """Whether there are any; silent if not. A sign of life, too."""
        self._attendance.note(g.enrolled.id, self._at())
        current = self.now()
        if current is None or request.args.get("v") == current.version:
            return UNCHANGED
        return self._told(current)

    def hand(self) -> str:
        """The form to ask for help; or how it stands with that."""
        return self._sheet()

    def put_up(self) -> Answer:
        """Raise a hand, with what was last found at this step."""
        slug, message = self._at(), request.form.get("message", "").strip().replace("\r\n", "\n")
        if secret(message):
            return self._sheet(gettext(NO_SECRETS)), 422
        try:
            evidence = self._guide.progress.evidence(g.enrolled.id, slug) if slug else []
            self._hands.put_up(g.event.id, g.enrolled.id, slug, message, evidence)
        except TooLong:
            words = gettext(
                "A message has at most %(most)s characters; yours has %(count)s.",
                most=LONGEST,
                count=len(message),
            )
            return self._sheet(words, message), 422
        return self._after(gettext("Your hand is up. Go on working meanwhile: somebody comes to you."))

    def lower(self) -> Answer:
        """Take it down again."""
        self._hands.lower(g.enrolled.id)
        return self._after(gettext("Your hand is down."))

    def read(self, note: int) -> Answer:
        """A note has been read."""
        self._notes.read(g.enrolled.id, note)
        return self._news_or_back()

    def answer(self, note: int) -> Answer:
        """Accept help that was offered, or decline it."""
        if request.form.get("answer") == "accept":
            return self._accept(note)
        declined = self._notes.answer(g.enrolled.id, note, DECLINED)
        return self._news_or_back(gettext("Declined: you go on by yourself.") if declined else gettext(GONE))

    def _accept(self, number: int) -> Answer:
        """Let it be done. An offer stays while something else is being done."""
        if self._guide.jobs.current(g.enrolled.id):
            return self._news_or_back(gettext("Something is being done for you already: one at a time."))
        note = self._notes.answer(g.enrolled.id, number, ACCEPTED)
        if note is None:
            return self._news_or_back(gettext(GONE))
        behalf = Behalf(note.facilitator or 0, note.by)
        self._guide.jobs.ask_for(g.enrolled.id, note.slug, Kind(note.help), behalf)
        there = url_for("attend.step", slug=note.slug, _anchor="task")
        if htmx_request.htmx:
            return Response(status=204, headers={"HX-Redirect": there})
        return redirect(there, code=303)

    def _at(self) -> str:
        """The step at which the page stands that asks; "" for none."""
        at = request.values.get("at", session.get("at", ""))
        return at if at in {step.slug for step in g.course.steps} else ""

    def _told(self, current: Bulletin, words: str = "") -> str:
        """The news, and what hangs on them elsewhere in the page."""
        before, at = set(request.values.getlist("locked")), request.values.get("at", "")
        known = "v" in request.values and not current.over
        titles = [chapter.title for chapter in g.course.chapters] if known else []
        return self._sheets.page(
            "_news_answer.html",
            news=current,
            opened=[title for title in titles if title in before and title not in current.locked],
            closed=[title for title in titles if title in current.locked and title not in before],
            words=words,
            step=g.course.step(at) if at and at == self._at() else None,
        )

    def _news_or_back(self, words: str = "") -> Answer:
        current = self.now()
        if htmx_request.htmx and current:
            return self._told(current, words)
        return self._back(words)

    def _sheet(self, problem: str = "", message: str = "", changed: bool = False) -> str:
        """`changed`: with the button that led here, which tells of it as well."""
        template = "_hand_sheet.html" if htmx_request.htmx else "hand.html"
        at = self._at()
        here = g.course.step(at) if at else None
        evidence = self._guide.progress.findings(g.enrolled.id, here) if here else []
        return self._sheets.page(
            template,
            news=self.now(),
            step=None,
            here=here,
            evidence=[one for one in evidence if one.state != "not looked at"],
            problem=problem,
            message=message,
            longest=LONGEST,
            changed=changed,
        )

    def _after(self, words: str) -> Answer:
        """The sheet as it is now, with the button that led to it; or back to the page."""
        return self._sheet(changed=True) if htmx_request.htmx else self._back(words)

    def _back(self, words: str) -> Response:
        if words:
            flash(words)
        if g.event.phase(now()) == Phase.LOBBY:
            return redirect(url_for("lobby.wait"), code=303)
        at = self._at()
        there = url_for("attend.step", slug=at) if at else url_for("attend.resume")
        return redirect(there, code=303)
