"""What went wrong, said where the attendee stands: one place turns each error into a page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, flash, g, make_response, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from htmx_flask import request as htmx_request
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from workshop.console.guard import CONSOLE, KEY, Deleted, NobodyThere, NoFacilitator, NotAllowed
from workshop.course import UnknownStep
from workshop.lab import REFUSALS, refusal
from workshop.labs import NoGround
from workshop.language.tongue import digits, gettext, marked, told
from workshop.pasted import SecretPasted
from workshop.presence import ChapterShut, EventOver, LinkRevoked, NotBegun, NotSignedIn, SomebodyElse
from workshop.room.events import UnknownEvent
from workshop.room.hands import HandDown

WORDS = {
    400: (
        marked("That request could not be read"),
        marked("Go back and try once more; nothing of yours has changed."),
    ),
    404: (
        marked("There is no such page"),
        marked("The address may have been mistyped, or the course has changed since."),
    ),
    405: (
        marked("That page is not opened this way"),
        marked("Use the buttons on the page instead of its address."),
    ),
    413: (
        marked("That was too much"),
        marked(
            "The form takes %(most)s kilobytes at most. Nothing has been changed: go back, and send less."
        ),
    ),
}
NO_EVENT = (
    marked("There is no such event"),
    marked("Its code may have been mistyped, or it has been deleted. Your facilitator has the code."),
)
NOBODY = (
    marked("There is nobody of that number here"),
    marked("They may have been removed from this event. Its list of people says who is in it."),
)
DOWN = (
    marked("That hand is not up any more"),
    marked("It was taken down, or somebody else has helped. The queue shows who waits now."),
)
OVER = (
    marked("The event is over"),
    marked("What you have made can still be looked at; nothing is changed any more."),
)
REVOKED = (
    marked("The link by which you came in has been revoked"),
    marked("Join again with your code, or ask for a new link; nothing of yours is lost."),
)
LOOK_ONLY = (
    marked("You may look, not change"),
    marked("This needs the role of a facilitator of this event, or an owner. Nothing has been changed."),
)
SECRET = (
    marked("Those are credentials, not an answer"),
    marked(
        "They have not been kept. Secret keys belong into a terminal only; here the answer is wanted that AWS"
        " gives you there."
    ),
)


def receive(app: Flask) -> None:
    """Let every kind of mishap end in a page of the house."""
    app.register_error_handler(CSRFError, _replayed)
    app.register_error_handler(NotSignedIn, _not_signed_in)
    app.register_error_handler(UnknownStep, lambda _: _known(404))
    app.register_error_handler(UnknownEvent, lambda _: _page(404, gettext(NO_EVENT[0]), gettext(NO_EVENT[1])))
    app.register_error_handler(NotBegun, _not_begun)
    app.register_error_handler(NoFacilitator, _no_facilitator)
    app.register_error_handler(NotAllowed, lambda _: _page(403, gettext(LOOK_ONLY[0]), gettext(LOOK_ONLY[1])))
    app.register_error_handler(Deleted, _deleted)
    app.register_error_handler(NobodyThere, lambda _: _page(404, gettext(NOBODY[0]), gettext(NOBODY[1])))
    app.register_error_handler(HandDown, lambda _: _page(409, gettext(DOWN[0]), gettext(DOWN[1])))
    app.register_error_handler(EventOver, lambda _: _page(409, gettext(OVER[0]), gettext(OVER[1])))
    app.register_error_handler(ChapterShut, _chapter_shut)
    app.register_error_handler(SecretPasted, lambda _: _page(422, gettext(SECRET[0]), gettext(SECRET[1])))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(500, _bug)
    app.register_error_handler(NoGround, lambda reason: _aws(str(reason)))
    for kind in REFUSALS:
        app.register_error_handler(kind, lambda error: _aws(": ".join(refusal(error)[:2])))


def where_they_stood() -> str:
    """The page of ours that the request came from, else the front door."""
    came = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    ours = came.netloc == request.environ.get("HTTP_HOST") and came.path.startswith("/")
    return came.path if ours and not came.path.startswith("//") else url_for("door.home")


def too_often(seconds: int) -> Response:
    """Somebody has asked more often than people do."""
    answer = _page(
        429,
        gettext("That was faster than anybody needs"),
        gettext(
            "Nothing is lost, and nothing has been changed. Go on in %(seconds)s seconds.", seconds=seconds
        ),
    )
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _page(status: int, title: str, advice: str, reference: str = "", retry: bool = False) -> Response:
    """A whole page, or for htmx a notice above the page on which the attendee stays."""
    template = "_notice.html" if htmx_request.htmx else "mishap.html"
    html = render_template(
        template, title=title, advice=advice, reference=reference, retry=retry, back=where_they_stood()
    )
    answer = make_response(html, status)
    if htmx_request.htmx:
        answer.headers["HX-Retarget"] = "#notice"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _known(status: int) -> Response:
    title, advice = WORDS[status]
    values = {"most": digits((request.max_content_length or 0) // 1024)} if status == 413 else {}
    return _page(status, gettext(title), gettext(advice, **values))


def _replayed(_: CSRFError) -> Response:
    if "ticket" not in session and KEY not in session and request.blueprint not in CONSOLE:
        return _not_signed_in(NotSignedIn())
    return _page(
        400,
        gettext("This form is no longer valid"),
        gettext(
            "It was opened before you last joined or signed in, or sent from elsewhere. Nothing has been"
            " changed: reload the page and press the button again."
        ),
    )


def _what_became(reason: NotSignedIn) -> tuple[str, str]:
    """What another tab did to this one."""
    if isinstance(reason, SomebodyElse):
        return (
            gettext(
                "This page is %(here)s's, and in another tab you have become %(now)s",
                here=reason.here,
                now=reason.now,
            ),
            gettext("Nothing is lost. Reload to go on as you are now."),
        )
    if isinstance(reason, LinkRevoked):
        return gettext(REVOKED[0]), gettext(REVOKED[1])
    return gettext("You have left in another tab"), gettext("Join again to go on; nothing is lost.")


def _not_signed_in(reason: NotSignedIn) -> Response:
    revoked = isinstance(reason, LinkRevoked)
    if revoked and (htmx_request.htmx or request.method == "GET"):  # the next page says it
        flash(f"{gettext(REVOKED[0])}. {gettext(REVOKED[1])}")
    if htmx_request.htmx:
        answer = _page(200, *_what_became(reason))
        answer.status_code = 286  # ends the polling that asked
        return answer
    if request.method == "GET":
        answer = make_response("", 303)
        answer.headers["Location"] = url_for("door.home", next=request.path)
        return answer
    if revoked:
        return _page(401, *_what_became(reason))
    return _page(
        401,
        gettext("Your session has ended"),
        gettext("Nothing is lost: join again with your handle, and press the button once more."),
    )


def _not_begun(_: NotBegun) -> Response:
    """To the lobby, from wherever they tried."""
    lobby = url_for("lobby.wait")
    if htmx_request.htmx:
        return make_response("", 204, {"HX-Redirect": lobby})
    return make_response("", 303, {"Location": lobby})


def _chapter_shut(_: ChapterShut) -> Response:
    return _page(
        403,
        gettext("This chapter is not open yet"),
        gettext("Your facilitator opens it for everybody. This page goes on by itself as soon as it is."),
        retry=True,
    )


def _no_facilitator(_: NoFacilitator) -> Response:
    """To the sign-in, and from there back to where they wanted."""
    sign_in = url_for("staff.sign_in", next=request.path if request.method == "GET" else None)
    if htmx_request.htmx:
        return make_response("", 204, {"HX-Redirect": sign_in})
    return make_response("", 303, {"Location": sign_in})


def _deleted(event: Deleted) -> Response:
    """To the page on which it can be had back, for a minute."""
    undo = url_for("events.deleted", event=event.number)
    if htmx_request.htmx:
        return make_response("", 204, {"HX-Redirect": undo})
    return make_response("", 303, {"Location": undo})


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if isinstance(error, SecurityError):  # by a name that is not ours: no page of ours, not even this one
        said = gettext("This is not the workshop's address.")
        return make_response(f"{said}\n", 400, {"Content-Type": "text/plain; charset=utf-8"})
    if code < 400:
        return make_response(error.get_response())
    if code in WORDS:
        return _known(code)
    return _page(code, error.name, str(error.description or ""))


def _aws(words: str) -> Response:
    return _page(
        503,
        gettext("AWS does not answer as it should"),
        gettext("%(words)s. Nothing is lost. Try again in a moment.", words=told(words).rstrip(".")),
        retry=True,
    )


def _bug(_: Exception) -> Response:
    reference = g.get("reference", "unknown")
    return _page(
        500,
        gettext("Sorry, that was our mistake"),
        gettext(
            "Something in the workshop is broken; it is not your work. Nothing of yours is lost. If it"
            " happens again, tell us this reference:"
        ),
        reference,
    )
