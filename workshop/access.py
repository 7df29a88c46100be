"""Links by which an attendee goes on elsewhere: signed, for a while, listed, and to be revoked.

A link is a signed name of a row in the record; whether it still holds is asked of the record each
time. What is signed is not secret, but nobody else can make it. Whoever came in by a link goes out
when it is revoked.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from workshop.language.tongue import gettext, marked
from workshop.models import HappeningRow, now

LIVES = {1: marked("an hour"), 24: marked("a day"), 24 * 7: marked("a week")}
LONGEST = max(LIVES) * 3600
MOST_OPEN = 10
KINDS = ("link made", "link used", "link revoked")


class NoLink(Exception):
    """The link does not hold: forged, expired or revoked; the text says which."""


class TooManyLinks(Exception):
    """So many links are open that one should be revoked first."""


@dataclass(frozen=True)
class Link:
    """One link: whose, since when, until when, when it was last used, whether it is revoked."""

    id: str
    enrolment: int
    made: datetime
    expires: datetime
    used: datetime | None = None
    revoked: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether somebody may come in by it."""
        return not self.revoked and at < self.expires


class Access:
    """The links of everybody, in the record of what happened."""

    def __init__(self, engine: Engine, secret: str, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._now = clock
        self._signer = URLSafeTimedSerializer(secret, salt="resume link")

    def make(self, enrolment: int, hours: int) -> tuple[Link, str]:
        """A new link and its token, which is kept nowhere. Raises TooManyLinks."""
        if len([one for one in self.of(enrolment) if one.holds(self._now())]) >= MOST_OPEN:
            raise TooManyLinks(gettext("%(count)s links are open: revoke one first.", count=MOST_OPEN))
        made = self._now()
        life = timedelta(hours=hours if hours in LIVES else 24)
        link = Link(secrets.token_urlsafe(9), enrolment, made, made + life)
        self._record(link, "link made", expires=link.expires.isoformat())
        return link, str(self._signer.dumps([enrolment, link.id]))

    def open(self, token: str) -> Link:
        """The link of a token, while it holds. Raises NoLink."""
        try:
            enrolment, number = self._signer.loads(token, max_age=LONGEST)
        except (BadSignature, ValueError, TypeError):
            raise NoLink(gettext("This link is not one of ours, or it is incomplete.")) from None
        link = self._one(enrolment, number)
        if link is None:
            raise NoLink(gettext("This link is no longer known."))
        if link.revoked:
            raise NoLink(gettext("This link has been revoked."))
        if not link.holds(self._now()):
            raise NoLink(gettext("This link has expired."))
        return link

    def use(self, link: Link) -> None:
        """Note that somebody came in by it."""
        self._record(link, "link used")

    def revoke(self, enrolment: int, number: str) -> None:
        """Let a link of this attendee hold no longer; what is not theirs is left alone."""
        link = self._one(enrolment, number)
        if link and not link.revoked:
            self._record(link, "link revoked")

    def shut(self, enrolment: int, number: str) -> bool:
        """Whether the link by which somebody came in has been revoked since."""
        link = self._one(enrolment, number) if number else None
        return bool(number) and (link is None or link.revoked)

    def of(self, enrolment: int) -> list[Link]:
        """The attendee's links, the newest first."""
        found: dict[str, Link] = {}
        for row in self._rows(enrolment):
            number = row.details["link"]
            if row.kind == "link made":
                expires = datetime.fromisoformat(row.details["expires"])
                found[number] = Link(number, enrolment, row.at, expires)
            elif number in found:
                found[number] = _after(found[number], row)
        return list(found.values())[::-1]

    def _one(self, enrolment: int, number: str) -> Link | None:
        return next((one for one in self.of(enrolment) if one.id == number), None)

    def _rows(self, enrolment: int) -> list[HappeningRow]:
        wanted = (
            select(HappeningRow)
            .where(HappeningRow.enrolment == enrolment, HappeningRow.slug == "", HappeningRow.kind.in_(KINDS))
            .order_by(HappeningRow.id)
        )
        with Session(self._engine) as session:
            return list(session.scalars(wanted))

    def _record(self, link: Link, kind: str, **more: Any) -> None:
        with Session(self._engine) as session:
            details = {"link": link.id, **more}
            session.add(HappeningRow(enrolment=link.enrolment, kind=kind, details=details))
            session.commit()


def _after(link: Link, row: HappeningRow) -> Link:
    used = row.at if row.kind == "link used" else link.used
    revoked = link.revoked or row.kind == "link revoked"
    return Link(link.id, link.enrolment, link.made, link.expires, used, revoked)
