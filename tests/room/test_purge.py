"""A deleted event is gone for good after its minute: nothing points to it or to its people any more."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import DateTime, Engine, Table, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean, Float, Integer

from tests.room.test_events import at_once, draft
from workshop.config import Backend, Config
from workshop.jobs import Jobs
from workshop.labs import Labs
from workshop.models import (
    AuditRow,
    Base,
    BudgetRow,
    EventRow,
    FacilitatorRow,
    JobRow,
    Moment,
    now,
)
from workshop.progress import Enrolled, NoPlace, Place, Progress
from workshop.room.departure import Departures
from workshop.room.events import Events
from workshop.room.pool import Account, due, keep_out, kept_out
from workshop.room.purge import belonging, purge
from workshop.room.staff import Staff
from workshop.vault import Vault
from workshop.work.janitor import TRIES, Janitor

STAY = {
    "kept_out",
    "audits",
    "facilitators",
    "attempts",
    "workers",
    "backends",
    "budgets",
    "events",
    "enrolments",
}
MINUTE = timedelta(seconds=61)


class Room:
    """An event with two people, a row of theirs in every table; and others, who are to stay."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.events = Events(engine)
        self.progress = Progress(engine, 800000000001)
        self.event, self.other = self.events.make(draft()).id, self.events.make(draft()).id
        self.gone = [self._joins(name, self.event) for name in ("paulf", "anac")]
        self.stay = [self._joins("paulf", self.other), self.progress.enrol("paulf", "Paul")]
        with Session(engine) as session:
            session.add(FacilitatorRow(login="maria", name="Maria"))
            session.commit()
        for event, people in ((self.event, self.gone), (self.other, self.stay)):
            self._fill(event, people)

    def _joins(self, handle: str, event: int) -> Enrolled:
        joined = self.progress.enrol(handle, handle.title(), Place(event, 9, (Backend(),)))
        self.progress.keep_keys(joined.id, "sealed", again=False)
        return joined

    def _fill(self, event: int, people: list[Enrolled]) -> None:
        """A row in every table that points to an event or to its people, whatever tables there are."""
        with self.engine.begin() as connection:
            known: dict[str, list[Any]] = {"events": [event], "enrolments": [one.id for one in people]}
            known["facilitators"] = [1]
            for table in Base.metadata.sorted_tables:
                if table.name in STAY:
                    continue
                for person in people[:1] if "enrolment" not in table.c else people:
                    known.setdefault(table.name, []).append(self._add(connection, table, known, person))
            for person in people:
                budget = {"account": person.account, "calls": 1.0, "at": now(), "until": now(), "strikes": 0}
                connection.execute(insert(Base.metadata.tables["budgets"]).values(**budget))
            audit = {"event": event, "enrolment": people[0].id, "what": "helped", "reason": "Paul asked"}
            connection.execute(insert(AuditRow).values(**audit, details={"name": "Paul"}, at=now()))

    @staticmethod
    def _add(connection: Any, table: Table, known: dict[str, list[Any]], person: Enrolled) -> Any:
        row: dict[str, Any] = {}
        for column in table.c:
            (key,) = column.foreign_keys or (None,)
            if key is not None:
                target = key.column.table.name
                row[column.name] = person.id if target == "enrolments" else known[target][-1]
            elif column.primary_key and isinstance(column.type, Integer):
                continue
            elif not column.nullable:
                row[column.name] = filler(column.type, f"{table.name}-{person.id}")
        return connection.execute(insert(table).values(**row)).inserted_primary_key[0]

    def rows(self, event: int) -> dict[str, int | None]:
        """How many rows of each table belong to an event."""
        found = {}
        with self.engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                theirs = belonging(table, event)
                if theirs is not None:
                    found[table.name] = connection.scalar(
                        select(func.count()).select_from(table).where(theirs)
                    )
        return found

    def everything_of(self, people: list[Enrolled]) -> dict[str, list[Any]]:
        numbers = [one.id for one in people]
        with self.engine.connect() as connection:
            return {
                table.name: list(connection.execute(select(table).where(column.in_(numbers))))
                for table in Base.metadata.sorted_tables
                for column in table.c
                if column.name == "enrolment" or (table.name, column.name) == ("enrolments", "id")
            }

    def delete(self, ago: timedelta = MINUTE) -> None:
        self.events.delete(self.event)
        with Session(self.engine) as session:
            session.execute(update(EventRow).where(EventRow.id == self.event).values(deleted=now() - ago))
            session.commit()

    def claim(self) -> datetime:
        until = now() + timedelta(minutes=1)
        with Session(self.engine) as session:
            session.execute(update(EventRow).where(EventRow.id == self.event).values(purging=until))
            session.commit()
        return until

    def janitor(self, removal: str = "true {account}", folder: Path = Path("unused")) -> Janitor:
        config = Config(state=folder, secret="x", account_removal=removal)
        return Janitor(self.engine, self.progress, Labs(config, self.progress, Vault("x")), Jobs(self.engine))

    def there(self) -> bool:
        with Session(self.engine) as session:
            return session.get(EventRow, self.event) is not None

    def purges(self) -> list[AuditRow]:
        with Session(self.engine) as session:
            return list(session.scalars(select(AuditRow).where(AuditRow.what == "purged")))


