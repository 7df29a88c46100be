"""What each person's story is, folded from the record of what happened: where, since when, what fails.

Nothing here asks a database or a clock. Rows are added in the order of their numbers, in portions of
any size, and the story is the same. Times are of the record; how long somebody has been at a step
leaves out what was not theirs: AWS at work, a job that was done for them, absence, and pauses that
are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from workshop.course import Course
from workshop.step import State
from workshop.watch.standing import Mark, Standing

LOOKS = ("looked", "passed", "unsure")
# What others did, or what is told afterwards: no sign that somebody is at their desk.
NO_SIGN = {"begun", "ended", "helped", "undone", "hand taken", "hand released", "hand ended", "left"}
HOLDS = (Mark.DONE, Mark.HELPED)

Span = tuple[datetime, datetime]


class Happening(NamedTuple):
    """One row of the record, without its details."""

    id: int
    enrolment: int
    at: datetime
    kind: str
    slug: str = ""
    by: str = ""
    claim: str = ""
    found: str = ""


@dataclass(frozen=True)
class Stop:
    """One step as stories know it; one without claims is only read."""

    slug: str
    title: str
    chapter: str
    minutes: int
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """The steps that stories lead through, in order."""

    stops: tuple[Stop, ...]

    @classmethod
    def of(cls, course: Course) -> Route:
        """That of a course, or of the chapters of it that an event has."""
        return cls(
            tuple(
                Stop(step.slug, step.title, step.chapter, step.minutes, tuple(step.claims))
                for step in course.steps
            )
        )

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each step stands, from 0, by slug."""
        return {stop.slug: place for place, stop in enumerate(self.stops)}

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """The steps in which something is to be done: whoever has done these has finished."""
        return tuple(stop.slug for stop in self.stops if stop.claims)

    @cached_property
    def claims(self) -> Mapping[tuple[str, str], int]:
        """In which order a step's claims are looked at, by (slug, claim)."""
        return {(stop.slug, claim): place for stop in self.stops for place, claim in enumerate(stop.claims)}

    def before(self, slug: str) -> str:
        """The step before this one; "" before the first."""
        place = self.places[slug]
        return self.stops[place - 1].slug if place else ""


@dataclass
class Gap:
    """When a claim first did not hold, and when that was mended."""

    failed: datetime
    fixed: datetime | None = None


@dataclass
class Part:
    """What one person did with one step.

    `passed` is when it first held (or was read), `gap` the claim that does not hold now, and `again`
    how often in a row they were told of the same one. `waits` says what is being waited for.
    """

    standing: Standing = field(default_factory=Standing)
    opened: datetime | None = None
    first_look: datetime | None = None
    passed: datetime | None = None
    looks: int = 0
    hints: int = 0
    helped: bool = False
    gap: str = ""
    failing: str = ""
    again: int = 0
    told: bool = False
    gaps: dict[str, Gap] = field(default_factory=dict)
    waited: list[Span] = field(default_factory=list)
    waits: set[str] = field(default_factory=set)
    since: datetime | None = None

    @property
    def mark(self) -> Mark:
        """Where they stand with it."""
        return self.standing.mark

    def wait(self, what: str, at: datetime) -> None:
        """From then on something is awaited."""
        if not self.waits:
            self.since = at
        self.waits.add(what)

    def go_on(self, what: str, at: datetime) -> None:
        """It is over."""
        self.waits.discard(what)
        if self.since and not self.waits:
            self.waited.append((self.since, at))
            self.since = None

    def fail(self, claim: str, at: datetime) -> None:
        """A look found that this claim does not hold."""
        if claim != self.failing:
            self.failing, self.again = claim, 0
        self.gap = claim
        self.gaps.setdefault(claim, Gap(at))

    def idle(self, until: datetime) -> list[Span]:
        """When it was AWS's turn, up to then."""
        return [*self.waited, (self.since, until)] if self.since else self.waited


