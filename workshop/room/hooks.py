"""Hooks: the addresses to which an event's news are sent, and how each delivery has gone.

A delivery is there once for each hook and thing told. Who sends it has first put `due` off by one
conditional UPDATE, and so has it alone; if they are killed in the middle, it is due again after that.
"""

from __future__ import annotations

import base64
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from workshop.language.tongue import gettext, marked
from workshop.models import DeliveryRow, EventRow, HappeningRow, HookRow, hold_event, now
from workshop.vault import Vault

# What can be told, as the message names it; docs/webhooks.md has the bodies.
KINDS: Mapping[str, str] = {
    "attendee.joined": marked("Somebody joins"),
    "step.passed": marked("Somebody passes a step"),
    "hand.raised": marked("A hand is raised"),
    "hand.taken": marked("Somebody goes to help"),
    "hand.released": marked("Somebody else is to go"),
    "hand.ended": marked("A hand is down again"),
    "course.finished": marked("Somebody has finished"),
}
TEST = "hook.test"
MOST = 10
PREFIX = "whsec_"
BYTES = 32
TRIES = 10
LEASE = timedelta(seconds=90)  # longer than looking a name up and waiting for an answer take
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(days=1)
GROWS = 4
GONE = 410  # says that nothing is wanted there any more


class TooMany(Exception):
    """An event has so many hooks already."""


@dataclass(frozen=True)
class Hook:
    """An address, and what is told there; `ended` since when nothing is."""

    id: int
    event: int
    url: str
    kinds: tuple[str, ...]
    made: datetime
    ended: datetime | None


@dataclass(frozen=True)
class Delivery:
    """One piece of news on its way: the last answer's status (0: none), and what became of it."""

    id: int
    hook: int
    kind: str
    body: dict[str, Any]
    due: datetime
    tries: int
    status: int
    words: str
    ended: datetime | None

    @property
    def arrived(self) -> bool:
        return self.ended is not None and 200 <= self.status < 300

    @property
    def given_up(self) -> bool:
        return self.ended is not None and not self.arrived


@dataclass(frozen=True)
class Letter:
    """A delivery that is ours to send until `due`, with all that it takes."""

    id: int
    hook: int
    url: str
    secret: str
    number: str
    body: dict[str, Any]
    tries: int
    due: datetime


