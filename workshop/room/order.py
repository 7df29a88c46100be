"""In which order a board shows people, and which of them: for those who look without scripts.

static/board.js does the same in the browser, where there are scripts; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop.room.room import Person


def _seconds(at: datetime) -> int:
    """Whole ones, as the rows carry them."""
    return int(at.timestamp())


Key = Callable[[Person], tuple[object, ...]]
ORDERS: Mapping[str, Key] = {
    "name": lambda _: (),
    "progress": lambda one: (-one.done,),
    "stuck": lambda one: (one.stuck is None, -one.stuck.minutes if one.stuck else 0),
    "hands": lambda one: (one.hand is None, _seconds(one.hand.raised) if one.hand else 0),
    "active": lambda one: (-_seconds(one.active) if one.active else 0,),
}
SHOWS: Mapping[str, Callable[[Person], bool]] = {
    "all": lambda _: True,
    "stuck": lambda one: one.stuck is not None,
    "hands": lambda one: one.hand is not None,
    "away": lambda one: one.away,
    "finished": lambda one: one.finished,
}


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see: `at` is a place on the route, `q` a part of a handle or a name."""

    sort: str = "name"
    show: str = "all"
    at: int | None = None
    q: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], places: Mapping[str, int]) -> Wish:
        """From an address; what makes no sense is left out."""
        sort, show = asked.get("sort", ""), asked.get("show", "")
        return cls(
            sort=sort if sort in ORDERS else "name",
            show=show if show in SHOWS else "all",
            at=places.get(asked.get("at", "")),
            q=asked.get("q", "").strip()[:80],
        )

    def shows(self, one: Person) -> bool:
        """Whether somebody is among those that are wanted."""
        here = self.at is None or (one.at == self.at and not one.finished)
        return here and SHOWS[self.show](one) and (not self.q or self._named(one))

    def _named(self, one: Person) -> bool:
        return self.q.casefold() in f"{one.who.handle} {one.who.name}".casefold()

    def sorted(self, people: Iterable[Person]) -> list[Person]:
        """Everybody, in the order that is wanted."""
        return sorted(people, key=lambda one: (*ORDERS[self.sort](one), one.who.handle))
