"""What happened to one attendee, in sentences that their helper reads from the top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop.jobs import Outcome
from workshop.language.tongue import gettext, marked, told
from workshop.progress import Happening

ENDINGS = {
    "lowered": marked("Took the hand down again"),
    "shown": marked("Hand down: it was shown to them"),
    "together": marked("Hand down: it was done together with them"),
    "done for": marked("Hand down: it was done for them"),
    "nothing": marked("Hand down: nothing was found to be wrong"),
}
BY = {
    "hand taken": marked("%(name)s went to their desk"),
    "hand released": marked("%(name)s left their desk to another"),
}
SOMEBODY = marked("Somebody")
HAND_DOWN = marked("Hand down")
PLAIN = {
    "joined": marked("Joined"),
    "prepared": marked("The account was prepared"),
    "opened": marked("Opened %(step)s"),
    "read": marked("Read %(step)s"),
    "hinted": marked("Asked for a hint at %(step)s"),
    "undone": marked("%(step)s was started over"),
    "link made": marked("A link to go on elsewhere was made"),
    "link used": marked("Went on in another browser"),
    "link revoked": marked("A link to go on elsewhere was revoked"),
    "left": marked("Was away"),
    "back": marked("Came back"),
}
LOOKS = ("looked", "passed", "unsure")


@dataclass(frozen=True)
class Line:
    """One sentence, when, and what it is about: "ok", "bad", "help" or ""."""

    at: datetime
    words: str
    tone: str = ""
    more: str = ""


def tell(happened: list[Happening], title: Callable[[str], str], helpers: Mapping[int, str]) -> list[Line]:
    """The story, the newest first; what says nothing to a reader is left out."""
    lines = (_line(one, gettext("“%(title)s”", title=told(title(one.slug))), helpers) for one in happened)
    return [line for line in lines if line]


def _line(one: Happening, step: str, helpers: Mapping[int, str]) -> Line | None:
    if one.kind in BY:
        name = helpers.get(one.details.get("facilitator", 0)) or gettext(SOMEBODY)
        return Line(one.at, gettext(BY[one.kind]) % {"name": name}, "help")
    if one.kind in PLAIN:
        return Line(one.at, gettext(PLAIN[one.kind]) % {"step": step})
    if one.kind in LOOKS:
        return _look(one, step)
    special = {"helped": _helped, "afresh": _afresh, "hand raised": _raised, "ended": _ended}
    if one.kind in special:
        return special[one.kind](one, step)
    if one.kind == "hand ended":
        return Line(one.at, gettext(ENDINGS.get(one.details.get("outcome", ""), HAND_DOWN)), "help")
    return None


def _look(one: Happening, step: str) -> Line:
    if one.kind == "passed":
        words = gettext("Passed %(step)s") if one.by != "helper" else gettext("%(step)s holds")
        return Line(one.at, words % {"step": step}, "ok")
    if one.kind == "unsure":
        return Line(one.at, gettext("%(step)s: it could not be told, or AWS is at work", step=step))
    saw = next(
        (str(found["saw"]) for found in one.details.get("findings", ()) if found["claim"] == one.claim), ""
    )
    words = gettext("%(step)s does not hold yet: %(claim)s", step=step, claim=told(one.claim))
    return Line(one.at, words, "bad", told(saw))


def _helped(one: Happening, step: str) -> Line:
    by, reason = one.details.get("by", ""), one.details.get("reason", "")
    if by:
        return Line(one.at, gettext("%(by)s had %(step)s done for them", by=by, step=step), "help", reason)
    return Line(one.at, gettext("%(step)s was done for them", step=step), "help")


def _afresh(one: Happening, _: str) -> Line:
    by, reason = one.details.get("by", ""), one.details.get("reason", "")
    if by:
        return Line(one.at, gettext("%(by)s had the account emptied", by=by), "bad", reason)
    return Line(one.at, gettext("The account was started afresh: AWS no longer knew it"), "bad")


def _raised(one: Happening, step: str) -> Line:
    words = gettext("Raised a hand at %(step)s", step=step) if one.slug else gettext("Raised a hand")
    return Line(one.at, words, "help", str(one.details.get("message", "")))


def _ended(one: Happening, step: str) -> Line | None:
    """That help came to its end is worth a line only where it did not end well."""
    if one.found == Outcome.DONE:
        return None
    return Line(
        one.at, gettext("Help with %(step)s did not come to its end", step=step) if one.slug else "", "bad"
    )
