"""What just happened, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workshop.language.tongue import gettext, marked, told
from workshop.room.story import Happening, Story
from workshop.step import State

# Whose name is left out is "somebody".
WORDS = {
    "joined": marked("%(who)s joined"),
    "passed": marked("%(who)s passed %(step)s"),
    "helped": marked("%(step)s was done for %(who)s"),
    "finished": marked("%(who)s passed %(step)s and has finished"),
    "fails": marked("%(who)s's check of %(step)s failed"),
    "lost": marked("%(who)s's %(step)s no longer holds"),
    "asked": marked("%(who)s asked for %(step)s to be done"),
    "undone": marked("%(who)s started %(step)s over"),
    "afresh": marked("%(who)s's account was started afresh"),
    "hand raised": marked("%(who)s raised a hand at %(step)s"),
    "back": marked("%(who)s is back"),
}


@dataclass(frozen=True)
class News:
    """One thing to tell, and what it is about."""

    id: int
    at: datetime
    enrolment: int
    kind: str
    slug: str = ""
    claim: str = ""


def news(row: Happening, story: Story) -> News | None:
    """What a row of the record is worth telling, when the story has gone on with it."""
    kind = _kind(row, story)
    return News(row.id, row.at, row.enrolment, kind, row.slug, row.claim) if kind else None


def sentence(one: News, who: str, step: str) -> str:
    """In words; `who` may be "" where no names are told."""
    title = gettext("“%(title)s”", title=told(step)) if step else ""
    return gettext(WORDS[one.kind]) % {"who": who or gettext("Somebody"), "step": title}


def _kind(row: Happening, story: Story) -> str:
    part = story.parts.get(row.slug)
    if row.kind == "passed":
        return _passed(row, story)
    if row.kind == "looked":
        asked = part is not None and row.found == State.NOT_YET and row.by != "watch"
        return ("lost" if part and part.passed else "fails") if asked else ""
    if row.kind == "helped":
        return "asked" if part and story.job == row.slug else ""
    known = not row.slug or row.slug in story.route.places
    return row.kind if known and row.kind in WORDS else ""


def _passed(row: Happening, story: Story) -> str:
    """The first time that a step held is told; what is looked at again is not."""
    part = story.parts.get(row.slug)
    if part is None or part.passed != row.at:
        return ""
    if story.finished == row.at:
        return "finished"
    return "helped" if row.by == "helper" else "passed"
