"""What attendees did, as it happened; where each of them stands is computed from that."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.config import Backend
from workshop.models import EnrolmentRow, EventRow, HappeningRow, KeptOutRow, hold_event, hold_person
from workshop.step import Finding, State, Step, passed
from workshop.trail import Entry, Trail, Trails
from workshop.watch.sights import Sights
from workshop.watch.standing import Mark

__all__ = ["Answers", "Enrolled", "HandleTaken", "Look", "Mark", "NoPlace", "Place", "Progress"]

LOOKS = ("looked", "passed", "unsure")
WHO = select(EnrolmentRow, EventRow.region, EventRow.prefix, EventRow.chapters).outerjoin(
    EventRow, EventRow.id == EnrolmentRow.event
)
# Asked with every request: to put a question together takes longer than to have it answered.
BY_TICKET = WHO.where(EnrolmentRow.ticket == bindparam("ticket"))


class HandleTaken(Exception):
    """Somebody has joined under this handle already."""


class NoPlace(Exception):
    """The event is full, or its AWS has no account left to hand out."""


@dataclass(frozen=True)
class Place:
    """Where somebody joins: an event with so many places, and what its AWS hands out."""

    event: int
    capacity: int
    backends: tuple[Backend, ...]


@dataclass(frozen=True)
class Enrolled:
    """Somebody who joined; `ticket` is what their cookie holds, `keys` are sealed.

    What their event decides comes with it; without an event (None) those are empty.
    """

    id: int
    handle: str
    name: str
    ticket: str
    account: str
    keys: str
    event: int | None = None
    backend: str = ""
    region: str = ""
    prefix: str = ""
    chapters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """What was found, when, and whether it was a look after "Do it for me"."""

    findings: tuple[Finding, ...]
    at: datetime


@dataclass(frozen=True)
class Happening:
    """One thing that happened, as it stands in the record."""

    at: datetime
    kind: str
    slug: str
    by: str
    claim: str
    found: str
    details: dict[str, Any]


class Progress:
    """The record of everybody, in one database."""

    def __init__(self, engine: Engine, first_account: int) -> None:
        self._engine = engine
        self._first_account = first_account
        self._sights = Sights(engine)
        self._trails = Trails(engine)

    def enrol(self, handle: str, name: str, place: Place | None = None) -> Enrolled:
        """Add somebody, with an account of their own. Raises HandleTaken, NoPlace."""
        ticket = secrets.token_urlsafe(24)
        # The account is known once the row is there; until then it has one that nobody else has.
        row = EnrolmentRow(handle=handle, name=name, ticket=ticket, account=ticket[:12], keys="")
        with Session(self._engine, expire_on_commit=False) as session:
            pool = _placed(session, row, place) if place else ()
            session.add(row)
            try:
                session.flush()
            except IntegrityError:
                raise HandleTaken(handle) from None
            row.account = _left(session, row, pool) if pool else str(self._first_account + row.id - 1)
            session.add(HappeningRow(enrolment=row.id, kind="joined"))
            try:
                session.commit()
            except IntegrityError:  # at another event somebody has just been handed the same account
                return self.enrol(handle, name, place)
        joined = self.by_id(row.id)
        assert joined
        return joined

    def by_ticket(self, ticket: str) -> Enrolled | None:
        """Who holds this ticket."""
        return self._first(BY_TICKET, ticket=ticket)

    def by_handle(self, handle: str, event: int | None = None) -> Enrolled | None:
        """Who joined under this handle, alone or in an event."""
        return self._one(EnrolmentRow.handle == handle, EnrolmentRow.event.is_not_distinct_from(event))

    def by_id(self, number: int) -> Enrolled | None:
        """Who has this number."""
        return self._one(EnrolmentRow.id == number)

    def latest(self) -> Enrolled | None:
        """Who joined last."""
        return self._first(WHO.order_by(EnrolmentRow.id.desc()).limit(1))

    def of_event(self, event: int) -> list[Enrolled]:
        """Everybody who joined an event, in the order in which they did."""
        with Session(self._engine) as session:
            found = session.execute(WHO.where(EnrolmentRow.event == event).order_by(EnrolmentRow.id))
            return [_enrolled(*row) for row in found]

    def _one(self, *conditions: Any) -> Enrolled | None:
        return self._first(WHO.where(*conditions))

    def _first(self, query: Any, **values: object) -> Enrolled | None:
        with Session(self._engine) as session:
            row = session.execute(query, values).first()
            return _enrolled(*row) if row else None

    def new_ticket(self, enrolment: int) -> None:
        """Let every browser that somebody has joined with be out."""
        change = update(EnrolmentRow).where(EnrolmentRow.id == enrolment)
        with Session(self._engine) as session:
            session.execute(change.values(ticket=secrets.token_urlsafe(24)))
            session.commit()

    def keep_keys(self, enrolment: int, sealed: str, again: bool) -> None:
        """Remember the keys of a prepared account; `again` where it had to be started afresh."""
        with Session(self._engine) as session:
            session.execute(update(EnrolmentRow).where(EnrolmentRow.id == enrolment).values(keys=sealed))
            session.add(HappeningRow(enrolment=enrolment, kind="afresh" if again else "prepared"))
            session.commit()

    def trail(self, enrolment: int) -> Trail:
        """What happened to somebody, in order, up to now."""
        return self._trails.of(enrolment)

    def emptied(self, enrolment: int, **why: str) -> None:
        """The account has been emptied: its keys open nothing any more, and what was found is gone."""
        with Session(self._engine) as session:
            session.execute(update(EnrolmentRow).where(EnrolmentRow.id == enrolment).values(keys=""))
            session.add(HappeningRow(enrolment=enrolment, kind="afresh", details=why))
            session.commit()

    def afresh(self, enrolment: int) -> int:
        """A number that grows each time the account is started afresh; 0 if it never was.

        What was there before is gone, so whatever was found before it no longer counts.
        """
        last = self.trail(enrolment).afresh
        return last.id if last else 0

    def afresh_at(self, enrolment: int) -> datetime | None:
        """When the account was last started afresh."""
        last = self.trail(enrolment).afresh
        return last.at if last else None

    def afresh_why(self, enrolment: int) -> dict[str, str]:
        """Who had the account started afresh the last time, and why; empty where AWS had lost it."""
        wanted = select(HappeningRow.details).where(HappeningRow.id == self.afresh(enrolment))
        with Session(self._engine) as session:
            return dict(session.scalar(wanted) or {})

    def record(self, enrolment: int, kind: str, slug: str = "", **details: Any) -> None:
        """Add one thing that happened."""
        self._add(HappeningRow(enrolment=enrolment, kind=kind, slug=slug, details=details))

    def _add(self, row: HappeningRow) -> None:
        with Session(self._engine) as session:
            session.add(row)
            session.commit()

    def record_while(
        self, holds: Callable[[], bool], enrolment: int, kind: str, slug: str, **details: Any
    ) -> None:
        """Add it where that holds, also when another tab adds the same at this moment."""
        row = HappeningRow(enrolment=enrolment, kind=kind, slug=slug, details=details)
        self._add_while(holds, row)

    def _add_while(self, holds: Callable[[], bool], row: HappeningRow) -> bool:
        """The same; whether it was added. Nobody is held up where there is nothing to add."""
        if not holds():
            return False
        with Session(self._engine) as session:
            hold_person(session, row.enrolment)
            if not holds():
                return False
            session.add(row)
            session.commit()
            return True

    def record_once(self, enrolment: int, kind: str, slug: str) -> None:
        """Add it unless it has happened before."""
        self.record_while(lambda: not self.trail(enrolment).ever(kind, slug), enrolment, kind, slug)

    def looked(self, enrolment: int, slug: str, findings: list[Finding], by: str = "attendee") -> bool:
        """Add what a look found, unless the last one found the very same; whether it was added."""
        details = {"by": by, "findings": [_plain(finding) for finding in findings]}
        gap = next((one for one in findings if one.state != State.PASSED), None)
        claim, found = (gap.claim, gap.state.value) if gap else ("", "")
        row = HappeningRow(
            enrolment=enrolment,
            kind=_outcome(findings),
            slug=slug,
            by=by,
            claim=claim,
            found=found,
            details=details,
        )

        def is_news() -> bool:
            last = self.last_look(enrolment, slug)
            return last is None or last.findings != tuple(findings)

        news = self._add_while(is_news, row)
        self._sights.note(enrolment, slug, news)
        return news

    def last_look(self, enrolment: int, slug: str) -> Look | None:
        """What the last look at a step found, since the account or the step was started afresh."""
        for look, details in self._last_look(enrolment, slug):
            return Look(tuple(_finding(found) for found in details["findings"]), look.at)
        return None

    def evidence(self, enrolment: int, slug: str) -> list[dict[str, Any]]:
        """The same as it stands in the record; empty where nobody has looked."""
        return [found for _, details in self._last_look(enrolment, slug) for found in details["findings"]]

    def _last_look(self, enrolment: int, slug: str) -> list[tuple[Entry, dict[str, Any]]]:
        looks = self.trail(enrolment).at_step(slug, LOOKS)[-1:]
        return list(zip(looks, self._trails.details(looks), strict=True))

    def findings(self, enrolment: int, step: Step) -> list[Finding]:
        """What was last found of each claim; a course that has changed since shows its own claims."""
        look = self.last_look(enrolment, step.slug)
        found = {finding.claim: finding for finding in look.findings} if look else {}
        return [found.get(claim, Finding(claim, State.NOT_LOOKED_AT)) for claim in step.claims]

    def happened(self, enrolment: int, slug: str, *kinds: str) -> list[dict[str, Any]]:
        """The details of what happened at a step since it was started over, in order."""
        return self._trails.details(self.trail(enrolment).at_step(slug, kinds))

    def story(self, enrolment: int, most: int = 200) -> list[Happening]:
        """What happened to somebody, the newest first."""
        wanted = select(HappeningRow).where(HappeningRow.enrolment == enrolment)
        with Session(self._engine) as session:
            rows = session.scalars(wanted.order_by(HappeningRow.id.desc()).limit(most))
            return [
                Happening(row.at, row.kind, row.slug, row.by, row.claim, row.found, row.details)
                for row in rows
            ]

    def marks(self, enrolment: int) -> dict[str, Mark]:
        """Where somebody stands, by slug; a step that is not in it is still to do."""
        return self.trail(enrolment).marks

    def marks_of(self, people: Collection[int]) -> dict[int, dict[str, Mark]]:
        """The same of several at once, by enrolment."""
        return {one: trail.marks for one, trail in self._trails.of_several(people).items()}

    def mark(self, enrolment: int, slug: str) -> Mark:
        """Where somebody stands with one step."""
        return self.marks(enrolment).get(slug, Mark.TODO)

    def answers(self, enrolment: int) -> Answers:
        """What somebody answered in forms, as a mapping that keeps what is put into it."""
        return Answers(self._engine, enrolment)


class Answers(MutableMapping[str, str]):
    """One attendee's answers; each is added to the record, the newest counts."""

    def __init__(self, engine: Engine, enrolment: int) -> None:
        self._engine = engine
        self._enrolment = enrolment

    def _all(self) -> dict[str, str]:
        wanted = (
            select(HappeningRow.details)
            .where(HappeningRow.enrolment == self._enrolment, HappeningRow.kind == "answered")
            .order_by(HappeningRow.id)
        )
        with Session(self._engine) as session:
            given = {said["key"]: said["value"] for said in session.scalars(wanted)}
        return {key: value for key, value in given.items() if value is not None}

    def _say(self, key: str, value: str | None) -> None:
        said = {"key": key, "value": value}
        with Session(self._engine) as session:
            hold_person(session, self._enrolment)
            if self._all().get(key) != value:  # another tab may have said the same by now
                session.add(HappeningRow(enrolment=self._enrolment, kind="answered", details=said))
                session.commit()

    def __getitem__(self, key: str) -> str:
        return self._all()[key]

    def __setitem__(self, key: str, value: str) -> None:
        if self._all().get(key) != value:
            self._say(key, value)

    def __delitem__(self, key: str) -> None:
        if key not in self._all():
            raise KeyError(key)
        self._say(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _enrolled(row: EnrolmentRow, region: str | None, prefix: str | None, chapters: Any) -> Enrolled:
    return Enrolled(
        id=row.id,
        handle=row.handle,
        name=row.name,
        ticket=row.ticket,
        account=row.account,
        keys=row.keys,
        event=row.event,
        backend=row.backend,
        region=region or "",
        prefix=prefix or "",
        chapters=tuple(chapters or ()),
    )


def _placed(session: Session, row: EnrolmentRow, place: Place) -> tuple[str, ...]:
    """Give somebody a place in an event, and the AWS that has the fewest; the accounts it hands out.

    The event's row is held until the end, so that no two take the last place.
    """
    hold_event(session, place.event)
    many = select(EnrolmentRow.backend, func.count()).group_by(EnrolmentRow.backend)
    here = dict(session.execute(many.where(EnrolmentRow.event == place.event)).all())
    if sum(here.values()) >= place.capacity:
        raise NoPlace
    row.event = place.event
    chosen = min(place.backends, key=lambda one: here.get(one.name, 0))
    row.backend = chosen.name
    return chosen.accounts


def _left(session: Session, row: EnrolmentRow, pool: tuple[str, ...]) -> str:
    """An account of those that may be handed out which nobody has, and which is empty. Raises NoPlace."""
    used = select(EnrolmentRow.account).where(EnrolmentRow.backend == row.backend)
    full = select(KeptOutRow.account).where(KeptOutRow.backend == row.backend)
    taken = set(session.scalars(used.union(full)))
    for account in pool:
        if account not in taken:
            return account
    raise NoPlace


def _outcome(findings: list[Finding]) -> str:
    """A look that found no gap, but did not see everything hold either, says nothing of the work."""
    if passed(findings):
        return "passed"
    gaps = any(finding.state == State.NOT_YET for finding in findings)
    return "looked" if gaps else "unsure"


def _plain(finding: Finding) -> dict[str, Any]:
    return asdict(finding) | {"since": finding.since.isoformat() if finding.since else None}


def _finding(plain: dict[str, Any]) -> Finding:
    since = datetime.fromisoformat(plain["since"]) if plain["since"] else None
    lists = {key: tuple(plain.get(key, ())) for key in ("hints", "see")}
    return Finding(**(plain | {"state": State(plain["state"]), "since": since} | lists))
