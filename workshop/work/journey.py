"""The way that "Catch me up" goes, step by step, as far as it has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workshop.jobs import Job
from workshop.plan.catch_up import How
from workshop.step import Step

UNFINISHED = "unfinished"  # it was begun, and then the job came to its end
ENDS = {How.HELD.value, How.DONE.value, How.MISSED.value}


@dataclass(frozen=True)
class Leg:
    """One step on the way: what became of it ("" while it is to come), and its newest words."""

    step: Step
    how: str
    words: str = ""


def journey(job: Job, way: tuple[Step, ...], lines: Iterable[tuple[str, str]]) -> tuple[Leg, ...]:
    """Each step of the way, from the lines that the job has said so far: (slug, words)."""
    said: dict[str, list[str]] = {step.slug: [] for step in way}
    for slug, words in lines:
        said.get(slug, []).append(words)
    return tuple(_leg(step, said[step.slug], job.open) for step in way)


def _leg(step: Step, said: list[str], going: bool) -> Leg:
    if not said:
        return Leg(step, "")
    if said[-1] in ENDS:
        return Leg(step, said[-1])
    return Leg(step, How.BEGUN.value if going else UNFINISHED, said[-1])