class Hooks:
    """The hooks of all events, in one database."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        clock: Callable[[], datetime] = now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._now = clock
        self._jitter = jitter

    def add(self, event: int, url: str, kinds: tuple[str, ...]) -> Hook:
        """Tell what happens from now on there. Raises TooMany."""
        secret = PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
        with Session(self._engine) as session:
            # The event's row is held until the end, so that no two add the last one.
            hold_event(session, event)
            if (session.scalar(select(func.count()).where(HookRow.event == event)) or 0) >= MOST:
                raise TooMany
            row = HookRow(
                event=event,
                url=url,
                secret=self._vault.seal_words(secret),
                kinds=list(kinds),
                made=self._now(),
                upto=session.scalar(select(func.max(HappeningRow.id))) or 0,
            )
            session.add(row)
            session.commit()
            return _hook(row)

    def of_event(self, event: int) -> list[Hook]:
        """The hooks of an event, in the order in which they were made."""
        with Session(self._engine) as session:
            rows = session.scalars(select(HookRow).where(HookRow.event == event).order_by(HookRow.id))
            return [_hook(row) for row in rows]

    def get(self, event: int, number: int) -> Hook | None:
        """A hook of this event."""
        with Session(self._engine) as session:
            row = session.get(HookRow, number)
            return _hook(row) if row and row.event == event else None

    def secret(self, number: int) -> str:
        """What signs the deliveries of a hook; "" if it is not to be had any more."""
        with Session(self._engine) as session:
            sealed = session.scalar(select(HookRow.secret).where(HookRow.id == number))
            return self._vault.open_words(sealed or "") or ""

    def remove(self, event: int, number: int) -> None:
        """Tell nothing there any more, and forget what was."""
        with Session(self._engine) as session:
            mine = select(HookRow.id).where(HookRow.id == number, HookRow.event == event).scalar_subquery()
            session.execute(delete(DeliveryRow).where(DeliveryRow.hook == mine))
            session.execute(delete(HookRow).where(HookRow.id == number, HookRow.event == event))
            session.commit()

    def test(self, hook: Hook, body: dict[str, Any]) -> None:
        """Send something that tells nothing, to see whether it arrives."""
        self._add(hook.id, TEST, secrets.randbelow(2**31), body)

    def _add(self, hook: int, kind: str, number: int, body: dict[str, Any]) -> None:
        row = DeliveryRow(hook=hook, kind=kind, happening=number, body=body, due=self._now())
        with Session(self._engine) as session:
            session.add(row)
            session.commit()

    def deliveries(self, hook: int, most: int = 20) -> list[Delivery]:
        """The newest deliveries of a hook, the newest first."""
        wanted = (
            select(DeliveryRow).where(DeliveryRow.hook == hook).order_by(DeliveryRow.id.desc()).limit(most)
        )
        with Session(self._engine) as session:
            return [_delivery(row) for row in session.scalars(wanted)]

    def retry(self, event: int, number: int) -> bool:
        """Send a delivery again that was given up, or at once one that waits; whether that is to be."""
        mine = select(HookRow.id).where(HookRow.event == event, HookRow.ended.is_(None))
        change = update(DeliveryRow).where(
            DeliveryRow.id == number,
            DeliveryRow.hook.in_(mine),
            DeliveryRow.ended.is_(None) | ~DeliveryRow.status.between(200, 299),
        )
        with Session(self._engine) as session:
            again = session.execute(change.values(ended=None, tries=0, due=self._now(), words=""))
            session.commit()
            return bool(again.rowcount)  # type: ignore[attr-defined]

    def due(self) -> list[int]:
        """Hooks for which something is to be sent now."""
        wanted = (
            select(DeliveryRow.hook)
            .join(HookRow, HookRow.id == DeliveryRow.hook)
            .join(EventRow, EventRow.id == HookRow.event)
            .where(DeliveryRow.ended.is_(None), DeliveryRow.due <= self._now())
            .where(HookRow.ended.is_(None), EventRow.deleted.is_(None))
            .distinct()
        )
        with Session(self._engine) as session:
            return list(session.scalars(wanted))

    def take(self, hook: int) -> Letter | None:
        """The delivery of this hook that is due first; it is nobody else's for a while."""
        at = self._now()
        waiting = (DeliveryRow.hook == hook, DeliveryRow.ended.is_(None), DeliveryRow.due <= at)
        wanted = (
            select(DeliveryRow, HookRow)
            .join(HookRow, HookRow.id == DeliveryRow.hook)
            .where(*waiting, HookRow.ended.is_(None))
            .order_by(DeliveryRow.due, DeliveryRow.id)
            .limit(1)
        )
        with Session(self._engine) as session:
            while found := session.execute(wanted).first():
                row, whose = found
                mine = update(DeliveryRow).where(
                    DeliveryRow.id == row.id, DeliveryRow.due == row.due, *waiting
                )
                until = at + LEASE
                letter = self._letter(row, whose, until)
                taken = session.execute(mine.values(due=until, tries=row.tries + 1))
                session.commit()
                if taken.rowcount:  # type: ignore[attr-defined]
                    return letter
        return None

    def _letter(self, row: DeliveryRow, hook: HookRow, until: datetime) -> Letter:
        return Letter(
            id=row.id,
            hook=hook.id,
            url=hook.url,
            secret=self._vault.open_words(hook.secret) or "",
            number=f"msg_{hook.id}_{row.kind.replace('.', '_')}_{row.happening}_{int(hook.made.timestamp())}",
            body=row.body,
            tries=row.tries + 1,
            due=until,
        )

    def sent(self, letter: Letter, status: int, words: str, wait: float = 0) -> None:
        """Note how it went: over if it arrived or was tried often enough, else due again later.

        `wait`: seconds that the receiver has asked for.
        """
        at = self._now()
        over = 200 <= status < 300 or status == GONE or letter.tries >= TRIES
        pause = max(self._pause(letter.tries), min(timedelta(seconds=wait), LONGEST_PAUSE))
        news = {"status": status, "words": words, "due": at + pause, "ended": at if over else None}
        mine = update(DeliveryRow).where(DeliveryRow.id == letter.id, DeliveryRow.due == letter.due)
        with Session(self._engine) as session:
            session.execute(mine.values(**news))
            if status == GONE:
                session.execute(update(HookRow).where(HookRow.id == letter.hook).values(ended=at))
            session.commit()

    def _pause(self, tries: int) -> timedelta:
        """Until the next try: 5 s, 20 s, 80 s, … up to a day, each a quarter more or less."""
        grown: timedelta = min(FIRST_PAUSE * GROWS ** (min(tries, TRIES) - 1), LONGEST_PAUSE)
        return min(grown * (0.75 + self._jitter() / 2), LONGEST_PAUSE)


def known(kinds: list[str]) -> tuple[str, ...]:
    """Those of these kinds that there are, in our order."""
    return tuple(kind for kind in KINDS if kind in kinds)


def kind_words(kind: str) -> str:
    """What a kind of news tells, in the language that is spoken."""
    return gettext(KINDS[kind]) if kind in KINDS else gettext("A test")


def _hook(row: HookRow) -> Hook:
    return Hook(row.id, row.event, row.url, tuple(row.kinds), row.made, row.ended)


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        row.id, row.hook, row.kind, row.body, row.due, row.tries, row.status, row.words, row.ended
    )
