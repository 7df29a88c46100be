"""State that cannot be read: of another version, damaged, or gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.house import House
from tests.sandbox.workbench import commit


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A stopped sandbox, whose account has a repository with a commit."""
    house = House(tmp_path)
    house.start()
    house.account.client("codecommit").create_repository(repositoryName="app")
    commit(house.account, "hello")
    house.stop()
    yield house
    house.stop()


def repositories(house: House) -> list[str]:
    found = house.account.client("codecommit").list_repositories()["repositories"]
    return [one["repositoryName"] for one in found]


def test_state_of_another_version_is_moved_aside(house: House) -> None:
    origin = house.folder / "snapshot" / "origin.json"
    origin.write_text(json.dumps({**json.loads(origin.read_text()), "moto": "4.0.0"}))
    told = house.start()["refused"]
    assert told.startswith("The saved state is of another sandbox (format 1, moto 4.0.0, Python 3.")
    aside = next(house.folder.glob("refused-*"))
    assert told.endswith(
        f" and was moved to {aside.name}; the sandbox starts empty, and “catch me up” in the workshop makes"
        " everything again."
    )
    assert ". " not in told, "it is one sentence"
    assert {path.name for path in aside.iterdir()} == {"snapshot", "codecommit", "lambda"}
    assert repositories(house) == []


def test_what_was_made_after_a_refusal_is_saved(house: House) -> None:
    (house.folder / "snapshot" / "origin.json").unlink()
    told = house.start()["refused"]
    assert told.startswith("The saved state does not say which sandbox it is of and was moved to refused-")
    house.account.client("codecommit").create_repository(repositoryName="new")
    assert house.restart()["restored"] == "1 account"
    assert repositories(house) == ["new"]


def test_one_damaged_account_costs_the_others_nothing(house: House) -> None:
    stranger = house.folder / "snapshot" / "999999999999"
    shutil.copytree(house.saved.parent, stranger)
    (stranger / "state.pickle").write_bytes(b"\x80\x05nonsense")
    health = house.start()
    assert health["restored"] == "1 account"
    assert health["refused"].startswith("The saved state of account 999999999999 cannot be read")
    assert repositories(house) == ["app"]


def test_a_sandbox_without_its_folder_is_a_new_one(house: House) -> None:
    for name in ("snapshot", "codecommit", "lambda"):
        shutil.rmtree(house.folder / name, ignore_errors=True)
    health = house.start()
    assert (health["status"], health["accounts"]) == ("ok", 0)
    assert not {"restored", "refused"} & set(health)
    assert repositories(house) == []
