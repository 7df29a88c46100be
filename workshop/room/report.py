"""What an event came to, from the same record as its board: who got how far, how long it took, what
failed, what was done for people, how help was asked for and given.

Pure but for `Reports`, which reads. Times at a step are one's own (waiting for AWS, absence and pauses
are left out), of those who passed it by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from workshop.course import Course
from workshop.models import AuditRow, EnrolmentRow, FacilitatorRow, HappeningRow, now
from workshop.room.event import Event
from workshop.room.past import stories
from workshop.room.room import Who
from workshop.room.story import Route, Span, Stop, Story
from workshop.watch.standing import Mark

CLAIMS_SHOWN = 12
RAISED, TAKEN, ENDED = "hand raised", "hand taken", "hand ended"
HANDS = (RAISED, TAKEN, "hand released", ENDED)


@dataclass(frozen=True)
class Spread:
    """How a number of durations lie, in seconds: the middle one, and a quarter to each side."""

    many: int
    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread | None:
        """That of these; None of none."""
        if not seconds:
            return None
        if len(seconds) == 1:
            return cls(1, seconds[0], seconds[0], seconds[0])
        low, middle, high = quantiles(seconds, n=4, method="inclusive")
        return cls(len(seconds), low, middle, high)


@dataclass(frozen=True)
class Stage:
    """One step: how many came to it and passed it, by themselves or with it done for them."""

    stop: Stop
    number: int
    reached: int
    own: int
    helped: int
    took: Spread | None
    waited: Spread | None
    hands: int

    @property
    def passed(self) -> int:
        return self.own + self.helped

    @property
    def lost(self) -> int:
        """How many came to it and did not get beyond."""
        return max(0, self.reached - self.passed)


@dataclass(frozen=True)
class Failed:
    """A claim that did not hold for some: how many of those who were looked at, and until it was mended."""

    stop: Stop
    number: int
    claim: str
    people: int
    of: int
    mended: int
    seconds: float | None

    @property
    def share(self) -> int:
        return round(100 * self.people / self.of) if self.of else 0


@dataclass(frozen=True)
class Help:
    """Hands: how many were raised and by how many people, how long they waited and were helped."""

    raised: int = 0
    people: int = 0
    waited: Spread | None = None
    lasted: Spread | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Finisher:
    """Somebody who finished: when, in how much of their own time, and how many tasks by themselves."""

    who: Who
    at: datetime
    seconds: float
    own: int
    tasks: int


@dataclass(frozen=True)
class Report:
    """The whole of it."""

    joined: int
    begun: int
    stages: tuple[Stage, ...]
    failed: tuple[Failed, ...]
    help: Help
    finishers: tuple[Finisher, ...]
    deeds: tuple[tuple[str, str, int], ...] = ()

    @property
    def hardest(self) -> Stage | None:
        """Where most people were left behind."""
        tasks = [one for one in self.stages if one.stop.claims and one.lost]
        return max(tasks, key=lambda one: (one.lost, -one.number), default=None)

    @property
    def longest(self) -> Stage | None:
        """What took longest, at the median."""
        timed = [one for one in self.stages if one.took]
        return max(timed, key=lambda one: one.took.middle if one.took else 0, default=None)

    @property
    def most_helped(self) -> Stage | None:
        """What was done for most people."""
        return max((one for one in self.stages if one.helped), key=lambda one: one.helped, default=None)

    @property
    def own_share(self) -> int | None:
        """How many of a hundred passed tasks were done by oneself."""
        tasks = [one for one in self.stages if one.stop.claims]
        passed = sum(one.passed for one in tasks)
        return round(100 * sum(one.own for one in tasks) / passed) if passed else None

    @property
    def half(self) -> Stage | None:
        """The furthest step that at least half of those who began have passed."""
        got = [one for one in self.stages if one.stop.claims and one.passed * 2 >= self.begun > 0]
        return got[-1] if got else None


@dataclass(frozen=True)
class Raised:
    """What the record says of one hand."""

    whose: int
    slug: str
    raised: datetime
    taken: datetime | None = None
    ended: datetime | None = None
    outcome: str = ""


class Reports:
    """Reads what reports are made of."""

    def __init__(self, engine: Engine, course: Course, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._course = course
        self._now = clock

    def of(self, event: Event) -> Report:
        """That of an event as it stands."""
        route = Route.of(self._course.only(event.chapters))
        told = stories(self._engine, route, event.id)
        with self._engine.connect() as connection:
            people = everybody(connection, event.id)
            hands = _hands(connection, event.id)
            deeds = _deeds(connection, event.id)
        pauses = [(start, end or self._now()) for start, end in event.pauses]
        return report(route, people, told, hands, pauses, deeds)


def report(
    route: Route,
    people: Mapping[int, Who],
    told: Mapping[int, Story],
    hands: Sequence[Raised] = (),
    pauses: Sequence[Span] = (),
    deeds: tuple[tuple[str, str, int], ...] = (),
) -> Report:
    """What these stories come to, taken together."""
    mine = [told[number] for number in people if number in told]
    raised = Counter(hand.slug for hand in hands)
    return Report(
        joined=len(people),
        begun=sum(any(part.opened for part in story.parts.values()) for story in mine),
        stages=tuple(
            _stage(stop, number, mine, pauses, raised[stop.slug])
            for number, stop in enumerate(route.stops, 1)
        ),
        failed=_failed(route, mine),
        help=_help(hands),
        finishers=_finishers(people, told, pauses),
        deeds=deeds,
    )


def everybody(connection: Connection, event: int) -> dict[int, Who]:
    """Who has joined an event, by number, in the order in which they did."""
    wanted = select(EnrolmentRow.id, EnrolmentRow.handle, EnrolmentRow.name, EnrolmentRow.backend)
    rows = connection.execute(wanted.where(EnrolmentRow.event == event).order_by(EnrolmentRow.id))
    return {row.id: Who(*row) for row in rows}


def _stage(stop: Stop, number: int, told: Iterable[Story], pauses: Sequence[Span], hands: int) -> Stage:
    reached = own = helped = 0
    took: list[float] = []
    waited: list[float] = []
    for story in told:
        part = story.parts.get(stop.slug)
        if part is None:
            continue
        reached += bool(part.opened or part.first_look or part.passed)
        if part.passed is None:
            continue
        by_help = part.mark == Mark.HELPED
        helped += by_help
        own += not by_help
        if not by_help and (seconds := story.took(stop.slug, pauses)) is not None:
            took.append(seconds)
        if part.waited:
            waited.append(story.waited(stop.slug, part.passed))
    return Stage(stop, number, reached, own, helped, Spread.of(took), Spread.of(waited), hands)


def _failed(route: Route, told: Iterable[Story]) -> tuple[Failed, ...]:
    looked: Counter[str] = Counter()
    gaps: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for story in told:
        for slug, part in story.parts.items():
            looked[slug] += part.first_look is not None
            for claim, gap in part.gaps.items():
                seconds = (gap.fixed - gap.failed).total_seconds() if gap.fixed else None
                gaps[slug, claim].append(seconds)
    found = [
        _failed_claim(route, slug, claim, seconds, looked[slug]) for (slug, claim), seconds in gaps.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.people, one.number, one.claim))[:CLAIMS_SHOWN])


def _failed_claim(route: Route, slug: str, claim: str, seconds: list[float | None], looked: int) -> Failed:
    place = route.places[slug]
    known = [one for one in seconds if one is not None]
    return Failed(
        stop=route.stops[place],
        number=place + 1,
        claim=claim,
        people=len(seconds),
        of=looked,
        mended=len(known),
        seconds=median(known) if known else None,
    )


def _help(hands: Sequence[Raised]) -> Help:
    waited = [(hand.taken - hand.raised).total_seconds() for hand in hands if hand.taken]
    lasted = [(hand.ended - hand.taken).total_seconds() for hand in hands if hand.taken and hand.ended]
    return Help(
        raised=len(hands),
        people=len({hand.whose for hand in hands}),
        waited=Spread.of(waited),
        lasted=Spread.of(lasted),
        outcomes=Counter(hand.outcome if hand.ended else "" for hand in hands),
    )


def _finishers(
    people: Mapping[int, Who], told: Mapping[int, Story], pauses: Sequence[Span]
) -> tuple[Finisher, ...]:
    found = []
    for number, who in people.items():
        story = told.get(number)
        if story is None or story.finished is None:
            continue
        tasks = story.route.tasks
        found.append(
            Finisher(
                who=who,
                at=story.finished,
                seconds=sum(story.took(stop.slug, pauses) or 0 for stop in story.route.stops),
                own=sum(story.mark(slug) != Mark.HELPED for slug in tasks),
                tasks=len(tasks),
            )
        )
    return tuple(sorted(found, key=lambda one: one.at))


def _hands(connection: Connection, event: int) -> list[Raised]:
    """Every hand, as the record tells of it; of one that was left to another, who went first counts."""
    wanted = (
        select(HappeningRow)
        .join(EnrolmentRow, EnrolmentRow.id == HappeningRow.enrolment)
        .where(EnrolmentRow.event == event, HappeningRow.kind.in_(HANDS))
        .order_by(HappeningRow.id)
    )
    known: dict[Any, dict[str, Any]] = {}
    for row in connection.execute(wanted):
        number = row.details.get("hand")
        if row.kind == RAISED:
            known[number] = {"whose": row.enrolment, "slug": row.slug, "raised": row.at}
        elif number in known and row.kind == TAKEN:
            known[number].setdefault("taken", row.at)
        elif number in known and row.kind == ENDED:
            known[number] |= {"ended": row.at, "outcome": row.details.get("outcome", "")}
    return [Raised(**said) for said in known.values()]


def _deeds(connection: Connection, event: int) -> tuple[tuple[str, str, int], ...]:
    """What facilitators did, how often: (who, what, times)."""
    wanted = (
        select(FacilitatorRow.name, AuditRow.what, func.count().label("times"))
        .join_from(AuditRow, FacilitatorRow, FacilitatorRow.id == AuditRow.facilitator)
        .where(AuditRow.event == event)
        .group_by(FacilitatorRow.name, AuditRow.what)
        .order_by(FacilitatorRow.name, func.count().desc(), AuditRow.what)
    )
    return tuple((row.name, row.what, row.times) for row in connection.execute(wanted))
