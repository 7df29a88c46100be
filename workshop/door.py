"""The front door: joining with a handle, coming back, leaving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from workshop import handle as handles
from workshop.config import Config
from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.progress import Enrolled, HandleTaken

HERE = ("127.0.0.1", "::1")
LONGEST_NAME = 120
NUMBERS = range(2, 100)


class Door:
    """The pages of those who have not joined yet, or wish to leave."""

    def __init__(self, guide: Guide, config: Config) -> None:
        self._guide = guide
        self._config = config

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("door", __name__)
        pages.add_url_rule("/", view_func=self.home)
        pages.add_url_rule("/handle", view_func=self.suggestion)
        pages.add_url_rule("/join", view_func=self.join, methods=["POST"])
        pages.add_url_rule("/leave", view_func=self.leave, methods=["POST"])
        return pages

    def home(self) -> str | Response:
        """What the workshop is, and the form to join; who has joined goes on where they were."""
        if self._guide.progress.by_ticket(session.get("ticket", "")) is None:
            return self._form()
        return redirect(url_for("attend.resume"), code=303)

    def suggestion(self) -> str:
        """The handle that the convention makes of a name: a fragment of the form."""
        suggested = self._free(handles.suggest(request.args.get("name", "")))
        return render_template("_handle.html", handle=suggested, problem="")

    def join(self) -> Response | tuple[str, int]:
        """Join with a name, a handle, or both; on one's own machine also as before."""
        name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
        wanted = request.form.get("handle", "").strip().lower() or self._free(handles.suggest(name))
        if not handles.valid(wanted):
            return self._form(name=name, handle=wanted, problem=_why_not(name, wanted)), 422
        try:
            return _enter(self._guide.progress.enrol(wanted, name), "")
        except HandleTaken:
            return self._join_again(name, wanted)

    def _join_again(self, name: str, handle: str) -> Response | tuple[str, int]:
        known, at_home = self._guide.progress.by_handle(handle), self._at_home()
        if known and at_home and request.form.get("again") == handle:
            return _enter(
                known, gettext("Welcome back, %(handle)s. Everything is as you left it.", handle=handle)
            )
        problem = gettext("The handle “%(handle)s” is taken: please choose another.", handle=handle)
        return self._form(name=name, handle=handle, problem=problem, known=at_home), 409

    def leave(self) -> Response:
        """Forget this browser; the record stays."""
        enrolled = self._guide.progress.by_ticket(session.get("ticket", ""))
        session.clear()
        if enrolled:
            flash(
                gettext(
                    "You have left. Come back any time as %(handle)s: all of it is kept.",
                    handle=enrolled.handle,
                )
            )
        return redirect(url_for("door.home"), code=303)

    def _form(self, name: str = "", handle: str = "", problem: str = "", known: bool = False) -> str:
        return render_template(
            "home.html", course=self._guide.course, name=name, handle=handle, problem=problem, known=known
        )

    def _free(self, handle: str) -> str:
        """The handle, or with a number where it is taken."""
        by_handle = self._guide.progress.by_handle
        if not handle or by_handle(handle) is None:
            return handle
        numbered = (handles.another(handle, number) for number in NUMBERS)
        return next((one for one in numbered if by_handle(one) is None), "")

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
    session.clear()
    session.permanent = True
    session["ticket"] = enrolled.ticket
    if words:
        flash(words)
    wanted = request.form.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return redirect(wanted if ours else url_for("attend.resume"), code=303)
