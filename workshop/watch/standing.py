"""Where an attendee stands with each step, computed from what happened, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

ENDED_WELL = ("passed", "read")
# What says how somebody stands. "looked" is a look that found a gap; one that could not tell, or that
# found AWS at work, says nothing ("unsure").
TELLING = (*ENDED_WELL, "looked", "helped", "undone", "afresh")


class Mark(StrEnum):
    """Where an attendee stands with a step."""

    TODO = "todo"
    DONE = "done"
    HELPED = "helped"
    LOST = "lost"  # was done, and no longer holds


def marks(happened: Iterable[tuple[str, str]]) -> dict[str, Mark]:
    """The mark of each step that something happened to, from (kind, slug) in the order of time.

    A step holds as long as the newest look found it so. Helped is what a job did before the attendee
    had passed by hand. What was started over is as if it had never been done; what stood in an
    account that was started afresh no longer holds, but is not forgotten.
    """
    known: dict[str, Standing] = {}
    for kind, slug in happened:
        if kind == "afresh":
            for step in known.values():
                step.start_afresh()
        elif kind == "undone":
            known.pop(slug, None)
        else:
            known.setdefault(slug, Standing()).add(kind)
    return {slug: step.mark for slug, step in known.items() if step.mark != Mark.TODO}


@dataclass(slots=True)
class Standing:
    """How somebody stands with one step, while what happened is told in order."""

    _passed: bool = False
    _holds: bool = False
    _helped: bool = False
    _by_help: bool = False
    _read: bool = False

    def add(self, kind: str) -> None:
        """One thing that happened at the step."""
        if kind == "read":
            self._read = True
        elif kind == "helped":
            self._helped = True
        elif kind == "looked":
            self._holds = False
        elif kind == "passed":
            if not self._passed:
                self._by_help = self._helped
            self._passed = self._holds = True

    def start_afresh(self) -> None:
        """What stood in the account is gone."""
        self._holds = self._helped = False

    @property
    def mark(self) -> Mark:
        """The mark as it is now."""
        if self._read:
            return Mark.DONE
        if self._passed and not self._holds:
            return Mark.LOST
        if not self._passed:
            return Mark.TODO
        return Mark.HELPED if self._by_help else Mark.DONE
