"""What a facilitator types about an event, as it stands in the form, and what is understood of it.

Everything that cannot be understood is told at once, each by its field; nothing that was typed is
lost. Times are typed in the zone that the browser names, UTC where it names none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from workshop.config import Backend, Config
from workshop.course import Course
from workshop.language.tongue import enumerated, gettext, told
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.invites import Invite, looked_over

LONGEST_NAME = 120
LONGEST_WELCOME = 2000
MOST_PEOPLE = 5000
USUAL = 40
LASTS = timedelta(hours=3)
QUARTER = timedelta(minutes=15)
REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,3}-\d")
PREFIX = re.compile(r"[a-z][a-z0-9]{1,7}")
RESERVED = ("aws", "amazon", "sthree", "xn")  # S3 takes no bucket whose name begins so, or AWS keeps it
# Where CodeCommit, CodeBuild, CodePipeline, CloudFormation, Lambda and API Gateway all are.
REGIONS: Mapping[str, str] = {
    "eu-central-1": "Frankfurt",
    "eu-west-1": "Ireland",
    "eu-west-2": "London",
    "eu-west-3": "Paris",
    "eu-north-1": "Stockholm",
    "eu-south-1": "Milan",
    "us-east-1": "N. Virginia",
    "us-east-2": "Ohio",
    "us-west-1": "N. California",
    "us-west-2": "Oregon",
    "ca-central-1": "Canada",
    "sa-east-1": "São Paulo",
    "af-south-1": "Cape Town",
    "me-south-1": "Bahrain",
    "ap-south-1": "Mumbai",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Sydney",
    "ap-northeast-1": "Tokyo",
    "ap-northeast-2": "Seoul",
    "ap-east-1": "Hong Kong",
}


class Unclear(Exception):
    """What was typed cannot be understood: words for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Terms:
    """What can be chosen: chapters (those that later ones stand on: `makes`), ways to an AWS, who is in."""

    chapters: tuple[str, ...]
    makes: frozenset[str] = frozenset()
    ways: Mapping[str, Backend] = field(default_factory=dict)
    joined: int = 0
    now: Event | None = None


@dataclass(frozen=True)
class Typed:
    """The form, field by field, as it stands there."""

    name: str = ""
    starts: str = ""
    ends: str = ""
    zone: str = "UTC"
    region: str = ""
    prefix: str = ""
    capacity: str = ""
    welcome: str = ""
    invited: str = ""
    version: str = ""
    chapters: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    gated: bool = False
    invited_only: bool = False
    gaps: bool = False  # leave chapters out on which others stand

    def filled(self, form: Mapping[str, Sequence[str]]) -> Typed:
        """The same with what was sent; a text that was not is left as it is, a tick is taken away."""
        texts = {
            key: form[key][0] for key, kept in vars(self).items() if isinstance(kept, str) and key in form
        }
        ticks = {key: key in form for key, kept in vars(self).items() if isinstance(kept, bool)}
        lists = {key: tuple(form.get(key, ())) for key, kept in vars(self).items() if isinstance(kept, tuple)}
        return replace(self, **texts, **ticks, **lists)  # type: ignore[arg-type]


