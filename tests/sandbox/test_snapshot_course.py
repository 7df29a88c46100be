"""A whole course's worth of state: the sandbox is stopped and started, and the attendee goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import steps.look
from tests.conftest import REGION, ROOT
from tests.sandbox.house import House
from tests.sandbox.workbench import wait_for
from workshop.course import Course, load
from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.step import State, look

DELIVERED_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class Walk:
    """An attendee who has done all steps."""

    house: House
    course: Course
    lab: Lab

    def findings(self) -> list[tuple[str, str, State, str]]:
        """What every claim of every step finds now."""
        looks = [(step.slug, look(step, self.lab)) for step in self.course.steps]
        return [(slug, found.claim, found.state, found.saw) for slug, seen in looks for found in seen]


@pytest.fixture
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    house = House(tmp_path_factory.mktemp("house"))
    house.start()
    attendee, aws = Attendee("paulf", house.account.id, REGION, "pg23"), Aws(REGION, house.endpoint)
    root = house.account.root
    keys = prepare(attendee, aws, Keys(root.access_key, root.secret_key), ROOT / "sample_app")
    walk = Walk(house, load(ROOT / "steps"), Lab(attendee, aws, keys))
    for step in walk.course.steps:
        if step.do:
            step.do(walk.lab)
    yield walk
    house.stop()


def test_everything_is_there_and_a_further_commit_is_delivered(walk: Walk) -> None:
    before = walk.findings()
    assert {state for _, _, state, _ in before} == {State.PASSED}
    page = walk.lab.fetch(steps.look.url(walk.lab)).text
    walk.house.restart()
    assert walk.findings() == before
    assert walk.lab.fetch(steps.look.url(walk.lab)).text == page
    greet(walk.lab, "Good morning after the restart")
    url = steps.look.url(walk.lab)
    assert wait_for(lambda: "after the restart" in walk.lab.fetch(url).text, DELIVERED_WITHIN)


def greet(lab: Lab, words: str) -> None:
    """Commit another greeting."""
    lab.client("codecommit").put_file(
        repositoryName=lab.repository,
        branchName=lab.branch,
        parentCommitId=steps.look.tip(lab),
        filePath="greeting.txt",
        fileContent=words.encode(),
    )
