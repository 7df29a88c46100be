"""One event: when it is, for whom, which chapters it has, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from workshop.room.timer import Pause, Timer

UNDO = timedelta(minutes=1)


class Phase(StrEnum):
    """How far an event has come; each allows less than the one before, but for the lobby."""

    LOBBY = "lobby"  # people may join and wait
    OPEN = "open"
    OVER = "over"  # closed, or past its end: what was made can be looked at
    ARCHIVED = "archived"  # only its report can be looked at
    DELETED = "deleted"  # for a minute it can be had back


@dataclass(frozen=True)
class Event:
    """An event as it is now; `chapters` are titles (none: all), `gates` what was opened and closed."""

    id: int
    code: str
    name: str
    made: datetime
    starts: datetime
    ends: datetime
    region: str
    prefix: str
    chapters: tuple[str, ...]
    gated: bool
    capacity: int
    welcome: str
    backends: tuple[str, ...]
    invited_only: bool
    closed: datetime | None
    archived: datetime | None
    deleted: datetime | None
    version: int
    timer: Timer = field(default_factory=Timer)
    gates: Mapping[str, bool] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()

    def phase(self, at: datetime) -> Phase:
        """How far it has come by then."""
        if self.deleted:
            return Phase.DELETED
        if self.archived:
            return Phase.ARCHIVED
        if self.closed or at >= self.ends:
            return Phase.OVER
        return Phase.LOBBY if at < self.starts else Phase.OPEN

    def opens(self, chapter: str) -> bool:
        """Whether a chapter is open: as its facilitators have said, else unless all wait for that."""
        return self.gates.get(chapter, not self.gated)

    def locked(self, chapters: Iterable[str], at: datetime) -> tuple[str, ...]:
        """Which of these chapters nobody may enter then; afterwards all can be looked at."""
        if self.phase(at) not in (Phase.LOBBY, Phase.OPEN):
            return ()
        return tuple(chapter for chapter in chapters if not self.opens(chapter))

    @property
    def gone_for_good(self) -> datetime | None:
        """Until when a deleted event can be had back."""
        return self.deleted + UNDO if self.deleted else None
