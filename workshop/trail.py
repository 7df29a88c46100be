"""What happened to one attendee, in order, kept at hand as long as nothing is added to it.

What happened is never changed, so it is enough to ask how much there is and what came last: one small
question instead of one for each thing that a page shows. (How much, and not only what came last: on
PostgreSQL a lower number may become visible after a higher one.)
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, bindparam, func, select

from workshop.models import HappeningRow
from workshop.watch.standing import TELLING, Mark, marks

KEPT = 2048  # people, of whom a few hundred entries each are at hand
DETAILS_KEPT = 4096
MINE = HappeningRow.enrolment == bindparam("who")
HOW_MUCH = select(func.count(), func.max(HappeningRow.id)).where(MINE)
ALL = select(HappeningRow.id, HappeningRow.at, HappeningRow.kind, HappeningRow.slug)
ALL = ALL.where(MINE).order_by(HappeningRow.id)
THEIRS = HappeningRow.enrolment.in_(bindparam("whom", expanding=True))
HOW_MUCH_EACH = select(HappeningRow.enrolment, func.count(), func.max(HappeningRow.id)).where(THEIRS)
HOW_MUCH_EACH = HOW_MUCH_EACH.group_by(HappeningRow.enrolment)
ALL_OF_EACH = select(
    HappeningRow.enrolment, HappeningRow.id, HappeningRow.at, HappeningRow.kind, HappeningRow.slug
)
ALL_OF_EACH = ALL_OF_EACH.where(THEIRS).order_by(HappeningRow.id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, without its details."""

    id: int
    at: datetime
    kind: str
    slug: str


@dataclass(frozen=True)
class Trail:
    """All that happened to one attendee."""

    entries: tuple[Entry, ...] = ()

    @property
    def newest(self) -> int:
        """The number of what came last."""
        return self.entries[-1].id if self.entries else 0

    @property
    def length(self) -> tuple[int, int]:
        """How much happened, and the number of what came last: what tells whether it is still all."""
        return len(self.entries), self.newest

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """Where they stand, by slug; a step that is not in it is still to do."""
        return marks((one.kind, one.slug) for one in self.entries if one.kind in TELLING)

    @cached_property
    def afresh(self) -> Entry | None:
        """When their account was last started afresh."""
        return next((one for one in reversed(self.entries) if one.kind == "afresh"), None)

    def since(self, slug: str) -> int:
        """The number of what happened when this step was last started over, or the account afresh."""
        undone = (one.id for one in reversed(self.entries) if one.kind == "undone" and one.slug == slug)
        return max(next(undone, 0), self.afresh.id if self.afresh else 0)

    def at_step(self, slug: str, kinds: Iterable[str]) -> list[Entry]:
        """What happened of these kinds at a step since it was started over."""
        since, wanted = self.since(slug), frozenset(kinds)
        return [one for one in self.entries if one.id > since and one.slug == slug and one.kind in wanted]

    def ever(self, kind: str, slug: str | None = None) -> bool:
        """Whether such a thing has ever happened, at this step or anywhere."""
        return any(one.kind == kind and slug in (None, one.slug) for one in self.entries)


class Trails:
    """The trails of those who were here last; safe in threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: OrderedDict[int, Trail] = OrderedDict()
        self._details: OrderedDict[int, dict[str, Any]] = OrderedDict()

    def of(self, enrolment: int) -> Trail:
        """What happened to somebody, up to now."""
        with self._lock:
            known = self._known.get(enrolment, Trail())
        with self._engine.connect() as connection:
            count, newest = connection.execute(HOW_MUCH, {"who": enrolment}).one()
            if (count, newest or 0) == known.length:
                return known
            trail = Trail(tuple(Entry(*row) for row in connection.execute(ALL, {"who": enrolment})))
        _keep(self._lock, self._known, KEPT, enrolment, trail)
        return trail

    def of_several(self, people: Collection[int]) -> dict[int, Trail]:
        """The same of several, by one question, and one more where something was added to any of them."""
        with self._lock:
            found = {one: self._known.get(one, Trail()) for one in people}
        with self._engine.connect() as connection:
            each = connection.execute(HOW_MUCH_EACH, {"whom": list(people)})
            newest = {who: (count, last) for who, count, last in each}
            stale = [one for one in found if newest.get(one, (0, 0)) != found[one].length]
            rows = connection.execute(ALL_OF_EACH, {"whom": stale}).all() if stale else []
        added: dict[int, list[Entry]] = {one: [] for one in stale}
        for who, number, at, kind, slug in rows:
            added[who].append(Entry(number, at, kind, slug))
        for who, entries in added.items():
            found[who] = Trail(tuple(entries))
            _keep(self._lock, self._known, KEPT, who, found[who])
        return found

    def details(self, entries: list[Entry]) -> list[dict[str, Any]]:
        """The details of these, in order; they must not be changed."""
        with self._lock:
            found = {one.id: self._details[one.id] for one in entries if one.id in self._details}
        missing = [one.id for one in entries if one.id not in found]
        if missing:
            wanted = select(HappeningRow.id, HappeningRow.details).where(HappeningRow.id.in_(missing))
            with self._engine.connect() as connection:
                for number, details in connection.execute(wanted):
                    found[number] = details
                    _keep(self._lock, self._details, DETAILS_KEPT, number, details)
        return [found[one.id] for one in entries]


def _keep(lock: threading.Lock, store: OrderedDict[int, Any], most: int, key: int, value: Any) -> None:
    with lock:
        store[key] = value
        store.move_to_end(key)
        while len(store) > most:
            store.popitem(last=False)
