"""Events and facilitators from a server's command line, on a database of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from workshop.desk import account, event, facilitator
from workshop.room.events import Events
from workshop.room.pool import Account, keep_out
from workshop.room.staff import Staff
from workshop.room.welcome import Welcome


class Desk:
    """A shell on a server, with its settings."""

    def __init__(self, folder: Path, database: str) -> None:
        self._given = {
            "WORKSHOP_STATE": str(folder),
            "WORKSHOP_DATABASE_URL": database,
            "WORKSHOP_SECRET": "x",
            "WORKSHOP_HOSTS": "workshop.example.org",
        }

    def run(self, command: Any, *words: str) -> Result:
        return CliRunner().invoke(command, words, env=self._given)


@pytest.fixture
def desk(tmp_path: Path, database: str, engine: Engine) -> Desk:
    return Desk(tmp_path, database)


def test_an_event_is_made_listed_and_closed(desk: Desk, engine: Engine) -> None:
    made = desk.run(event, "create", "--name", "PG23 meetup", "--zone", "Europe/Berlin", "--capacity", "12")
    code, address = made.output.split()
    assert address == f"https://workshop.example.org/e/{code}"
    found = Events(engine).by_code(code)
    assert (found.name, found.capacity, found.prefix) == ("PG23 meetup", 12, "pg23")
    assert f"{code}" in desk.run(event, "list").output
    assert "0/12" in desk.run(event, "list").output
    assert desk.run(event, "close", code.lower()).exit_code == 0
    assert Events(engine).by_code(code).closed is not None
    assert "There is no event with the code 'NO-1'" in desk.run(event, "close", "NO-1").output


def test_what_is_not_clear_is_told_by_its_option(desk: Desk, engine: Engine) -> None:
    answer = desk.run(event, "create", "--name", "x", "--starts", "tomorrow", "--prefix", "UPPER")
    assert answer.exit_code == 1
    assert "--starts: That is not a date and a time" in answer.output
    assert "--prefix: A prefix is 2 to 8" in answer.output
    assert Events(engine).all() == []


def test_links_are_printed_while_they_are_of_use(desk: Desk, engine: Engine) -> None:
    link = desk.run(facilitator, "set-up-link", "--url", "https://x.example/").output.strip()
    staff = Staff(engine)
    assert link.startswith("https://x.example/staff/set-up/")
    Welcome(staff, "x").open_first(link.rpartition("/")[2])
    olga = staff.first("olga", "Olga", "a good long one")
    refused = desk.run(facilitator, "set-up-link")
    assert refused.exit_code == 1
    assert "There is an owner already" in refused.output
    link = desk.run(facilitator, "reset-password", "OLGA").output.strip()
    assert Welcome(staff, "x").open_choose(link.rpartition("/")[2]) == olga
    assert staff.deeds()[0].what == "reset-password"
    assert desk.run(facilitator, "reset-password", "nobody").exit_code == 1


def test_an_account_that_was_emptied_by_hand_is_put_back(desk: Desk, engine: Engine) -> None:
    with Session(engine) as session:
        keep_out(session, [Account("aws", "1" * 12)])
        session.commit()
    assert desk.run(account, "list").output.startswith("1" * 12)
    refused = desk.run(account, "put-back", "1" * 12)
    assert refused.exit_code == 1
    assert "is kept out there" in refused.output
    assert desk.run(account, "put-back", "--aws", "aws", "1" * 12).exit_code == 0
    assert desk.run(account, "list").output == ""
