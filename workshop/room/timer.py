"""An event's shared clock: so many seconds, counted down, with pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

Pause = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Timer:
    """`seconds` in all, of which `used` had gone by when it was last paused; it runs since `since`."""

    seconds: int = 0
    used: float = 0.0
    since: datetime | None = None

    @property
    def set(self) -> bool:
        """Whether there is one at all."""
        return self.seconds > 0

    @property
    def running(self) -> bool:
        return self.since is not None

    def left(self, at: datetime) -> float:
        """Seconds that are left then; 0 when it has run out."""
        return max(0.0, self.seconds - self.gone(at))

    def gone(self, at: datetime) -> float:
        """Seconds that it has run for by then, pauses not counted."""
        return self.used + (max(0.0, (at - self.since).total_seconds()) if self.since else 0.0)

    def ends(self, at: datetime) -> datetime | None:
        """When it will have run out, if it goes on running."""
        return at + timedelta(seconds=self.left(at)) if self.running else None

    def started(self, at: datetime) -> Timer:
        """Running from then on; one that runs already is left alone."""
        return self if self.running else Timer(self.seconds, self.used, at)

    def paused(self, at: datetime) -> Timer:
        """Standing still."""
        return Timer(self.seconds, self.gone(at))

    def longer(self, by: int) -> Timer:
        """With so many seconds more (or fewer)."""
        return Timer(max(0, self.seconds + by), self.used, self.since)


def pauses(known: tuple[Pause, ...], old: Timer, new: Timer, at: datetime) -> tuple[Pause, ...]:
    """The pauses that there have been, once the old timer has become the new one; the last may be open."""
    if old.running and not new.running and new.set:
        return (*known, (at, None))
    goes_on = new.running or not new.set
    if goes_on and known and known[-1][1] is None:
        return (*known[:-1], (known[-1][0], at))
    return known
