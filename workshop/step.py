"""What a step is, and what looking at an attendee's work can find: the author's API.

A check is a function of the lab. Its docstring is the claim that the attendee reads. It returns
what it saw, or raises `NotYet` or `Waiting`. Nothing is registered and nothing is inherited.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from workshop.lab import REFUSALS, Lab, one_moment, refusal

Check = Callable[[Lab], str]
Do = Callable[[Lab], None]


See = tuple[str, ...]


class Seen(str):
    """What a check saw that held, with a place where the attendee can look at it: see `NotYet`."""

    see: See = ()

    def __new__(cls, words: str, see: See) -> "Seen":
        made = super().__new__(cls, words)
        made.see = see
        return made


class NotYet(Exception):
    """The attendee's work is not there yet: what was found, and a hint that knows it.

    `see` names evidence that the pages can show: ("log", build), ("run", execution), or
    ("permission", role's ARN, action, resource's ARN).
    """

    def __init__(self, saw: str, hint: str | tuple[str, ...] = "", see: See = ()) -> None:
        """Several hints are given one at a time, from a nudge to nearly the answer."""
        self.saw = saw
        self.see = see
        self.hints = (hint,) if isinstance(hint, str) and hint else tuple(hint)
        self.hint = self.hints[0] if self.hints else ""
        super().__init__(f"{saw} {self.hint}".strip())


class Waiting(Exception):
    """Nothing is wrong and nothing is to do: AWS is at work on it, since then."""

    def __init__(self, what: str, since: datetime | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.since = since


class State(StrEnum):
    """What a look found out about one claim."""

    PASSED = "passed"
    NOT_YET = "not yet"
    WAITING = "waiting"
    NOT_LOOKED_AT = "not looked at"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One claim and what was found: evidence (`saw`), a hint, or AWS's own error code.

    `hints` are all hints for a gap, `hint` among them as the first; `see` is where to look at it.
    """

    claim: str
    state: State
    saw: str = ""
    hint: str = ""
    code: str = ""
    since: datetime | None = None
    hints: tuple[str, ...] = ()
    see: See = ()


@dataclass(frozen=True)
class Question:
    """Something to answer on the page, kept in `lab.answers[key]`; no options means free text."""

    key: str
    label: str
    options: tuple[str, ...] = ()
    placeholder: str = ""


@dataclass(frozen=True)
class Step:
    """One page of the course with its checks; `page` is Markdown, `folder` is where it stands.

    `undo` starts it over. A step that only sets going or watches what stays in AWS's history has
    none: `follows` is the slug of the step from which it can be seen anew.
    """

    slug: str
    title: str
    chapter: str
    minutes: int
    page: str
    folder: Path
    checks: tuple[Check, ...] = ()
    do: Do | None = None
    asks: Callable[[Lab], list[Question]] | None = None
    undo: Do | None = None
    follows: str = ""

    @property
    def claims(self) -> list[str]:
        """What will be looked at, in order: the first paragraph of each check's docstring."""
        return [claim_of(check) for check in self.checks]

    def questions(self, lab: Lab) -> list[Question]:
        """What this step asks the attendee; the options may come from their own account."""
        return self.asks(lab) if self.asks else []


def claim_of(act: Check | Do) -> str:
    """The claim that a check judges, or what a `do` does, as one line."""
    paragraph = (inspect.getdoc(act) or act.__name__).split("\n\n")[0]
    return " ".join(paragraph.split())


def look(step: Step, lab: Lab) -> list[Finding]:
    """Run the checks in order; the first gap ends the look. Bugs in a check propagate."""
    findings: list[Finding] = []
    with one_moment():
        for check in step.checks:
            if findings and findings[-1].state != State.PASSED:
                findings.append(Finding(claim_of(check), State.NOT_LOOKED_AT))
            else:
                findings.append(_judge(check, lab))
    return findings


def glance(step: Step, lab: Lab, known: list[Finding]) -> list[Finding]:
    """What a look would find, at less cost: what held is taken to hold while the first gap is open.

    `known` has a finding for each claim, as the last look left it.
    """
    place = next((at for at, one in enumerate(known) if one.state != State.PASSED), len(known))
    if place == len(known):
        return look(step, lab)
    with one_moment():
        gap = _judge(step.checks[place], lab)
        if gap.state == State.PASSED:
            return look(step, lab)
    return [*known[:place], gap, *(Finding(one.claim, State.NOT_LOOKED_AT) for one in known[place + 1 :])]


def settled(step: Step, lab: Lab, seconds: float = 300) -> list[Finding]:
    """Look until nothing is waited for any more, or time is up."""
    findings: list[Finding] = []
    for _ in lab.waits(seconds, f"“{step.title}”"):
        findings = look(step, lab)
        if not any(finding.state == State.WAITING for finding in findings):
            break
    return findings


def passed(findings: list[Finding]) -> bool:
    """Whether everything that was claimed holds; a step without claims is passed by reading it."""
    return all(finding.state == State.PASSED for finding in findings)


def holds(lab: Lab, *checks: Check) -> bool:
    """Whether these checks pass: what a `do` asks before it changes anything. Refusals propagate."""
    try:
        for check in checks:
            check(lab)
    except (NotYet, Waiting):
        return False
    return True


def _judge(check: Check, lab: Lab) -> Finding:
    claim = claim_of(check)
    try:
        saw = check(lab)
        return Finding(claim, State.PASSED, saw=str(saw), see=saw.see if isinstance(saw, Seen) else ())
    except NotYet as gap:
        return Finding(claim, State.NOT_YET, saw=gap.saw, hint=gap.hint, hints=gap.hints, see=gap.see)
    except Waiting as pause:
        return Finding(claim, State.WAITING, saw=pause.what, since=pause.since)
    except REFUSALS as error:
        code, message, advice = refusal(error)
        return Finding(claim, State.UNKNOWN, saw=message, hint=advice, code=code)
