"""The record, and what is computed from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import migrated
from workshop.config import Config
from workshop.models import connect, migrate
from workshop.progress import Enrolled, HandleTaken, Mark, Progress
from workshop.step import Finding, State

GOOD = [Finding("It is there.", State.PASSED, saw="there")]
GAP = [Finding("It is there.", State.NOT_YET, saw="nothing", hint="make it")]


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    migrated(tmp_path)
    return Progress(connect(Config(state=tmp_path).database), 424200000001)


@pytest.fixture
def paul(progress: Progress) -> Enrolled:
    return progress.enrol("paulf", "Paul Fischer")


def test_accounts_are_counted_up(progress: Progress, paul: Enrolled) -> None:
    assert paul.account == "424200000001"
    assert progress.enrol("ana", "").account == "424200000002"


def test_a_handle_is_given_once(progress: Progress, paul: Enrolled) -> None:
    with pytest.raises(HandleTaken):
        progress.enrol("paulf", "Paula")


def test_a_ticket_and_nothing_else_opens_the_record(progress: Progress, paul: Enrolled) -> None:
    assert progress.by_ticket(paul.ticket) == paul
    assert progress.by_ticket("") is None
    assert progress.by_ticket(paul.handle) is None


def test_what_was_done_and_no_longer_holds_is_marked_so(progress: Progress, paul: Enrolled) -> None:
    progress.looked(paul.id, "a", GOOD)
    progress.looked(paul.id, "a", GAP)
    assert progress.marks(paul.id) == {"a": Mark.LOST}
    look = progress.last_look(paul.id, "a")
    assert look
    assert list(look.findings) == GAP
    progress.looked(paul.id, "a", GOOD)
    assert progress.marks(paul.id) == {"a": Mark.DONE}


def test_a_look_that_could_not_tell_takes_nothing_away(progress: Progress, paul: Enrolled) -> None:
    progress.looked(paul.id, "a", GOOD)
    progress.looked(paul.id, "a", [Finding("It is there.", State.UNKNOWN, code="Throttling")])
    progress.looked(paul.id, "a", [Finding("It is there.", State.WAITING, saw="a build runs")])
    assert progress.marks(paul.id) == {"a": Mark.DONE}


def test_what_was_started_over_is_to_do_again(progress: Progress, paul: Enrolled) -> None:
    progress.looked(paul.id, "a", GOOD)
    progress.record(paul.id, "undone", "a")
    assert progress.marks(paul.id) == {}
    progress.looked(paul.id, "a", GAP)
    assert progress.marks(paul.id) == {}


def test_done_for_somebody_is_told_from_done_by_hand(progress: Progress, paul: Enrolled) -> None:
    progress.record(paul.id, "helped", "a")
    progress.looked(paul.id, "a", GOOD)
    progress.looked(paul.id, "b", GOOD)
    progress.record(paul.id, "helped", "b")
    assert progress.marks(paul.id) == {"a": Mark.HELPED, "b": Mark.DONE}


def test_the_same_findings_are_recorded_once(progress: Progress, paul: Enrolled) -> None:
    progress.looked(paul.id, "a", GAP)
    first = progress.last_look(paul.id, "a")
    progress.looked(paul.id, "a", GAP)
    assert progress.last_look(paul.id, "a") == first


def test_findings_come_back_as_they_were(progress: Progress, paul: Enrolled) -> None:
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    found = [
        Finding("One.", State.WAITING, saw="soon", since=since),
        Finding("Two.", State.UNKNOWN, saw="no", hint="later", code="AccessDenied"),
    ]
    progress.looked(paul.id, "a", found)
    look = progress.last_look(paul.id, "a")
    assert look
    assert list(look.findings) == found


def test_what_stood_in_an_account_that_was_started_afresh_no_longer_holds(
    progress: Progress, paul: Enrolled
) -> None:
    progress.looked(paul.id, "a", GOOD)
    progress.record(paul.id, "read", "b")
    progress.keep_keys(paul.id, "sealed", again=True)
    assert progress.marks(paul.id) == {"a": Mark.LOST, "b": Mark.DONE}
    assert progress.last_look(paul.id, "a") is None


def test_answers_are_a_mapping_of_the_newest(progress: Progress, paul: Enrolled) -> None:
    answers = progress.answers(paul.id)
    answers["colour"] = "red"
    answers["colour"] = "green"
    assert dict(progress.answers(paul.id)) == {"colour": "green"}
    del answers["colour"]
    assert not progress.answers(paul.id)


def test_migrating_twice_and_at_once_is_harmless(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    config = Config(state=tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(config), range(4)))
    assert Progress(connect(config.database), 1).by_handle("nobody") is None
