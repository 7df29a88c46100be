"""A backup holds everything, and a restore gives back exactly that, or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session

from tests.conftest import ROOT, created, migrated
from tests.operations.anything import fill
from tests.web.conftest import Visitor, app_for
from tests.web.rough import until
from workshop.config import Config
from workshop.guide import Guide
from workshop.jobs import Jobs, Outcome
from workshop.models import EnrolmentRow, WorkerRow, connect, newest, now
from workshop.operations.archive import Manifest, Unusable
from workshop.operations.backup import Refused, backup, restore
from workshop.progress import Progress
from workshop.work.helping import Helper

Empty = Callable[[str], "Place"]


def silent(name: str, done: int, total: int) -> None:
    assert done <= total


@dataclass
class Place:
    """An installation: its settings and its database."""

    config: Config
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = connect(self.config.database)

    def backup(self, name: str = "backup.zip") -> Path:
        file = self.config.state / name
        backup(self.config, file, silent)
        return file

    def restore(self, file: Path, replace: bool = False) -> Manifest:
        return restore(self.config, file, replace, silent)

    def worker(self) -> subprocess.Popen[bytes]:
        variables = self.config.environment()
        return subprocess.Popen([sys.executable, "-m", "workshop", "worker"], cwd=ROOT, env=variables)


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith("tables/")}


@pytest.fixture
def empty(
    request: pytest.FixtureRequest, config: Config, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Empty]:
    """Makes empty installations on either kind of database, with the same AWS and a secret of their own."""
    made: list[Place] = []

    def make(kind: str) -> Place:
        folder = tmp_path_factory.mktemp("place")
        url = f"sqlite:///{migrated(folder)}"
        if kind == "postgresql":
            server, like = (request.getfixturevalue(name) for name in ("postgresql", "up_to_date"))
            url = created(server, folder.name, like)
        given = config.model_dump() | {"state": folder, "database_url": url, "secret": ""}
        made.append(Place(Config(**given)))
        return made[-1]

    yield make
    for place in made:
        place.engine.dispose()


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
@pytest.mark.parametrize("seed", [1, 2])
def test_from_either_database_to_the_other_and_back_every_row_is_the_same(
    empty: Empty, kind: str, other: str, seed: int
) -> None:
    first, second, third = empty(kind), empty(other), empty(kind)
    filled = fill(first.engine, seed)
    assert min(filled.values()) >= 1, "a table went without rows"
    begun = first.backup()
    assert second.restore(begun).tables == filled
    between = second.backup()
    third.restore(between)
    assert members(begun) == members(between) == members(third.backup())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_numbers_go_on_and_none_is_given_out_twice(empty: Empty, kind: str) -> None:
    here, there = empty("sqlite"), empty(kind)
    people = [Progress(here.engine, 1).enrol(name, name).id for name in ("anna", "boris", "carla")]
    with Session(here.engine) as session:
        for table in ("happenings", "enrolments"):
            column = "enrolment" if table == "happenings" else "id"
            session.execute(text(f"DELETE FROM {table} WHERE {column} = :id"), {"id": people[-1]})
        session.commit()
    there.restore(here.backup())
    assert Progress(there.engine, 1).enrol("dora", "dora").id == people[-1] + 1, "carla's account stays hers"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_who_was_in_the_middle_goes_on_after_a_restore(empty: Empty, kind: str) -> None:
    """Joined, prepared, helped, checked; then everything is somewhere else, and the same cookie holds."""
    here, there = empty(kind), empty(kind)
    app = app_for(here.config)
    visitor = Visitor(app)
    visitor.join("paulf")
    visitor.get("/prepare")
    visitor.post("/prepare")
    guide: Guide = app.extensions["guide"]
    paul = guide.progress.by_handle("paulf")
    assert paul
    job = guide.do(paul, "make-a-branch")
    Helper(guide.course, guide.progress, guide.labs, guide.jobs).help(job.id)
    visitor.post("/steps/read-this/read")
    before = visitor.text("/steps/make-a-branch")
    assert "2 of 7 done" in before
    there.restore(here.backup())
    fresh = Config(**there.config.model_dump())  # reads the secret that came along
    elsewhere = app_for(fresh)
    again = Visitor(elsewhere)
    session = visitor.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert session
    again.client.set_cookie(elsewhere.config["SESSION_COOKIE_NAME"], session.value)
    assert "2 of 7 done" in again.text("/steps/make-a-branch")
    answer = again.press("/steps/make-a-branch/check")
    assert answer.status_code == 200
    assert "3 of 3 claims hold" in answer.get_data(as_text=True)
    for one in (app, elsewhere):
        one.extensions["engine"].dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_job_that_was_under_way_is_done_after_a_restore(empty: Empty, kind: str) -> None:
    here, there = empty(kind), empty(kind)
    app = app_for(here.config)
    guide: Guide = app.extensions["guide"]
    visitor = Visitor(app)
    visitor.join("paulf")
    visitor.get("/prepare")
    visitor.post("/prepare")
    paul = guide.progress.by_handle("paulf")
    assert paul
    job = guide.do(paul, "make-a-branch")
    guide.jobs.mark_queued(job.id)  # an engine had it
    app.extensions["engine"].dispose()
    there.restore(here.backup())
    worker = there.worker()
    jobs = Jobs(there.engine)
    until(lambda: (found := jobs.get(job.id)) and not found.open)
    worker.terminate()
    worker.wait(20)
    done = jobs.get(job.id)
    assert done
    assert done.outcome == Outcome.DONE


def test_the_file_is_for_its_owner_only_and_never_written_over(empty: Empty) -> None:
    here = empty("sqlite")
    file = here.backup()
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(Refused, match="is there already"):
        here.backup()
    assert file.read_bytes() == before
    assert not list(here.config.state.glob("*.part"))


def everything(place: Place) -> tuple[dict[str, bytes], dict[str, str]]:
    """The rows and the secret, to be compared."""
    file = place.backup(f"{os.urandom(6).hex()}.zip")
    found = members(file)
    file.unlink()
    secrets = {name: (place.config.state / name).read_text() for name in ("web.key",)}
    return found, secrets


def refused(place: Place, file: Path, words: str, replace: bool = True) -> None:
    """It says why in one sentence or two, and nothing is changed."""
    before = everything(place)
    with pytest.raises((Refused, Unusable), match=words):
        place.restore(file, replace)
    assert everything(place) == before
    assert not list(place.config.state.glob("restore-*"))


def test_what_is_there_is_not_replaced_unless_asked_for(empty: Empty) -> None:
    here, there = empty("sqlite"), empty("sqlite")
    fill(here.engine, 3)
    fill(there.engine, 4)
    file = here.backup()
    refused(there, file, "not empty", replace=False)
    there.restore(file, replace=True)
    assert everything(there)[0] == members(file)


def test_nothing_is_replaced_under_a_worker(empty: Empty) -> None:
    here, there = empty("sqlite"), empty("sqlite")
    with Session(there.engine) as session:
        session.add(WorkerRow(id="one", host="here", pid=1, seen=now()))
        session.commit()
    refused(there, here.backup(), "worker is running")
    with Session(there.engine) as session:
        session.execute(delete(WorkerRow))
        session.add(WorkerRow(id="one", host="here", pid=1, seen=now() - timedelta(minutes=1)))
        session.commit()
    there.restore(here.backup("again.zip"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_damaged_file_changes_nothing(empty: Empty, kind: str) -> None:
    here, there = empty("sqlite"), empty(kind)
    fill(here.engine, 5)
    fill(there.engine, 6)
    file = here.backup()
    whole = file.read_bytes()
    broken = here.config.state / "broken.zip"
    for part in (0, len(whole) // 2, len(whole) - 10):
        broken.write_bytes(whole[:part])
        refused(there, broken, "damaged or not whole")
    before = everything(there)
    for place in _within_members(file):
        bad = bytearray(whole)
        bad[place] ^= 0x5A
        broken.write_bytes(bytes(bad))
        with pytest.raises(Unusable):
            there.restore(broken, replace=True)
    assert everything(there) == before


def _within_members(file: Path) -> list[int]:
    """Where a byte of each member's contents lies."""
    with zipfile.ZipFile(file) as archive:
        infos = [one for one in archive.infolist() if one.compress_size > 20]
    assert len(infos) > 10
    return [one.header_offset + 30 + len(one.filename) + 20 + one.compress_size // 2 for one in infos]


def rewritten(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The same backup with one member changed, by somebody who knows how to write zip files."""
    changed = file.with_name(f"changed-{os.urandom(3).hex()}.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for one in old.namelist():
            new.writestr(one, change(old.read(one)) if one == name else old.read(one))
    return changed


def test_a_file_of_something_else_says_what_it_is_not(empty: Empty) -> None:
    here = empty("sqlite")
    file = here.backup()

    def manifest(**more: object) -> Path:
        return rewritten(file, "manifest.json", lambda said: json.dumps(json.loads(said) | more).encode())

    refused(here, here.config.state / "nowhere.zip", "There is no file")
    refused(here, manifest(schema="0001"), f"version 0001, and this program's of {newest()}")
    refused(here, manifest(format=99), "format 99")
    refused(here, manifest(members={}), "what its manifest says")
    refused(here, rewritten(file, "tables/jobs.jsonl", lambda said: said + b"{}\n"), "not as it was written")
    counted = json.loads(zipfile.ZipFile(file).read("manifest.json"))["tables"]
    refused(here, manifest(tables=counted | {"jobs": 7}), "0 rows of jobs where there should be 7")
    refused(here, rewritten(file, "manifest.json", lambda _: b"[]"), "not a backup of a workshop")


@pytest.mark.parametrize(
    ("made_with", "given", "words"),
    [
        ("", "another secret", "leave it out"),
        ("the one", "another secret", "give the same one"),
        ("the one", "", "does not hold it"),
    ],
)
def test_without_the_right_secret_nothing_is_restored(
    empty: Empty, made_with: str, given: str, words: str
) -> None:
    here, there = empty("sqlite"), empty("sqlite")
    made = Config(**here.config.model_dump() | {"secret": made_with})
    file = here.config.state / "made.zip"
    backup(made, file, silent)
    assert ("web.key" in zipfile.ZipFile(file).namelist()) is (made_with == "")
    before = everything(there)
    with pytest.raises(Refused, match=words):
        restore(Config(**there.config.model_dump() | {"secret": given}), file, True, silent)
    assert everything(there) == before
    if made_with:
        restore(Config(**there.config.model_dump() | {"secret": made_with}), file, True, silent)


def test_a_backup_is_of_one_moment(empty: Empty) -> None:
    """While people join, no row points to another that is not in the backup."""
    here, there = empty("postgresql"), empty("sqlite")
    progress = Progress(here.engine, 1)

    def joining(name: str, done: int, _total: int) -> None:
        if name == "enrolments" and done == 0:
            progress.enrol(f"late{len(name)}", "late")

    progress.enrol("early", "early")
    file = here.config.state / "moment.zip"
    backup(here.config, file, joining)
    assert there.restore(file).tables["enrolments"] == 1
    with Session(there.engine) as session:
        assert [row.handle for row in session.query(EnrolmentRow)] == ["early"]
