"""The whole log of a build, sorted into its phases, with the line that tells why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from workshop.lab import Lab, Refused, code_of
from workshop.language.tongue import gettext

REFUSAL = re.compile(r"AccessDenied|not authorized")
FAULT = re.compile(r"AccessDenied|not authorized|\berror\b|\bERR!|exit status [1-9]|not ok \d", re.IGNORECASE)
NOISE = re.compile(
    r"Phase complete|Phase context status code|Expanding .* base directory|\(\d+\.\d+%\)|\b0 errors?\b"
)
ENTERING = re.compile(r"(?:Entering phase|Phase is) (\w+)\s*$")
AGENT = re.compile(r"^\[Container\] \S+ (\S+) ")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SHEET = 500
PAGES = 10
LONGEST_LINE = 2000


class NoLog(Exception):
    """The build has left no log; the text says so."""


@dataclass(frozen=True)
class Line:
    """One line: its number from 1, the phase that it stands in, and whether it tells the fault."""

    number: int
    words: str
    phase: str = ""
    opens: bool = False
    fault: bool = False


@dataclass(frozen=True)
class Phase:
    """A phase of the build: how it ended, seconds it took, the line at which it begins (0: none)."""

    name: str
    status: str
    seconds: float | None
    line: int = 0
    words: str = ""


@dataclass(frozen=True)
class Log:
    """A build's log. `cut` where it is so long that its beginning was not read."""

    build: str
    status: str
    phases: tuple[Phase, ...]
    lines: tuple[Line, ...]
    cut: bool = False

    @property
    def fault(self) -> Line | None:
        return next((line for line in self.lines if line.fault), None)

    @property
    def sheets(self) -> int:
        return max(1, -(-len(self.lines) // SHEET))

    def sheet_of(self, number: int) -> int:
        """The sheet, from 1, on which a line stands."""
        return max(1, -(-number // SHEET))

    def sheet(self, number: int) -> tuple[Line, ...]:
        """The lines of one sheet, from 1."""
        return self.lines[(number - 1) * SHEET : number * SHEET]


def read(lab: Lab, build: str) -> Log:
    """The log of a build ("project:uuid"). Raises NoLog; AWS's refusals are botocore's own."""
    found = lab.client("codebuild").batch_get_builds(ids=[build])["builds"]
    if not found:
        raise NoLog(gettext("There is no build %(build)s.", build=build))
    where = found[0].get("logs", {})
    if not where.get("streamName"):
        raise NoLog(gettext("The build has left no log: its role has to be allowed to write one."))
    texts, cut = _texts(lab.client("logs"), where["groupName"], where["streamName"])
    return sorted_out(build, found[0]["buildStatus"], _phases(found[0]), texts, cut)


def _texts(logs: Any, group: str, stream: str) -> tuple[list[str], bool]:
    """The messages of a stream, read from its end (there it says what failed); whether more is before."""
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    for _ in range(PAGES):
        try:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream, **token)
        except Refused as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise NoLog(gettext("The log is not there yet: look again in a moment.")) from None
        if not page["events"] or page["nextBackwardToken"] == token.get("nextToken"):
            return _joined(pages), False
        pages.append([event["message"] for event in page["events"]])
        token = {"nextToken": page["nextBackwardToken"]}
    return _joined(pages), True


def _joined(pages: list[list[str]]) -> list[str]:
    return [message for page in reversed(pages) for message in page]


def _phases(build: dict[str, Any]) -> list[Phase]:
    return [
        Phase(
            one["phaseType"],
            one.get("phaseStatus", ""),
            one.get("durationInSeconds"),
            words=next((c["message"] for c in one.get("contexts", []) if c.get("message")), ""),
        )
        for one in build.get("phases", [])
        if one["phaseType"] != "COMPLETED"
    ]


def sorted_out(build: str, status: str, phases: list[Phase], texts: list[str], cut: bool = False) -> Log:
    """The log made of raw messages: numbered, told apart by phase, its fault marked."""
    lines = list(_numbered(texts))
    first = {line.phase: line.number for line in reversed(lines) if line.opens}
    placed = tuple(replace(phase, line=first.get(phase.name, 0)) for phase in phases)
    failed = {phase.name for phase in phases if phase.status not in ("", "SUCCEEDED")}
    fault = fault_of(lines, failed) if status not in ("SUCCEEDED", "IN_PROGRESS") else 0
    marked = tuple(replace(line, fault=True) if line.number == fault else line for line in lines)
    return Log(build, status, placed, marked, cut)


def _numbered(texts: list[str]) -> Iterator[Line]:
    phase = ""
    written = (line for text in texts for line in text.rstrip("\r\n").split("\n"))
    for number, words in enumerate(written, 1):
        entering = ENTERING.search(words)
        phase = entering[1] if entering else phase
        yield Line(number, plain(words), phase, opens=bool(entering))


def fault_of(lines: list[Line], failed: set[str]) -> int:
    """The number of the line that tells why; 0 where none does.

    Looked for in the phase that failed, for a phase that went well may speak of errors too; a
    refusal by AWS tells more than a command's exit status.
    """
    inside = [line for line in lines if line.phase in failed] or lines
    told = [line for line in inside if FAULT.search(line.words) and not NOISE.search(line.words)]
    refused = [line for line in told if REFUSAL.search(line.words)]
    return next((line.number for line in (*refused, *told)), 0)


def plain(words: str) -> str:
    """A line without colours and without characters that could disturb how it is shown."""
    seen = words.rstrip("\r").rpartition("\r")[2]  # as a terminal shows what is written over again
    shown = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", COLOURS.sub("", seen.expandtabs()))
    shown = AGENT.sub(lambda found: f"[{found[1][:8]}] ", shown)
    if len(shown) <= LONGEST_LINE:
        return shown
    return f"{shown[:LONGEST_LINE]} … ({len(shown) - LONGEST_LINE} characters more)"