def filler(kind: Any, unique: str) -> Any:
    if isinstance(kind, (Moment, DateTime)):
        return now()
    if isinstance(kind, (Boolean, Integer, Float)):
        return 1
    return [] if kind.__class__.__name__ == "JSON" else unique[: getattr(kind, "length", None) or 99]


@pytest.fixture
def room(engine: Engine) -> Room:
    return Room(engine)


def test_of_a_purged_event_no_row_is_left_and_all_others_are_untouched(room: Room) -> None:
    filled = room.rows(room.event)
    assert [name for name, many in filled.items() if not many] == [], "the test has a row in every table"
    before = room.everything_of(room.stay), room.rows(room.other)
    room.delete()
    assert purge(room.engine, room.event, room.claim(), people=2)
    assert set(room.rows(room.event).values()) == {0}
    left = room.everything_of(room.gone)
    assert [name for name, rows in left.items() if rows and name != "audits"] == []
    assert (room.everything_of(room.stay), room.rows(room.other)) == before
    assert room.progress.by_handle("paulf") is not None
    with Session(room.engine) as session:
        budgets = set(session.scalars(select(BudgetRow.account)))
        assert budgets == {one.account for one in room.stay}


def test_what_facilitators_did_stays_without_names(room: Room) -> None:
    room.delete()
    purge(room.engine, room.event, room.claim(), people=2, accounts_not_emptied=[])
    with Session(room.engine) as session:
        rows = list(session.scalars(select(AuditRow).where(AuditRow.event == room.event)))
        assert [(row.what, row.reason, row.details) for row in rows] == [
            ("helped", "", {}),
            ("purged", "", {"people": 2, "accounts_not_emptied": []}),
        ]
        others = list(session.scalars(select(AuditRow.reason).where(AuditRow.event == room.other)))
    assert others == ["Paul asked"]


def test_what_can_still_be_had_back_is_left_alone(room: Room) -> None:
    room.delete(ago=timedelta(seconds=30))
    room.janitor().sweep()
    assert room.events.undelete(room.event)
    assert room.rows(room.event)["enrolments"] == 2
    assert not purge(room.engine, room.event, room.claim()), "it is not deleted"


def test_what_a_worker_has_begun_to_take_away_cannot_be_had_back(room: Room) -> None:
    room.delete(ago=timedelta(seconds=30))
    room.claim()
    assert not room.events.undelete(room.event)


def test_the_accounts_are_emptied_and_the_event_is_gone(room: Room, tmp_path: Path) -> None:
    room.delete()
    finish_jobs(room)
    room.janitor(f"touch {tmp_path}/{{account}}").sweep()
    assert {file.name for file in tmp_path.iterdir() if file.name.isdigit()} == {
        one.account for one in room.gone
    }
    assert not room.there()
    (told,) = room.purges()
    assert told.details == {"people": 2, "accounts_not_emptied": []}


@pytest.mark.parametrize("removal", ["false {account}", ""])
def test_an_account_that_cannot_be_emptied_is_tried_again_and_then_told(room: Room, removal: str) -> None:
    room.delete()
    finish_jobs(room)
    janitor = room.janitor(removal)
    for _ in range(TRIES):
        assert room.there()
        janitor.sweep()
        let_claims_end(room)
    janitor.sweep()
    assert not room.there()
    (told,) = room.purges()
    assert told.details["accounts_not_emptied"] == [one.account for one in room.gone]


