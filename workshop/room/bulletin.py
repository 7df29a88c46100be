"""What an attendee's page is to know now of the room: words, their hand, time, and what is open.

A page asks for it every few seconds, so it is two small questions to the database, and silent while
its `version` stays the same. How much time is left is not part of that: browsers count by themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workshop.room.event import Event, Phase
from workshop.room.hands import Hand, Hands
from workshop.room.notes import BANNER, NOTE, OFFER, Note, Notes


@dataclass(frozen=True)
class Bulletin:
    """The news of one attendee: `before` wait for help longer, `locked` chapters nobody may enter."""

    event: Event
    at: datetime
    words: tuple[Note, ...] = ()
    hand: Hand | None = None
    before: int = 0
    locked: tuple[str, ...] = ()

    @property
    def banner(self) -> Note | None:
        """What is said to all; where two said something at once, the newer."""
        return next((one for one in reversed(self.words) if one.kind == BANNER), None)

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(one for one in self.words if one.kind == NOTE)

    @property
    def offer(self) -> Note | None:
        """The help that somebody offers; where two did at once, the newer."""
        return next((one for one in reversed(self.words) if one.kind == OFFER), None)

    @property
    def over(self) -> bool:
        return self.event.phase(self.at) in (Phase.OVER, Phase.ARCHIVED)

    @property
    def left(self) -> int | None:
        """Whole seconds on the shared timer, or else until the event ends; None where neither tells."""
        if self.event.timer.set:
            return round(self.event.timer.left(self.at))
        if self.event.phase(self.at) != Phase.OPEN:
            return None
        return round((self.event.ends - self.at).total_seconds())

    @property
    def counting(self) -> bool:
        """Whether what is left grows less by itself."""
        return self.event.timer.running or not self.event.timer.set

    @property
    def version(self) -> str:
        """Changes when, and only when, a page has something new to show."""
        hand = self.hand and (self.hand.id, self.hand.taker_name, self.hand.slug)
        event = (self.event.timer, self.event.ends, self.event.phase(self.at))
        shown = (self.words, hand, self.before, self.locked, event)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


def bulletin(
    event: Event, enrolment: int, chapters: Iterable[str], hands: Hands, notes: Notes, at: datetime
) -> Bulletin:
    """What somebody in this event is to know at this moment."""
    hand = hands.up(enrolment)
    waiting = hand is not None and hand.taker is None
    return Bulletin(
        event=event,
        at=at,
        words=tuple(notes.standing(event.id, enrolment)),
        hand=hand,
        before=hands.before(hand) if hand and waiting else 0,
        locked=event.locked(chapters, at),
    )
