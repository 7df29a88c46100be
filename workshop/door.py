"""The front door: joining with a handle, coming back, leaving."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from workshop import handle as handles
from workshop.config import Config
from workshop.guide import Guide
from workshop.progress import Enrolled, HandleTaken

HERE = ("127.0.0.1", "::1")
LONGEST_NAME = 120
NUMBERS = range(2, 100)


def blueprint(guide: Guide, config: Config) -> Blueprint:
    """The pages at the front door."""
    pages = Blueprint("door", __name__)

    @pages.get("/")
    def home() -> str | Response:
        enrolled = guide.progress.by_ticket(session.get("ticket", ""))
        if enrolled is None:
            return _form(course=guide.course)
        return redirect(url_for("attend.resume"), code=303)

    @pages.get("/handle")
    def suggestion() -> str:
        """The handle that the convention makes of a name: a fragment of the form."""
        suggested = _free(guide, handles.suggest(request.args.get("name", "")))
        return render_template("_handle.html", handle=suggested, problem="")

    @pages.post("/join")
    def join() -> str | Response | tuple[str, int]:
        name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
        wanted = request.form.get("handle", "").strip().lower() or _free(guide, handles.suggest(name))
        if not handles.valid(wanted):
            return _form(guide.course, name, wanted, _why_not(name, wanted)), 422
        try:
            return _enter(guide.progress.enrol(wanted, name), "")
        except HandleTaken:
            pass
        known = guide.progress.by_handle(wanted)
        at_home = _at_home(config)
        if known and at_home and request.form.get("again") == wanted:
            return _enter(known, f"Welcome back, {known.handle}. Everything is as you left it.")
        return _form(guide.course, name, wanted, "", known=at_home, taken=True), 409

    @pages.post("/leave")
    def leave() -> Response:
        enrolled = guide.progress.by_ticket(session.get("ticket", ""))
        session.clear()
        if enrolled:
            flash(f"You have left. Come back any time as {enrolled.handle}: all of it is kept.")
        return redirect(url_for("door.home"), code=303)

    return pages


def _form(
    course: object,
    name: str = "",
    handle: str = "",
    problem: str = "",
    known: bool = False,
    taken: bool = False,
) -> str:
    return render_template(
        "home.html", course=course, name=name, handle=handle, problem=problem, known=known, taken=taken
    )


def _why_not(name: str, handle: str) -> str:
    if handle:
        return f"“{handle[:40]}” cannot be a handle. {handles.RULE}"
    if name:
        return f"We cannot make a handle of that name: please choose one. {handles.RULE}"
    return "Tell us your name, or choose a handle."


def _free(guide: Guide, handle: str) -> str:
    """The handle, or with a number where it is taken."""
    if not handle or guide.progress.by_handle(handle) is None:
        return handle
    numbered = (handles.another(handle, number) for number in NUMBERS)
    return next((one for one in numbered if guide.progress.by_handle(one) is None), "")


def _enter(enrolled: Enrolled, words: str) -> Response:
    session.clear()
    session.permanent = True
    session["ticket"] = enrolled.ticket
    if words:
        flash(words)
    wanted = request.form.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return redirect(wanted if ours else url_for("attend.resume"), code=303)


def _at_home(config: Config) -> bool:
    """Whether who asks sits at this very machine, which is theirs alone."""
    return config.local and request.remote_addr in HERE