@dataclass
class Story:
    """One person's story. `finished` is when all tasks first held, and stays."""

    route: Route = field(repr=False)
    last: int = 0
    joined: datetime | None = None
    active: datetime | None = None
    finished: datetime | None = None
    touched: str = ""
    hand: datetime | None = None
    hands: int = 0
    left: datetime | None = None
    job: str | None = None
    away: list[Span] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)

    def add(self, one: Happening) -> None:
        """Go on with the next thing that happened."""
        self.last = one.id
        if one.kind not in NO_SIGN and one.by != "helper":
            self.active = max(self.active or one.at, one.at)
        act = ACTS.get(one.kind)
        if act:
            act(self, one)

    def part(self, slug: str) -> Part:
        """Their part with a step, empty before they come to it."""
        return self.parts.get(slug) or Part()

    def mark(self, slug: str) -> Mark:
        """Where they stand with a step."""
        part = self.parts.get(slug)
        return part.mark if part else Mark.TODO

    def done(self) -> int:
        """How many steps of the route hold."""
        return sum(self.mark(stop.slug) in HOLDS for stop in self.route.stops)

    def at(self) -> str | None:
        """The step they are at; None when everything holds.

        That is the one they last opened or had looked at, if it does not hold; else the first after it
        that does not, else the first of all.
        """
        start = self.route.places.get(self.touched, 0)
        order = (*self.route.stops[start:], *self.route.stops[:start])
        if self.finished:
            order = tuple(stop for stop in order if stop.claims)
        return next((stop.slug for stop in order if self.mark(stop.slug) not in HOLDS), None)

    def arrived(self, slug: str) -> datetime | None:
        """When they came to a step: opened it, or passed the one before, whichever was later.

        A step that was done for them unopened counts from its first look.
        """
        part, before = self.part(slug), self.route.before(slug)
        opened = part.opened or part.first_look
        passed = self.part(before).passed if before else None
        if opened is None or passed is None or passed < opened:
            return opened
        return opened if part.passed and passed > part.passed else passed

    def took(self, slug: str, pauses: Iterable[Span] = ()) -> float | None:
        """Seconds of their own from coming to a step until it held; None while it has not."""
        passed = self.part(slug).passed
        return self.spent(slug, passed, pauses) if passed else None

    def spent(self, slug: str, until: datetime, pauses: Iterable[Span] = ()) -> float | None:
        """Seconds of their own at a step by then: waiting, absence and pauses left out."""
        arrived = self.arrived(slug)
        if arrived is None:
            return None
        idle = [*self.part(slug).idle(until), *self.away, *pauses]
        return max(0.0, (until - arrived).total_seconds() - covered(idle, arrived, until))

    def waited(self, slug: str, until: datetime) -> float:
        """Seconds for which AWS, or a job, had their turn at a step."""
        spans = self.part(slug).idle(until)
        return sum((end - start).total_seconds() for start, end in spans)

    def _part(self, slug: str) -> Part | None:
        """The part to write in; None for a step that is not on the route."""
        if slug not in self.route.places:
            return None
        part = self.parts.get(slug)
        if part is None:
            part = self.parts[slug] = Part()
        return part

    def _join(self, one: Happening) -> None:
        self.joined = self.joined or one.at

    def _open(self, one: Happening) -> None:
        if part := self._part(one.slug):
            part.opened = part.opened or one.at
            self.touched = one.slug

    def _read(self, one: Happening) -> None:
        if part := self._part(one.slug):
            part.standing.add("read")
            part.passed = part.passed or one.at
            self.touched = one.slug

    def _look(self, one: Happening) -> None:
        if not (part := self._part(one.slug)):
            return
        part.looks += 1
        part.first_look = part.first_look or one.at
        part.standing.add(one.kind)
        if one.by != "helper" and part.passed is None:  # what was done is looked at again by the way
            self.touched = one.slug
        if one.found == State.WAITING:
            part.wait("aws", one.at)
        else:
            part.go_on("aws", one.at)
        self._judge(part, one)

    def _judge(self, part: Part, one: Happening) -> None:
        """What a look says of the claims."""
        if one.kind == "passed":
            part.gap = part.failing = ""
            part.again = 0
            part.passed = part.passed or one.at
            self._mend(part, one, all_of_them=True)
            self._finish(one.at)
        elif one.found == State.NOT_YET:
            self._mend(part, one)
            part.fail(one.claim, one.at)
            part.again += one.by == "attendee"
            part.told = one.by == "attendee"
        elif one.found == State.WAITING:
            self._mend(part, one)
            part.gap = ""

    def _mend(self, part: Part, one: Happening, all_of_them: bool = False) -> None:
        """The claims before the gap hold."""
        place = self.route.claims.get((one.slug, one.claim), -1)
        for claim, gap in part.gaps.items():
            if gap.fixed is None and (all_of_them or self.route.claims.get((one.slug, claim), place) < place):
                gap.fixed = one.at

    def _finish(self, at: datetime) -> None:
        tasks = reversed(self.route.tasks)
        if self.finished is None and all(self.mark(slug) in HOLDS for slug in tasks):
            self.finished = at

    def _try(self, one: Happening) -> None:
        """The button was pressed; a look that found the very same was not recorded itself."""
        if part := self._part(one.slug):
            self.touched = one.slug
            part.again += bool(part.gap) and not part.told
            part.told = False

    def _hint(self, one: Happening) -> None:
        if part := self._part(one.slug):
            part.hints += 1

    def _help(self, one: Happening) -> None:
        if part := self._part(one.slug):
            part.standing.add("helped")
            part.helped = True
        self._begin(one)

    def _begin(self, one: Happening) -> None:
        """A job is under way: they wait for it where they asked for it."""
        if self.job is None:
            self.job = one.slug
            if part := self._part(one.slug):
                part.wait("job", one.at)

    def _end(self, one: Happening) -> None:
        if self.job is not None and (part := self._part(self.job)):
            part.go_on("job", one.at)
        self.job = None

    def _undo(self, one: Happening) -> None:
        """Started over: as if it had never been done; what once failed in it stays known."""
        if old := self.parts.get(one.slug):
            new = Part(opened=one.at, gaps=old.gaps)
            if "job" in old.waits:
                new.wait("job", one.at)
            self.parts[one.slug] = new

    def _afresh(self, one: Happening) -> None:
        for part in self.parts.values():
            part.standing.start_afresh()
            part.go_on("aws", one.at)
            part.gap = part.failing = ""
            part.again = 0

    def _raise(self, one: Happening) -> None:
        self.hand = one.at
        self.hands += 1

    def _lower(self, _: Happening) -> None:
        self.hand = None

    def _leave(self, one: Happening) -> None:
        self.left = one.at

    def _return(self, one: Happening) -> None:
        if self.left:
            self.away.append((self.left, one.at))
            self.left = None


