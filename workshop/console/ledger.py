"""What facilitators did, noted in one place: each change leaves a row with who, what, whom and why.

A view need not think of it. Whom it concerned is the `enrolment` of its address, why is the form's field
`reason`; a view that knows more puts it into `g.deed`, and None there if it has only shown something. What
was refused leaves no row. The row follows the change, in a transaction of its own: a process that is
killed between the two leaves none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request

from workshop.language.tongue import gettext, marked
from workshop.room.staff import Staff

LONGEST_REASON = 500
# What each address does, by its endpoint. A test holds every address that changes something to it.
WORDS: Mapping[str, str] = {
    "staff.enter": marked("signed in"),
    "staff.oidc_back": marked("signed in through the provider"),
    "staff.sign_out": marked("signed out"),
    "staff.become_first": marked("became the first owner"),
    "staff.choose": marked("chose a password"),
    "staff.change_password": marked("changed their password"),
    "people.add": marked("let somebody in"),
    "people.link": marked("made a link to choose a password"),
    "people.end": marked("ended somebody's access"),
    "people.own": marked("made somebody an owner"),
    "people.disown": marked("made somebody an owner no more"),
    "events.make": marked("made the event"),
    "events.change": marked("changed the event"),
    "events.appoint": marked("changed who helps at the event"),
    "events.delete": marked("deleted the event"),
    "events.undelete": marked("took the deletion back"),
    "control.start": marked("started the event"),
    "control.close": marked("closed the event"),
    "control.reopen": marked("opened the event again"),
    "control.archive": marked("archived the event"),
    "control.new_code": marked("made a new join code"),
    "control.gate": marked("opened or closed a chapter"),
    "control.open_next": marked("opened the next chapter"),
    "control.open_all": marked("opened all chapters"),
    "control.set_timer": marked("set the timer"),
    "control.start_timer": marked("started the timer"),
    "control.pause_timer": marked("paused the timer"),
    "control.lengthen_timer": marked("gave the timer more time"),
    "control.clear_timer": marked("took the timer away"),
    "hooks.add": marked("sent the event's news to an address"),
    "hooks.test": marked("tried an address for news"),
    "hooks.remove": marked("sent no more news to an address"),
    "hooks.retry": marked("sent a piece of news once more"),
    "helping.take": marked("went to somebody's desk"),
    "helping.release": marked("left a desk to another"),
    "helping.resolve": marked("ended a raised hand"),
    "helping.say": marked("showed a banner to all"),
    "helping.withdraw": marked("withdrew the banner"),
    "crowd.note": marked("wrote a note to several"),
    "crowd.catch_up": marked("had several caught up"),
    "attendees.note": marked("wrote a note"),
    "attendees.help": marked("offered help, or had something done"),
    "attendees.withdraw": marked("took an offer back"),
    "attendees.reset": marked("had an account emptied"),
    "attendees.device": marked("made a link for another device"),
    "attendees.remove": marked("took somebody out of the event"),
    "onlooker.step": marked("looked at an attendee's page"),
    "reset-password": marked("a link to choose a password was made on the server"),
    "purged": marked("the event's data are gone for good"),
}


def listen(app: Flask) -> None:
    """Note what facilitators do from now on."""
    app.after_request(_note)


def said(what: str) -> str:
    """A deed in words; one that has none as it is kept."""
    return gettext(WORDS[what]) if what in WORDS else what


def _note(answer: Response) -> Response:
    who = g.get("facilitator")
    deed: dict[str, Any] | None = g.get("deed", {})
    changes = deed is not None and (request.method == "POST" or request.endpoint in WORDS)
    if who and changes and answer.status_code < 400 and request.endpoint:
        staff: Staff = current_app.extensions["staff"]
        place = request.view_args or {}
        known: dict[str, Any] = {"event": place.get("event"), "enrolment": place.get("enrolment")}
        known["reason"] = " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]
        staff.record(who, request.endpoint, **(known | (deed or {})))
    return answer
