"""Hands that attendees raise, and who has gone to which desk: never two helpers to the same one.

What is open stands in a row of its own, one for each attendee; what came of it is added to the record
of what happened in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Select, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.language.tongue import gettext
from workshop.models import EnrolmentRow, FacilitatorRow, HandRow, HappeningRow, now

LONGEST = 500


class Outcome(StrEnum):
    """How a hand came down."""

    OPEN = ""
    LOWERED = "lowered"  # by the attendee
    SHOWN = "shown"
    TOGETHER = "together"
    DONE_FOR = "done for"
    NOTHING = "nothing"  # nothing was found to be wrong


HELPED = (Outcome.SHOWN, Outcome.TOGETHER, Outcome.DONE_FOR, Outcome.NOTHING)


class HandDown(Exception):
    """The hand is not up any more, or never was in this event."""


class TakenAlready(Exception):
    """Somebody else has gone to that desk; `who` says who."""

    def __init__(self, who: str) -> None:
        super().__init__(gettext("%(who)s has gone there already.", who=who))
        self.who = who


class TooLong(Exception):
    """The message is longer than what somebody reads on their way to a desk."""


@dataclass(frozen=True)
class Hand:
    """A hand: whose, at which step, since when, and who has taken it ("" for nobody yet)."""

    id: int
    event: int
    enrolment: int
    handle: str
    name: str
    slug: str
    message: str
    evidence: tuple[dict[str, Any], ...]
    raised: datetime
    taken: datetime | None = None
    taker: int | None = None
    taker_name: str = ""
    ended: datetime | None = None
    outcome: Outcome = Outcome.OPEN

    @property
    def gap(self) -> dict[str, Any] | None:
        """What the last look found not to hold, as it was recorded; None if all held or none looked."""
        return next((one for one in self.evidence if one.get("state") == "not yet"), None)


class Hands:
    """Everybody's hands, in one database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._now = clock

    def put_up(
        self, event: int, enrolment: int, slug: str, message: str, evidence: list[dict[str, Any]]
    ) -> Hand:
        """Raise a hand; the one that is up already, if there is one. Raises TooLong."""
        if len(message) > LONGEST:
            raise TooLong
        row = HandRow(
            event=event,
            enrolment=enrolment,
            slug=slug,
            message=message,
            evidence=evidence,
            raised=self._now(),
        )
        with Session(self._engine) as session:
            session.add(row)
            try:
                session.flush()
                session.add(self._happening(row.id, enrolment, slug, "hand raised", message=message))
                session.commit()
            except IntegrityError:  # another tab was first
                session.rollback()
        # Between our try and this look somebody may have taken it down: then raise it again.
        return self.up(enrolment) or self.put_up(event, enrolment, slug, message, evidence)

    def lower(self, enrolment: int) -> bool:
        """Take one's own hand down; whether it was up."""
        hand = self.up(enrolment)
        return hand is not None and self._end(hand, Outcome.LOWERED, None)

    def up(self, enrolment: int) -> Hand | None:
        """The hand that somebody has up."""
        return next(iter(self._all(UP, who=enrolment)), None)

    def take(self, event: int, number: int, who: int) -> Hand:
        """Go to that desk. Of two at once one does. Raises TakenAlready, HandDown."""
        free = (HandRow.taker.is_(None), HandRow.ended.is_(None))
        hand = self.get(event, number)
        if not self._change(hand, free, "hand taken", who, taken=self._now(), taker=who):
            hand = self.get(event, number)
            if hand.ended:
                raise HandDown
            if hand.taker != who:
                raise TakenAlready(hand.taker_name)
        return self.get(event, number)

    def release(self, event: int, number: int, who: int) -> Hand:
        """Leave that desk to another one; harmless for a hand that nobody has taken. Raises HandDown."""
        hand = self.get(event, number)
        mine = (HandRow.taker == hand.taker, HandRow.ended.is_(None))
        if hand.taker is not None:
            self._change(hand, mine, "hand released", who, taken=None, taker=None)
        if self.get(event, number).ended:
            raise HandDown
        return self.get(event, number)

    def resolve(self, event: int, number: int, who: int, outcome: Outcome) -> Hand:
        """Somebody has been helped, in this way. Raises HandDown for one that was down before."""
        if not self._end(self.get(event, number), outcome, who):
            raise HandDown
        return self.get(event, number)

    def get(self, event: int, number: int) -> Hand:
        """A hand of this event. Raises HandDown where there is none."""
        hand = self._one(HandRow.event == event, HandRow.id == number)
        if hand is None:
            raise HandDown
        return hand

    def queue(self, event: int) -> list[Hand]:
        """Who waits, the longest first, and after them those to whom somebody has gone."""
        order = (HandRow.taker.is_not(None), HandRow.raised, HandRow.id)
        return self._all(_told(HandRow.event == event, HandRow.ended.is_(None)).order_by(*order))

    def before(self, hand: Hand) -> int:
        """How many wait for longer."""
        wanted = select(func.count()).where(
            HandRow.event == hand.event,
            HandRow.ended.is_(None),
            HandRow.taker.is_(None),
            HandRow.id < hand.id,
        )
        with Session(self._engine) as session:
            return session.scalar(wanted) or 0

    def of(self, enrolment: int) -> list[Hand]:
        """All that somebody has raised, the newest first."""
        return self._all(_told(HandRow.enrolment == enrolment).order_by(HandRow.id.desc()))

    def _one(self, *conditions: Any) -> Hand | None:
        return next(iter(self._all(_told(*conditions))), None)

    def _all(self, wanted: Select[*tuple[Any, ...]], **values: object) -> list[Hand]:
        with Session(self._engine) as session:
            return [_hand(*found) for found in session.execute(wanted, values)]

    def _end(self, hand: Hand, outcome: Outcome, who: int | None) -> bool:
        still = (HandRow.ended.is_(None),)
        ending = {"ended": self._now(), "outcome": outcome.value}
        return self._change(hand, still, "hand ended", who, **ending)

    def _change(self, hand: Hand, while_: tuple[Any, ...], kind: str, who: int | None, **values: Any) -> bool:
        """Change the hand where that still holds, and note that it happened; whether it did."""
        change = update(HandRow).where(HandRow.id == hand.id, *while_).values(**values)
        with Session(self._engine) as session:
            if not session.execute(change).rowcount:  # type: ignore[attr-defined]
                return False
            outcome = values.get("outcome", "")
            session.add(
                self._happening(hand.id, hand.enrolment, hand.slug, kind, facilitator=who, outcome=outcome)
            )
            session.commit()
            return True

    def _happening(self, hand: int, enrolment: int, slug: str, kind: str, **details: Any) -> HappeningRow:
        kept = {key: value for key, value in details.items() if value}
        return HappeningRow(
            enrolment=enrolment, kind=kind, slug=slug, at=self._now(), details={"hand": hand} | kept
        )


def _told(*conditions: Any) -> Select[*tuple[Any, ...]]:
    """Hands with whose they are and who has taken them."""
    return (
        select(HandRow, EnrolmentRow.handle, EnrolmentRow.name, FacilitatorRow.name)
        .join(EnrolmentRow, EnrolmentRow.id == HandRow.enrolment)
        .outerjoin(FacilitatorRow, FacilitatorRow.id == HandRow.taker)
        .where(*conditions)
    )


UP = _told(HandRow.enrolment == bindparam("who"), HandRow.ended.is_(None))  # asked with every page


def _hand(row: HandRow, handle: str, name: str, taker: str | None) -> Hand:
    return Hand(
        id=row.id,
        event=row.event,
        enrolment=row.enrolment,
        handle=handle,
        name=name,
        slug=row.slug,
        message=row.message,
        evidence=tuple(row.evidence),
        raised=row.raised,
        taken=row.taken,
        taker=row.taker,
        taker_name=taker or "",
        ended=row.ended,
        outcome=Outcome(row.outcome),
    )