ACTS: Mapping[str, Callable[[Story, Happening], None]] = {
    "joined": Story._join,
    "opened": Story._open,
    "read": Story._read,
    **dict.fromkeys(LOOKS, Story._look),
    "tried": Story._try,
    "hinted": Story._hint,
    "helped": Story._help,
    "begun": Story._begin,
    "ended": Story._end,
    "undone": Story._undo,
    "afresh": Story._afresh,
    "hand raised": Story._raise,
    "hand ended": Story._lower,
    "left": Story._leave,
    "back": Story._return,
}


def fold(stories: dict[int, Story], rows: Iterable[Happening], route: Route) -> set[int]:
    """Go on with everybody's stories, by enrolment; of whom there was news."""
    news = set()
    for row in rows:
        story = stories.get(row.enrolment)
        if story is None:
            story = stories[row.enrolment] = Story(route)
        story.add(row)
        news.add(row.enrolment)
    return news


def covered(spans: Iterable[Span], start: datetime, end: datetime) -> float:
    """Seconds between start and end that lie in any of the spans, which may overlap."""
    total, reached = 0.0, start
    for begins, ends in sorted(spans):
        begins, ends = max(begins, reached), min(ends, end)
        if ends > begins:
            total += (ends - begins).total_seconds()
            reached = ends
    return total
