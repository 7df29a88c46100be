"""Boards kept current: one per event and process, read on from where it was, however many watch.

A board is made of pieces (a row for each person, the figures, the distribution, what fails, the feed,
the alerts). Each knows when it last changed, so a browser that names the version it shows is given what
has changed since. "process.tick" is exact within one process. For a version of another process (there
may be several behind a load balancer) it is told by that one's clock: given is what changed here within
a while before it, which covers clocks that differ by a few seconds and boards that are half a second old.
So a row may be sent twice, but none is missed. Price: boards live in memory, about 2 kB a step and
person; the first look in a process reads the whole record of the event.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from workshop.course import Course
from workshop.models import now
from workshop.room.event import Event, Phase
from workshop.room.feed import News, news
from workshop.room.record import Alert, Record, Surroundings
from workshop.room.room import Facts, Hand, Person, Room, Who, room
from workshop.room.story import Happening, Route, Span, Story, fold

REST = 0.5  # seconds for which a board is held to be current
SIGNS = 3.0  # and what it knows of signs of life
KEPT = 300.0  # seconds for which a board is kept that nobody asks for
OVERLAP = 15.0  # seconds by which clocks of several machines may differ, and then some
FED = 40
LATELY = 400  # rows of the record that may have news in them when a board is made


@dataclass(eq=False)
class Piece:
    """One piece of a board: what it shows (None: gone), and when that came to be. `html` by language."""

    shows: object
    tick: int
    at: float
    html: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """A board at a moment."""

    route: Route
    room: Room
    feed: tuple[tuple[News, Who], ...]
    alerts: tuple[Alert, ...]
    hands: Mapping[int, Hand]
    pieces: Mapping[str, Piece]
    process: str
    tick: int
    at: datetime

    @property
    def version(self) -> str:
        """What a browser names to be given what has changed since."""
        return f"{self.process}.{self.tick}.{self.at.timestamp():.3f}"

    def since(self, version: str) -> dict[str, Piece]:
        """The pieces that changed after this version; all of them for one that is none."""
        process, _, rest = version.partition(".")
        tick, _, moment = rest.partition(".")
        try:
            if process == self.process:
                return {key: piece for key, piece in self.pieces.items() if piece.tick > int(tick)}
            after = float(moment) - OVERLAP
        except ValueError:
            return dict(self.pieces)
        # Not `piece.at > after`: a "nan" would then be answered with nothing.
        return {key: piece for key, piece in self.pieces.items() if not piece.at <= after}


class Board:
    """The board of one event in this process."""

    def __init__(self, engine: Engine, event: int, route: Route, clock: Callable[[], datetime] = now) -> None:
        self.route = route
        self._engine = engine
        self._event = event
        self._clock = clock
        self._around = Surroundings(engine, event)
        self._lock = threading.Lock()
        self._process = secrets.token_hex(4)
        self._tick = 0
        self._pieces: dict[str, Piece] = {}
        self._fresh = self._signed = float("-inf")
        self._view: View | None = None
        self._begin()

    def _begin(self) -> None:
        """Nothing has been read yet."""
        self._record = Record(self._engine, self._event)
        self._stories: dict[int, Story] = {}
        self._who: dict[int, Who] = {}
        self._facts: dict[int, Facts] = {}
        self._feed: deque[News] = deque(maxlen=FED)
        self._pauses: tuple[Span, ...] = ()

    def view(self, event: Event) -> View:
        """The board as it is; read on if that was not done just now."""
        with self._lock:
            if self._view is None or time.monotonic() - self._fresh >= REST:
                self._view = self._read_on(event)
                self._fresh = time.monotonic()
            return self._view

    def _read_on(self, event: Event) -> View:
        at = self._clock()
        if self._around.joined() < len(self._who):
            self._begin()  # somebody has been taken away, and their part of the record
        changed = self._tell(self._record.news())
        self._weigh(changed, event, at)
        self._look_for_signs()
        hands = self._around.hands()
        begun = event.phase(at) == Phase.OPEN
        whole = room(self.route, self._facts.values(), self._seen, hands, at, self._pauses, begun)
        feed = tuple((one, self._who[one.enrolment]) for one in self._feed if one.enrolment in self._who)
        alerts = self._around.alerts(self._who, at)
        self._publish(whole, feed, alerts, hands, event, at)
        return View(self.route, whole, feed, alerts, hands, dict(self._pieces), self._process, self._tick, at)

    def _tell(self, rows: list[Happening]) -> set[int]:
        """Go on with the stories; of whom there was news. What comes late is told in its place."""
        if {row.enrolment for row in rows} - self._who.keys():
            self._who = self._around.people()
        late = {row.enrolment for row in rows if self._last(row.enrolment) > row.id}
        on_time = [row for row in rows if row.enrolment not in late]
        old, recent = on_time[:-LATELY], on_time[-LATELY:]
        changed = late | fold(self._stories, old, self.route)
        for row in recent:
            changed |= fold(self._stories, [row], self.route)
            if told := news(row, self._stories[row.enrolment]):
                self._feed.appendleft(told)
        for enrolment in late:
            self._stories.pop(enrolment)
            fold(self._stories, self._record.of(enrolment), self.route)
        return changed

    def _last(self, enrolment: int) -> int:
        story = self._stories.get(enrolment)
        return story.last if story else 0

    def _weigh(self, changed: set[int], event: Event, at: datetime) -> None:
        """What the stories come to; of all anew when a pause has begun or ended."""
        pauses = tuple((start, end or at) for start, end in event.pauses)
        if [start for start, _ in pauses] != [start for start, _ in self._pauses]:
            changed = set(self._stories)
        self._pauses = pauses
        for enrolment in sorted(changed & self._who.keys()):
            self._facts[enrolment] = Facts.of(self._who[enrolment], self._stories[enrolment], pauses)

    def _look_for_signs(self) -> None:
        if time.monotonic() - self._signed >= SIGNS:
            self._seen = self._around.seen()
            self._signed = time.monotonic()

    def _publish(
        self,
        whole: Room,
        feed: tuple[tuple[News, Who], ...],
        alerts: tuple[Alert, ...],
        hands: Mapping[int, Hand],
        event: Event,
        at: datetime,
    ) -> None:
        """Note which pieces show something else than before."""
        shown: dict[str, object] = {f"p{one.who.id}": one for one in whole.people}
        shown |= {"counts": whole.counts, "flow": whole.flow, "failing": whole.failing}
        shown |= {"feed": feed, "alerts": alerts, "hands": tuple(hands.items()), "timer": event.timer}
        gone = {key: None for key, piece in self._pieces.items() if key not in shown and piece.shows}
        changed = {
            key: one
            for key, one in (shown | gone).items()
            if key not in self._pieces or self._pieces[key].shows != one
        }
        self._tick += bool(changed)
        for key, one in changed.items():
            self._pieces[key] = Piece(one, self._tick, at.timestamp())


class Boards:
    """The boards that somebody watches in this process."""

    def __init__(self, engine: Engine, course: Course, kept: float = KEPT) -> None:
        self._engine = engine
        self._course = course
        self._kept = kept
        self._lock = threading.Lock()
        self._boards: dict[int, Board] = {}
        self._routes: dict[tuple[str, ...], Route] = {}
        self._asked: dict[int, float] = {}
        self._sweeper: threading.Timer | None = None

    def of(self, event: Event) -> View:
        """The board of an event as it is now; nothing of it is read by two at once."""
        with self._lock:
            if event.chapters not in self._routes:
                self._routes[event.chapters] = Route.of(self._course.only(event.chapters))
            route = self._routes[event.chapters]
            board = self._boards.get(event.id)
            if board is None or board.route != route:
                board = self._boards[event.id] = Board(self._engine, event.id, route)
            self._asked[event.id] = time.monotonic()
            if self._sweeper is None:
                self._sweep_later()
        return board.view(event)

    def watched(self) -> list[int]:
        """The events whose boards are kept."""
        with self._lock:
            return sorted(self._boards)

    def _sweep_later(self) -> None:
        self._sweeper = threading.Timer(self._kept / 2, self._sweep)
        self._sweeper.daemon = True
        self._sweeper.start()

    def _sweep(self) -> None:
        """Drop the boards that nobody has asked for in a while."""
        with self._lock:
            old = time.monotonic() - self._kept
            for event in [event for event, at in self._asked.items() if at < old]:
                del self._boards[event], self._asked[event]
            self._sweeper = None
            if self._boards:
                self._sweep_later()


def person(piece: Piece) -> Person | None:
    """Whom a piece shows, if it is a row."""
    return piece.shows if isinstance(piece.shows, Person) else None
