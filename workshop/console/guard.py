"""Who asks, among facilitators: whether they are signed in, and what they may do in this event.

In an event an observer may look (GET) and a facilitator may change (everything else). What is for
owners only says so by `owners_only`. A route that is guarded thus needs to ask nothing itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app, g, request, session

from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.models import now
from workshop.room.event import Phase
from workshop.room.events import UnknownEvent
from workshop.room.staff import Facilitator, Role, Staff

KEY = "facilitator"
CONSOLE = (
    "staff",
    "people",
    "events",
    "control",
    "record",
    "hooks",
    "board",
    "helping",
    "crowd",
    "attendees",
    "onlooker",
)  # who stumbles there is no attendee
# What may be asked for when an event is deleted: the pages on which it can be had back.
AFTER = ("events.deleted", "events.undelete")
STAYS = timedelta(hours=14)  # an event and the day around it


class NoFacilitator(Exception):
    """Nobody is signed in here as a facilitator."""


class NobodyThere(Exception):
    """Nobody of that number is in this event."""


class NotAllowed(Exception):
    """They are signed in, and may not do this: an observer who would change, or no owner."""


class Deleted(Exception):
    """The event is deleted; for a minute it can be had back."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


def sign_in(who: Facilitator) -> None:
    """Let this browser be theirs. Forms that were opened before need a new token: another may know it."""
    session.permanent = True
    session.update(remembered(who))
    _forget_token()


def remembered(who: Facilitator) -> dict[str, list[object]]:
    """What a browser remembers of a facilitator who signs in now."""
    return {KEY: [who.id, who.stamp, now().isoformat()]}


def sign_out() -> None:
    """Let this browser be no facilitator's; an attendee's it stays."""
    if session.pop(KEY, None):
        _forget_token()


def _forget_token() -> None:
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def signed_in(staff: Staff) -> Facilitator | None:
    """Whose browser this is, if it is still good."""
    try:
        number, stamp, since = session.get(KEY) or (0, "", "")
        fresh = now() - datetime.fromisoformat(since) < STAYS
    except (ValueError, TypeError):
        return None
    who = staff.by_id(number) if fresh else None
    return who if who and who.stamp == stamp else None


def who_leads() -> None:
    """Put the facilitator into `g.facilitator`, and the event with their role in it into `g`.

    Raises NoFacilitator, NotAllowed, Deleted; UnknownEvent also for an event in which they are nothing, so
    that nobody learns which events there are.
    """
    staff: Staff = current_app.extensions["staff"]
    guide: Guide = current_app.extensions["guide"]
    who = signed_in(staff)
    if who is None:
        sign_out()
        raise NoFacilitator
    g.facilitator = who
    number = (request.view_args or {}).get("event")
    if number is not None:
        g.role = staff.role(who, number)
        if g.role is None:
            raise UnknownEvent(str(number))
        g.event = guide.events.get(number)
        g.course = guide.course.only(g.event.chapters)
        if g.event.deleted and request.endpoint not in AFTER:
            raise Deleted(number)
        if request.method not in ("GET", "HEAD") and g.role != Role.FACILITATOR:
            raise NotAllowed


def whom() -> None:
    """Put the attendee of the address into `g.person`. Raises NobodyThere, also for another event's."""
    number = (request.view_args or {}).get("enrolment")
    if number is not None:
        guide: Guide = current_app.extensions["guide"]
        g.person = guide.progress.by_id(number)
        if g.person is None or g.person.event != g.event.id:
            raise NobodyThere


def over() -> str:
    """Why nothing is done for the people of `g.event` any more; "" while it lasts.

    What only takes away, such as a person or an offer, is done all the same.
    """
    if g.event.phase(now()) not in (Phase.OVER, Phase.ARCHIVED):
        return ""
    return gettext(
        "The event is over: nothing is changed for anybody any more. To go on, open it again under “Control”."
    )


def owners_only() -> None:
    """What only owners do. Raises NotAllowed."""
    if not g.facilitator.owner:
        raise NotAllowed