def fresh(terms: Terms, at: datetime, region: str, prefix: str) -> Typed:
    """A form in which only the name is missing."""
    starts = at.astimezone(UTC) + QUARTER
    starts = starts.replace(minute=starts.minute // 15 * 15, second=0, microsecond=0)
    return Typed(
        starts=written(starts),
        ends=written(starts + LASTS),
        region=region,
        prefix=prefix,
        capacity=str(USUAL),
        chapters=terms.chapters,
        backends=tuple(terms.ways),
    )


def of(event: Event, terms: Terms, invited: Sequence[Invite]) -> Typed:
    """The form of an event as it is."""
    return Typed(
        name=event.name,
        starts=written(event.starts),
        ends=written(event.ends),
        region=event.region,
        prefix=event.prefix,
        capacity=str(event.capacity),
        welcome=event.welcome,
        invited="\n".join(f"{one.handle},{one.name}" if one.name else one.handle for one in invited),
        version=str(event.version),
        chapters=event.chapters or terms.chapters,
        backends=event.backends or tuple(terms.ways),
        gated=event.gated,
        invited_only=event.invited_only,
    )


def terms_of(
    course: Course, ways: Mapping[str, Backend], joined: int = 0, event: Event | None = None
) -> Terms:
    """What can be chosen of this course, over these ways to an AWS."""
    makes = frozenset(one.title for one in course.chapters if any(step.do for step in one.steps))
    return Terms(tuple(one.title for one in course.chapters), makes, ways, joined, event)


def from_words(said: Mapping[str, str | bool | None], course: Course, config: Config) -> Draft:
    """An event from what was said of it; the rest as in a fresh form. Raises Unclear."""
    terms, at = terms_of(course, config.ways), datetime.now(UTC)
    start = fresh(terms, at, config.region, config.prefix)
    start = replace(start, starts=f"{start.starts}Z", ends=f"{start.ends}Z")  # whatever zone is said
    given = {key: value for key, value in said.items() if value is not None}
    return understood(replace(start, **given), terms, at)  # type: ignore[arg-type]


def in_utc(typed: Typed, key: str) -> str:
    """A time that was typed in some zone, as it would be typed in UTC."""
    return written(_Reading(typed, Terms(()), datetime.now(UTC)).time(key))


def written(at: datetime) -> str:
    """A time as browsers' fields write it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def understood(typed: Typed, terms: Terms, at: datetime) -> Draft:
    """What it says. Raises Unclear with everything that it does not say clearly."""
    reading = _Reading(typed, terms, at)
    draft = Draft(
        name=reading.name(),
        starts=reading.time("starts"),
        ends=reading.end(),
        region=reading.region(),
        prefix=reading.prefix(),
        capacity=reading.capacity(),
        chapters=reading.chapters(),
        gated=typed.gated,
        welcome=reading.welcome(),
        backends=reading.backends(),
        invited_only=reading.invited_only(),
    )
    if reading.problems:
        raise Unclear(reading.problems)
    return draft


def missing(typed: Typed, terms: Terms) -> list[str]:
    """Chapters that are left out although chosen ones stand on what is made in them."""
    last = max((place for place, title in enumerate(terms.chapters) if title in typed.chapters), default=0)
    return [title for title in terms.chapters[:last] if title not in typed.chapters and title in terms.makes]


class _Reading:
    """Reads one field after another, and keeps what is wrong with each."""

    def __init__(self, typed: Typed, terms: Terms, at: datetime) -> None:
        self._typed = typed
        self._terms = terms
        self._at = at
        self.problems: dict[str, str] = {}

    def _no(self, key: str, words: str) -> None:
        self.problems.setdefault(key, words)

    def name(self) -> str:
        name = " ".join(self._typed.name.split())
        if not name:
            self._no("name", gettext("Give the event a name: people see it when they join."))
        if len(name) > LONGEST_NAME:
            self._no("name", gettext("That is longer than %(most)s characters.", most=LONGEST_NAME))
        return name

    def time(self, key: str) -> datetime:
        """A time in UTC; any time at all where it cannot be read."""
        try:
            typed = datetime.fromisoformat(getattr(self._typed, key))
            zoned = typed if typed.tzinfo else typed.replace(tzinfo=self._zone())
            return zoned.astimezone(UTC)
        except (ValueError, OverflowError):
            self._no(key, gettext("That is not a date and a time, such as 2026-11-28 14:00."))
            return self._at

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self._typed.zone or "UTC")
        except (ValueError, OSError, KeyError):  # no such zone, or a name that is none
            self._no(
                "starts", gettext("The time zone of your browser is not known here: give the times in UTC.")
            )
            return ZoneInfo("UTC")

    def end(self) -> datetime:
        ends, starts = self.time("ends"), self.time("starts")
        if self.problems.keys() & {"starts", "ends"}:
            return ends
        if ends <= starts:
            self._no("ends", gettext("It ends before it starts. Choose a later time."))
        elif ends <= self._at and self._terms.now is None:
            self._no("ends", gettext("That is over already. Choose a time to come."))
        return ends

    def region(self) -> str:
        region = self._typed.region.strip().lower()
        self._settled("region", region)
        if not REGION.fullmatch(region):
            self._no("region", gettext("That is not a region of AWS. It looks like eu-west-1."))
        return region

    def prefix(self) -> str:
        prefix = self._typed.prefix.strip()
        self._settled("prefix", prefix)
        if not PREFIX.fullmatch(prefix):
            self._no("prefix", gettext("A prefix is 2 to 8 small letters and digits, a letter first: pg23."))
        if prefix.startswith(RESERVED):
            self._no("prefix", gettext("AWS takes no names that begin so. Choose another prefix."))
        return prefix

    def _settled(self, key: str, wanted: object) -> None:
        """What stands in the names of what people have made cannot be changed under them."""
        if self._terms.now and self._terms.joined and wanted != getattr(self._terms.now, key):
            self._no(
                key,
                gettext(
                    "Somebody has joined, and what they make in AWS stands on this: it stays “%(value)s”.",
                    value=_shown(getattr(self._terms.now, key)),
                ),
            )

    def capacity(self) -> int:
        typed = self._typed.capacity.strip()
        if not (typed.isascii() and typed.isdigit()) or not 1 <= int(typed[:9]) <= MOST_PEOPLE:
            self._no(
                "capacity", gettext("How many people at most? A number from 1 to %(most)s.", most=MOST_PEOPLE)
            )
            return 1
        places = int(typed)
        if places < self._terms.joined:
            self._no("capacity", gettext("%(count)s have joined already.", count=self._terms.joined))
        handed = [len(self._terms.ways[name].accounts) for name in self.backends() or self._terms.ways]
        if handed and all(handed) and sum(handed) < places:
            self._no(
                "capacity", gettext("The AWS of this event hands out %(count)s accounts.", count=sum(handed))
            )
        return places

    def chapters(self) -> tuple[str, ...]:
        chosen = tuple(title for title in self._terms.chapters if title in self._typed.chapters)
        if not chosen:
            self._no("chapters", gettext("Choose at least one chapter."))
        lacking = missing(self._typed, self._terms)
        if lacking and not self._typed.gaps:
            words = gettext(
                "Later chapters stand on what is made in %(chapters)s. Choose it too, or say that you leave"
                " it out: people can be caught up there, which does it for them.",
                chapters=enumerated([gettext("“%(title)s”", title=told(title)) for title in lacking]),
            )
            self._no("chapters", words)
        return () if chosen == self._terms.chapters else chosen

    def welcome(self) -> str:
        welcome = self._typed.welcome.strip().replace("\r\n", "\n")
        if len(welcome) > LONGEST_WELCOME:
            self._no("welcome", gettext("That is longer than %(most)s characters.", most=LONGEST_WELCOME))
        return welcome

    def backends(self) -> tuple[str, ...]:
        """Those that were chosen; none stands for all that there are."""
        chosen = tuple(name for name in self._terms.ways if name in self._typed.backends)
        kept = () if chosen == tuple(self._terms.ways) else chosen
        if len(self._terms.ways) > 1 and not chosen:
            self._no("backends", gettext("Choose at least one AWS."))
        if len(self._terms.ways) > 1:
            self._settled("backends", kept)
        return self._terms.now.backends if self._terms.now and len(self._terms.ways) == 1 else kept

    def invited_only(self) -> bool:
        invites, problems = looked_over(self._typed.invited)
        if problems:
            self._no("invited", "\n".join(problems))
        elif self._typed.invited_only and not invites:
            self._no(
                "invited",
                gettext("The list is empty, so nobody could join: name somebody, or let everybody in."),
            )
        return self._typed.invited_only


def _shown(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
