"""Who asks: the attendee of this browser, whether the page is theirs, and whether their event lets them."""

from __future__ import annotations

from flask import current_app, g, request, session

from workshop.access import Access
from workshop.course import Course, UnknownStep
from workshop.guide import Guide
from workshop.models import now
from workshop.progress import Enrolled
from workshop.room.event import Event, Phase

# What a browser remembers of an attendee; what it remembers of a facilitator is another's business.
OURS = ("ticket", "link", "at", "afresh", "watch", "straight", "made")
# What may be asked for while an event has not begun, and what may still be changed when it is over.
ALWAYS = {"lobby.wait", "lobby.prepare", "elsewhere.access", "elsewhere.make", "elsewhere.revoke"}
ALWAYS |= {"support.news", "support.read", "support.hand", "support.lower"}
EARLY = ALWAYS | {"support.put_up"}
LATE = ALWAYS | {"attend.renew", "diploma.issue"}


class NotSignedIn(Exception):
    """Nobody has joined in this browser, or the cookie is no longer known."""


class SomebodyElse(NotSignedIn):
    """This tab shows one attendee's page, and in another tab the browser has become another's."""

    def __init__(self, here: str, now: str) -> None:
        super().__init__(f"{here} is now {now}")
        self.here = here
        self.now = now


class LinkRevoked(NotSignedIn):
    """They came in by a link that has been revoked since."""


class NotBegun(Exception):
    """The event has not begun: they wait in its lobby."""


class EventOver(Exception):
    """The event is over: nothing is changed any more."""


class ChapterShut(Exception):
    """The chapter is not open yet."""


def who_asks(guide: Guide) -> None:
    """Put the attendee, their event (None: alone) and their course into `g`.

    Raises NotSignedIn, or what says that their event does not let them do this now.
    """
    enrolled = guide.progress.by_ticket(session.get("ticket", ""))
    access: Access = current_app.extensions["access"]
    if enrolled is None:
        forget()
        raise NotSignedIn
    if access.shut(enrolled.id, session.get("link", "")):
        forget()
        raise LinkRevoked
    here = request.headers.get("X-Attendee", "")
    if here and here != enrolled.handle:
        raise SomebodyElse(here, enrolled.handle)
    g.enrolled = enrolled
    g.event = guide.events.get(enrolled.event) if enrolled.event else None
    g.course = guide.course_of(enrolled)
    if g.event:
        _admit(g.event, g.course)


def become(enrolled: Enrolled, link: str = "") -> None:
    """Let this browser be theirs from now on."""
    forget()
    session.permanent = True
    session["ticket"] = enrolled.ticket
    if link:
        session["link"] = link


def forget() -> None:
    """Let this browser be nobody's."""
    for key in OURS:
        session.pop(key, None)


def _admit(event: Event, course: Course) -> None:
    phase = event.phase(now())
    if phase == Phase.DELETED:
        raise NotSignedIn
    if phase == Phase.LOBBY and request.endpoint not in EARLY:
        raise NotBegun
    over = phase in (Phase.OVER, Phase.ARCHIVED)
    if over and request.method != "GET" and request.endpoint not in LATE:
        raise EventOver
    slug = (request.view_args or {}).get("slug")
    if slug and phase == Phase.OPEN and not event.opens(_chapter(course, slug)):
        raise ChapterShut(slug)


def _chapter(course: Course, slug: str) -> str:
    """The chapter of a step. Raises UnknownStep, also for one that the event leaves out."""
    for chapter in course.chapters:
        if any(step.slug == slug for step in chapter.steps):
            return chapter.title
    raise UnknownStep(slug)
