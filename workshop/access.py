"""Links by which an attendee goes on elsewhere: signed, for a while, listed, and to be revoked.

A link is a signed name of a row in the record; whether it still holds is asked of the record each
time. What is signed is not secret, but nobody else can make it. Whoever came in by a link goes out
when it is revoked.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from workshop.language.tongue import gettext, marked
from workshop.models import HappeningRow, hold_person, now

LIVES = {1: marked("an hour"), 24: marked("a day"), 24 * 7: marked("a week")}
LONGEST = max(LIVES) * 3600
MOST_OPEN = 10
USED_UP = marked("This link was for one time, and has been used. Ask for another one.")
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
    once: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether somebody may come in by it."""
        return not self.revoked and not self.used_up and at < self.expires

    @property
    def used_up(self) -> bool:
        """Whether it was for one time only, and that has been."""
        return self.once and self.used is not None


class Access:
    """The links of everybody, in the record of what happened."""

    def __init__(self, engine: Engine, secret: str, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._now = clock
        self._signer = URLSafeTimedSerializer(secret, salt="resume link")

    def make(self, enrolment: int, hours: int, once: bool = False) -> tuple[Link, str]:
        """A new link and its token, which is kept nowhere; `once`: for one time. Raises TooManyLinks."""
        made = self._now()
        life = timedelta(hours=hours if hours in LIVES else 24)
        link = Link(secrets.token_urlsafe(9), enrolment, made, made + life, once=once)
        with Session(self._engine) as session:
            hold_person(session, enrolment)  # so that no two make the last one
            if len([one for one in self._links(session, enrolment) if one.holds(made)]) >= MOST_OPEN:
                raise TooManyLinks(gettext("%(count)s links are open: revoke one first.", count=MOST_OPEN))
            said = {"expires": link.expires.isoformat()} | ({"once": True} if once else {})
            session.add(_happening(link, "link made", **said))
            session.commit()
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
        if link.used_up:
            raise NoLink(gettext(USED_UP))
        if not link.holds(self._now()):
            raise NoLink(gettext("This link has expired."))
        return link

    def use(self, link: Link) -> None:
        """Note that somebody came in by it. Raises NoLink where one for one time was used meanwhile."""
        with Session(self._engine) as session:
            hold_person(session, link.enrolment)
            now_known = {one.id: one for one in self._links(session, link.enrolment)}
            if now_known[link.id].used_up:
                raise NoLink(gettext(USED_UP))
            session.add(_happening(link, "link used"))
            session.commit()

    def revoke(self, enrolment: int, number: str) -> None:
        """Let a link of this attendee hold no longer; what is not theirs is left alone."""
        with Session(self._engine) as session:
            hold_person(session, enrolment)
            link = next((one for one in self._links(session, enrolment) if one.id == number), None)
            if link and not link.revoked:
                session.add(_happening(link, "link revoked"))
                session.commit()

    def shut(self, enrolment: int, number: str) -> bool:
        """Whether the link by which somebody came in has been revoked since."""
        link = self._one(enrolment, number) if number else None
        return bool(number) and (link is None or link.revoked)

    def of(self, enrolment: int) -> list[Link]:
        """The attendee's links, the newest first."""
        with Session(self._engine) as session:
            return self._links(session, enrolment)

    def _links(self, session: Session, enrolment: int) -> list[Link]:
        found: dict[str, Link] = {}
        for row in self._rows(session, enrolment):
            number = row.details["link"]
            if row.kind == "link made":
                expires = datetime.fromisoformat(row.details["expires"])
                once = bool(row.details.get("once"))
                found[number] = Link(number, enrolment, row.at, expires, once=once)
            elif number in found:
                found[number] = _after(found[number], row)
        return list(found.values())[::-1]

    def _one(self, enrolment: int, number: str) -> Link | None:
        return next((one for one in self.of(enrolment) if one.id == number), None)

    @staticmethod
    def _rows(session: Session, enrolment: int) -> list[HappeningRow]:
        wanted = (
            select(HappeningRow)
            .where(HappeningRow.enrolment == enrolment, HappeningRow.slug == "", HappeningRow.kind.in_(KINDS))
            .order_by(HappeningRow.id)
        )
        return list(session.scalars(wanted))


def _happening(link: Link, kind: str, **more: Any) -> HappeningRow:
    return HappeningRow(enrolment=link.enrolment, kind=kind, details={"link": link.id, **more})


def _after(link: Link, row: HappeningRow) -> Link:
    used = row.at if row.kind == "link used" else link.used
    revoked = link.revoked or row.kind == "link revoked"
    return replace(link, used=used, revoked=revoked)
