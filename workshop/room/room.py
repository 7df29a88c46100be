"""The room as a whole, computed from everybody's stories: who is where, who is stuck and why, what fails.

Pure: stories, signs of life, hands, pauses and the time are handed in. Somebody is stuck who is at
their desk, has a task before them, waits for nothing, and either was told of the same gap three times
in a row, or has been at it for longer than one and a half times what the room took for that step
(before three have passed it: twice what its author reckons with), and at least five minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from statistics import median, median_low
from typing import NamedTuple

from workshop.language.tongue import digits, gettext, told
from workshop.room.attendance import AWAY
from workshop.room.story import HOLDS, Route, Span, Stop, Story
from workshop.watch.standing import Mark

AGAIN = 3
ENOUGH = 3  # who have passed a step before their median counts
LONGER = 1.5
AUTHORS = 2.0
FLOOR = timedelta(minutes=5).total_seconds()
FAILING_SHOWN = 6
# What a cell tells, a letter each.
TODO, DONE, HELPED, HERE, FAILS, LOST = "-dhwfl"
CELLS = {Mark.TODO: TODO, Mark.DONE: DONE, Mark.HELPED: HELPED, Mark.LOST: LOST}


@dataclass(frozen=True)
class Who:
    """Somebody of the room, and which AWS they are in."""

    id: int
    handle: str
    name: str = ""
    backend: str = ""


@dataclass(frozen=True)
class Hand:
    """A hand that is up: since when, and who has gone there ("" for nobody yet)."""

    raised: datetime
    taker: str = ""
    slug: str = ""
    message: str = ""


@dataclass(frozen=True)
class Stuck:
    """Why somebody is held to be stuck; `usual` minutes are the room's (`rooms`), or the author's."""

    minutes: int
    usual: int
    rooms: bool = False
    claim: str = ""
    times: int = 0

    def why(self) -> str:
        """In words."""
        if self.claim:
            words = gettext("%(times)s times in a row this did not hold: %(claim)s")
            return words % {"times": digits(self.times), "claim": told(self.claim)}
        if self.rooms:
            words = gettext("%(minutes)s min at this step, where the room took about %(usual)s min")
        else:
            words = gettext("%(minutes)s min at this step, which is meant to take %(usual)s min")
        return words % {"minutes": digits(self.minutes), "usual": digits(self.usual)}


class Stumble(NamedTuple):
    """A claim that once failed for somebody: minutes until it was mended, and whether it fails now."""

    slug: str
    claim: str
    minutes: float | None
    now: bool


@dataclass(frozen=True)
class Facts:
    """What somebody's story comes to, whatever the time is."""

    who: Who
    story: Story = field(compare=False)
    cells: str
    at: str | None
    done: int
    took: Mapping[str, float]
    looked: tuple[str, ...]
    gaps: tuple[Stumble, ...]

    @classmethod
    def of(cls, who: Who, story: Story, pauses: Iterable[Span] = ()) -> Facts:
        """Those of this story."""
        at = story.at()
        spans = tuple(pauses)
        own = [slug for slug, part in story.parts.items() if part.passed and not part.helped]
        took = {slug: story.took(slug, spans) for slug in own}
        return cls(
            who=who,
            story=story,
            cells="".join(_cell(story, stop, at) for stop in story.route.stops),
            at=at,
            done=story.done(),
            took={slug: seconds for slug, seconds in took.items() if seconds is not None},
            looked=tuple(slug for slug, part in story.parts.items() if part.first_look),
            gaps=tuple(_stumbles(story)),
        )


@dataclass(frozen=True)
class Person:
    """A row of the board."""

    who: Who
    cells: str
    at: int | None
    done: int
    of: int
    finished: bool
    away: bool
    active: datetime | None
    waits: bool = False
    gap: str = ""
    stuck: Stuck | None = None
    hand: Hand | None = None


@dataclass(frozen=True)
class Failing:
    """A claim that fails: for how many of those who were looked at, how long it took, for whom now."""

    stop: Stop
    place: int
    claim: str
    failed: int
    of: int
    now: int
    minutes: float | None


@dataclass(frozen=True)
class Counts:
    """The figures at the top; `median` is the place of the step that half of the room has reached."""

    joined: int
    active: int
    finished: int
    stuck: int
    hands: int
    share: int
    median: int | None


@dataclass(frozen=True)
class Room:
    """Everybody, and what the room comes to; `flow` is how many are at each step, in order."""

    people: tuple[Person, ...]
    counts: Counts
    flow: tuple[int, ...]
    failing: tuple[Failing, ...]


@dataclass(frozen=True)
class Usual:
    """How long a step takes, in seconds: the room's own median, once enough have passed it."""

    seconds: float
    rooms: bool

    @property
    def limit(self) -> float:
        """For longer nobody should be at it without somebody asking."""
        return max(FLOOR, self.seconds * (LONGER if self.rooms else AUTHORS))


