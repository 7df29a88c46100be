"""Who asks: the attendee of this browser, and whether the page they ask from is theirs."""

from __future__ import annotations

from flask import current_app, g, request, session

from workshop.access import Access
from workshop.progress import Progress


class NotSignedIn(Exception):
    """Nobody has joined in this browser, or the cookie is no longer known."""


class SomebodyElse(NotSignedIn):
    """This tab shows one attendee's page, and in another tab the browser has become another's."""

    def __init__(self, here: str, now: str) -> None:
        super().__init__(f"{here} is now {now}")
        self.here = here
        self.now = now


def who_asks(progress: Progress) -> None:
    """Put the attendee into `g.enrolled`. Raises NotSignedIn."""
    g.enrolled = progress.by_ticket(session.get("ticket", ""))
    if g.enrolled is None:
        raise NotSignedIn
    access: Access = current_app.extensions["access"]
    if access.shut(g.enrolled.id, session.get("link", "")):
        session.clear()
        raise NotSignedIn
    here = request.headers.get("X-Attendee", "")
    if here and here != g.enrolled.handle:
        raise SomebodyElse(here, g.enrolled.handle)
