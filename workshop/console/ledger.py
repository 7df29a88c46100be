"""What facilitators did, noted in one place: each change leaves a row with who, what, whom and why.

A view need not think of it. Whom it concerned is the `enrolment` of its address, why is the form's field
`reason`; a view that knows more puts it into `g.deed`, and None there if it has only shown something. What
was refused leaves no row. The row follows the change, in a transaction of its own: a process that is
killed between the two leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request

from workshop.language.tongue import gettext, marked, told
from workshop.room.hooks import KINDS
from workshop.room.staff import Deed, Staff

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
    "put-back": marked("an account was emptied, and is handed out again"),
    "purged": marked("the event's data are gone for good"),
}
# What else is known of a deed, by its key in the record.
KEYS: Mapping[str, str] = {
    "words": marked("what was said"),
    "people": marked("people"),
    "step": marked("the step"),
    "kind": marked("what to do"),
    "signed out": marked("the old device signed out"),
    "handle": marked("whose handle was"),
    "account emptied": marked("the account emptied"),
    "account": marked("the account"),
    "hand": marked("number of the hand"),
    "outcome": marked("what helped"),
    "login": marked("the login"),
    "role": marked("the role"),
    "person": marked("number of the facilitator"),
    "host": marked("the host"),
    "kinds": marked("which news"),
    "chapter": marked("the chapter"),
    "open": marked("is open"),
    "minutes": marked("minutes"),
    "accounts_not_emptied": marked("accounts that could not be emptied"),
}
# What is kept there as a word of ours.
VALUES: Mapping[str, Mapping[str, str]] = {
    "kind": {"do": marked("Do this step"), "catch up": marked("Do all before it")},
    "outcome": {
        "shown": marked("Shown"),
        "together": marked("Done together"),
        "done for": marked("Done for them"),
        "nothing": marked("Nothing found"),
    },
    "role": {
        "facilitator": marked("Facilitator"),
        "observer": marked("Observer"),
        "none": marked("no role any more"),
    },
    "kinds": KINDS,
}


def listen(app: Flask) -> None:
    """Note what facilitators do from now on."""
    app.after_request(_note)


def said(what: str) -> str:
    """A deed in words; one that has none as it is kept."""
    return gettext(WORDS[what]) if what in WORDS else what


def details(deed: Deed, title: Callable[[str], str]) -> str:
    """What else is known of it: "the chapter: Make it green, is open: yes"; `title` is that of a step."""
    return ", ".join(
        f"{gettext(KEYS[key]) if key in KEYS else key}: {_plain(key, value, title)}"
        for key, value in deed.details.items()
    )


def _plain(key: str, value: object, title: Callable[[str], str]) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(_plain(key, one, title) for one in value)
    if key == "step":
        return told(title(str(value)))
    if key == "chapter":
        return told(str(value))
    known = VALUES.get(key, {})
    return gettext(known[str(value)]) if value in known else str(value)


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