def room(
    route: Route,
    facts: Iterable[Facts],
    seen: Mapping[int, datetime],
    hands: Mapping[int, Hand],
    at: datetime,
    pauses: Iterable[Span] = (),
    begun: bool = True,
) -> Room:
    """The room at a moment; while it has not `begun` (or is over) nobody is stuck."""
    everybody, spans = list(facts), tuple(pauses)
    usual = _usual(route, everybody)
    people = tuple(
        _person(route, one, seen.get(one.who.id), hands.get(one.who.id), usual, at, spans, begun)
        for one in everybody
    )
    return Room(people, _counts(route, people), _flow(route, people), _failing(route, everybody))


def _cell(story: Story, stop: Stop, at: str | None) -> str:
    part = story.parts.get(stop.slug)
    if part is None:
        return HERE if stop.slug == at else TODO
    if part.mark == Mark.TODO:
        return FAILS if part.gap else HERE if stop.slug == at else TODO
    return CELLS[part.mark]


def _stumbles(story: Story) -> Iterator[Stumble]:
    for slug, part in story.parts.items():
        for claim, gap in part.gaps.items():
            minutes = (gap.fixed - gap.failed).total_seconds() / 60 if gap.fixed else None
            yield Stumble(slug, claim, minutes, claim == part.gap and part.mark not in HOLDS)


def _usual(route: Route, everybody: list[Facts]) -> dict[str, Usual]:
    taken: dict[str, list[float]] = {slug: [] for slug in route.places}
    for one in everybody:
        for slug, seconds in one.took.items():
            taken[slug].append(seconds)
    return {
        stop.slug: Usual(median(taken[stop.slug]), True)
        if len(taken[stop.slug]) >= ENOUGH
        else Usual(stop.minutes * 60, False)
        for stop in route.stops
    }


def _person(
    route: Route,
    facts: Facts,
    seen: datetime | None,
    hand: Hand | None,
    usual: Mapping[str, Usual],
    at: datetime,
    pauses: tuple[Span, ...],
    begun: bool,
) -> Person:
    story = facts.story
    part = story.parts.get(facts.at or "")
    signs = [sign for sign in (seen, story.active) if sign]
    away = not signs or max(signs) < at - AWAY
    waits, finished = bool(part and part.waits), story.finished is not None
    works = begun and not away and not finished and not waits
    return Person(
        who=facts.who,
        cells=facts.cells,
        at=route.places[facts.at] if facts.at else None,
        done=facts.done,
        of=len(route.stops),
        finished=finished,
        away=away,
        active=story.active,
        waits=waits,
        gap=part.gap if part else "",
        stuck=_stuck(route, story, facts.at, usual, at, pauses) if works and facts.at else None,
        hand=hand,
    )


def _stuck(
    route: Route,
    story: Story,
    slug: str,
    usual: Mapping[str, Usual],
    at: datetime,
    pauses: tuple[Span, ...],
) -> Stuck | None:
    if not route.stops[route.places[slug]].claims:
        return None
    part, known = story.part(slug), usual[slug]
    spent = story.spent(slug, at, pauses)
    if spent is None:
        return None
    minutes, about = int(spent // 60), max(1, round(known.seconds / 60))
    if part.gap and part.again >= AGAIN:
        return Stuck(minutes, about, known.rooms, part.gap, part.again)
    return Stuck(minutes, about, known.rooms) if spent > known.limit else None


def _counts(route: Route, people: tuple[Person, ...]) -> Counts:
    steps = len(people) * len(route.stops)
    reached = [len(route.stops) if one.at is None else one.at for one in people]
    return Counts(
        joined=len(people),
        active=sum(not one.away for one in people),
        finished=sum(one.finished for one in people),
        stuck=sum(one.stuck is not None for one in people),
        hands=sum(one.hand is not None for one in people),
        share=round(100 * sum(one.done for one in people) / steps) if steps else 0,
        median=median_low(reached) if reached else None,
    )


def _flow(route: Route, people: tuple[Person, ...]) -> tuple[int, ...]:
    """Who has finished is no longer at a step."""
    at = Counter(one.at for one in people if not one.finished)
    return tuple(at[place] for place in range(len(route.stops)))


def _failing(route: Route, everybody: list[Facts]) -> tuple[Failing, ...]:
    """The claims that most people stumbled over, in figures."""
    looked = Counter(chain.from_iterable(one.looked for one in everybody))
    now: Counter[tuple[str, str]] = Counter()
    gaps: dict[tuple[str, str], list[float | None]] = {}
    for slug, claim, mended, still in chain.from_iterable(one.gaps for one in everybody):
        gaps.setdefault((slug, claim), []).append(mended)
        now[slug, claim] += still
    found = [
        Failing(
            stop=route.stops[route.places[slug]],
            place=route.places[slug],
            claim=claim,
            failed=len(minutes),
            of=looked[slug],
            now=now[slug, claim],
            minutes=median(known) if (known := [one for one in minutes if one is not None]) else None,
        )
        for (slug, claim), minutes in gaps.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.failed, one.place, one.claim))[:FAILING_SHOWN])