class Pool:
    """An AWS that hands out one account, somebody who has it, and a command that empties it in time."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.empties = engine, folder / "empties"
        self.aws = Backend(name="aws", accounts=("1" * 12,), account_removal=f"test -e {self.empties}")
        self.progress, self.jobs = Progress(engine, 800000000001), Jobs(engine)
        config = Config(state=folder, secret="x", backends=(self.aws,))
        self.labs = Labs(config, self.progress, Vault("x"))
        self.here, self.there = Events(engine).make(draft()).id, Events(engine).make(draft()).id
        self.first = self.joins(self.here, "first")
        self.progress.keep_keys(self.first.id, "sealed", again=False)

    def joins(self, event: int, handle: str) -> Enrolled:
        joined = self.progress.enrol(handle, "", Place(event, 9, (self.aws,)))
        return self.progress.by_id(joined.id) or joined

    def sweep(self, later: timedelta) -> None:
        Janitor(self.engine, self.progress, self.labs, self.jobs, lambda: now() + later).sweep()


@pytest.fixture
def pool(engine: Engine, tmp_path: Path) -> Pool:
    return Pool(engine, tmp_path)


@pytest.mark.parametrize("leaves", [False, True])
def test_an_account_is_handed_to_nobody_until_it_has_been_emptied(pool: Pool, leaves: bool) -> None:
    if leaves:
        person = pool.progress.by_id(pool.first.id)
        assert person
        assert not Departures(pool.engine, pool.jobs, pool.labs).remove(person)
    else:
        Events(pool.engine).delete(pool.here)
        for hours in range(1, TRIES + 2):
            pool.sweep(timedelta(hours=hours))
    assert pool.progress.of_event(pool.here) == []
    assert [one for one, _ in kept_out(pool.engine)] == [Account("aws", "1" * 12)]
    pool.sweep(timedelta(hours=9))
    with pytest.raises(NoPlace):
        pool.joins(pool.there, "second")
    pool.empties.touch()
    pool.sweep(timedelta(hours=9))
    assert len(kept_out(pool.engine)) == 1, "it was tried a moment ago"
    pool.sweep(timedelta(hours=10))
    assert pool.joins(pool.there, "second").account == "1" * 12
    assert Staff(pool.engine).deeds()[0].details == {"account": "1" * 12}


def test_an_account_that_is_emptied_goes_back_at_once(pool: Pool) -> None:
    pool.empties.touch()
    person = pool.progress.by_id(pool.first.id)
    assert person
    assert Departures(pool.engine, pool.jobs, pool.labs).remove(person)
    assert kept_out(pool.engine) == []
    assert pool.joins(pool.there, "second").account == "1" * 12


def test_two_workers_at_once_try_an_account_once(pool: Pool) -> None:
    with Session(pool.engine) as session:
        keep_out(session, [Account("aws", "1" * 12)])
        session.commit()
    found: list[Account] = []
    assert at_once(4, lambda _: found.extend(due(pool.engine, now() + timedelta(hours=1)))) == []
    assert found == [Account("aws", "1" * 12)]


def test_an_account_that_nobody_else_is_handed_is_not_kept_out(room: Room) -> None:
    room.delete()
    finish_jobs(room)
    for _ in range(TRIES + 1):
        room.janitor("false").sweep()
        let_claims_end(room)
    assert not room.there()
    assert kept_out(room.engine) == []


def test_help_under_way_is_stopped_and_waited_for(room: Room) -> None:
    room.delete()
    finish_jobs(room, but=1)
    janitor = room.janitor()
    janitor.sweep()
    assert room.there()
    with Session(room.engine) as session:
        (job,) = session.scalars(
            select(JobRow).where(JobRow.ended.is_(None), JobRow.enrolment == room.gone[1].id)
        )
        assert job.stopping
    finish_jobs(room)
    let_claims_end(room)
    janitor.sweep()
    assert not room.there()


def test_two_workers_at_once_do_it_once(room: Room, tmp_path: Path) -> None:
    room.delete()
    finish_jobs(room)
    script = f"{sys.executable} -c \"open('{tmp_path}/{{account}}', 'a').write('x')\""
    janitors = [room.janitor(script) for _ in range(3)]
    assert at_once(3, lambda n: janitors[n].sweep()) == []
    assert not room.there()
    assert len(room.purges()) == 1
    assert [(tmp_path / one.account).read_text() for one in room.gone] == ["x", "x"]


def test_a_worker_that_is_killed_in_the_middle_is_followed_by_another(
    room: Room, tmp_path: Path, database: str
) -> None:
    room.delete()
    finish_jobs(room)
    # The first account is emptied; at the second the worker hangs, and is killed as hard as can be.
    script = tmp_path / "empty.sh"
    script.write_text(
        f"echo x >> {tmp_path}/$1\n[ $1 = {room.gone[0].account} ] || [ -e {tmp_path}/go ] || sleep 60\n"
    )
    code = (
        "import sys; from workshop.config import Config; from workshop.models import connect;"
        " from workshop.work.worker import Worker; from pathlib import Path;"
        f" config = Config(state=Path({str(tmp_path)!r}), secret='x', database_url={database!r},"
        f" account_removal='sh {script} {{account}}'); Worker(config)._janitor.sweep()"
    )
    worker = subprocess.Popen([sys.executable, "-c", code])
    waits = threading.Event()
    for _ in range(600):
        if (tmp_path / room.gone[1].account).exists():
            break
        waits.wait(0.1)
    worker.kill()
    worker.wait()
    assert room.there()
    room.janitor().sweep()
    assert room.there(), "the claim of the one that was killed holds for a while"
    let_claims_end(room)
    (tmp_path / "go").touch()
    room.janitor(f"sh {script} {{account}}").sweep()
    assert not room.there()
    assert (tmp_path / room.gone[0].account).read_text() == "x\n", "what was empty is not emptied again"


def finish_jobs(room: Room, but: int | None = None) -> None:
    """As if their help were over; that of one of them (by its place) is under way."""
    with Session(room.engine) as session:
        people = [one.id for one in room.gone]
        session.execute(update(JobRow).where(JobRow.enrolment.in_(people)).values(ended=now()))
        if but is not None:
            mine = JobRow.enrolment == room.gone[but].id
            session.execute(update(JobRow).where(mine).values(ended=None, queued=now(), asked=now()))
        session.commit()


def let_claims_end(room: Room) -> None:
    with Session(room.engine) as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(EventRow).where(EventRow.id == room.event).values(purging=past))
        session.commit()
