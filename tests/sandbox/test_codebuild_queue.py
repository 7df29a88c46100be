"""A room's builds take turns by account, and each that waits shows its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account, free_port
from tests.sandbox.building import Builder, commands, phase_of
from tests.sandbox.test_codepipeline_build import build, project
from tests.sandbox.workbench import furnished, stage, wait_for
from workshop.sandbox.codebuild.builds import MOST_WAITING
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

FOR_EVER = commands("sleep 600")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox in which one build runs at a time."""
    server = Server(Settings(state=tmp_path_factory.mktemp("narrow"), port=free_port(), builds=1))
    server.start()
    yield server
    server.stop()


class Attendee:
    """Somebody with a project whose builds end only when they are stopped."""

    def __init__(self, server: Server) -> None:
        self.account = Account(server)
        self.builder = Builder(self.account)
        self.builder.project(FOR_EVER)

    def start(self, times: int = 1) -> list[str]:
        return [self.builder.codebuild.start_build(projectName="proj")["build"]["id"] for _ in range(times)]

    def look(self, build_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.builder.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        return found

    def place(self, build_id: str) -> str:
        """What the build's phase QUEUED says of its place."""
        contexts = phase_of(self.look(build_id), "QUEUED").get("contexts", [])
        return "; ".join(one["message"] for one in contexts if one.get("statusCode") == "QUEUED")

    def runs(self, build_id: str) -> None:
        wait_for(lambda: self.look(build_id)["currentPhase"] == "BUILD")

    def stop(self, *build_ids: str) -> None:
        for build_id in build_ids:
            self.builder.codebuild.stop_build(id=build_id)


@pytest.fixture
def blocker(server: Server) -> Iterator[tuple[Attendee, str]]:
    """Somebody's build that runs, so that all others wait."""
    somebody = Attendee(server)
    (first,) = somebody.start()
    somebody.runs(first)
    yield somebody, first
    somebody.stop(first)


def test_the_second_attendee_does_not_wait_behind_the_firsts_pushes(
    server: Server, blocker: tuple[Attendee, str]
) -> None:
    ann, ben = Attendee(server), Attendee(server)
    many, (one,) = ann.start(3), ben.start()
    assert ann.place(many[0]) == "Next in turn."
    assert ben.place(one) == "1 build is before this one."
    assert [ann.place(build_id) for build_id in many[1:]] == [
        "2 builds are before this one.",
        "3 builds are before this one.",
    ]
    blocker[0].stop(blocker[1])
    ann.runs(many[0])
    assert ann.place(many[0]) == ""
    assert ben.place(one) == "Next in turn."
    ann.stop(many[0])
    ben.runs(one)
    assert ann.place(many[1]) == "Next in turn."
    ann.stop(*many)
    ben.stop(one)


def test_the_place_moves_up_when_a_build_before_is_stopped(
    server: Server, blocker: tuple[Attendee, str]
) -> None:
    ann, ben = Attendee(server), Attendee(server)
    (before,), (after,) = ann.start(), ben.start()
    assert ben.place(after) == "1 build is before this one."
    ann.stop(before)
    assert ben.place(after) == "Next in turn."
    ben.stop(after)
    assert ben.look(after)["buildStatus"] == "STOPPED"
    assert ben.place(after) == ""


def test_a_pipelines_action_shows_the_place_until_its_build_begins(
    server: Server, blocker: tuple[Attendee, str]
) -> None:
    ann = Attendee(server)
    (before,) = ann.start()
    bench = furnished(Account(server))
    project(bench, "{version: 0.2, phases: {build: {commands: [echo built]}}, artifacts: {files: ['**/*']}}")
    execution = bench.create(stage("Build", build()))
    wait_for(lambda: bench.action("Build", "Build").get("summary") == "1 build is before this one.")
    ann.stop(before)
    wait_for(lambda: bench.action("Build", "Build").get("summary") == "Next in turn.")
    blocker[0].stop(blocker[1])
    assert bench.finished(execution) == "Succeeded"
    assert "summary" not in bench.action("Build", "Build")


def test_an_account_has_so_many_builds_waiting_and_no_more(
    server: Server, blocker: tuple[Attendee, str]
) -> None:
    ann = Attendee(server)
    builds = ann.start(MOST_WAITING)
    with pytest.raises(ClientError) as refused:
        ann.start()
    assert refused.value.response["Error"] == {
        "Code": "AccountLimitExceededException",
        "Message": f"Cannot have more than {MOST_WAITING} builds in queue for the account",
    }
    ann.stop(builds[0])
    builds += ann.start()
    ann.stop(*builds)
