"""The pipeline engine, as a table of situations and what it decides in each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workshop.sandbox.codepipeline.engine import (
    AbandonAction,
    Decision,
    EnterStage,
    FinishExecution,
    FinishStage,
    HaltStage,
    RetryStage,
    RollBack,
    StartAction,
    decide,
)
from workshop.sandbox.codepipeline.state import ActionRun, Execution, StageRun
from workshop.sandbox.codepipeline.structure import Action, Stage, Structure

NOW = datetime(2026, 7, 4, tzinfo=UTC)


def action(name: str, order: int = 1) -> Action:
    return Action(name, "Build", "AWS", "CodeBuild", run_order=order)


def structure(mode: str = "SUPERSEDED", on_failure: str = "FAIL") -> Structure:
    return Structure(
        "p",
        "role",
        (
            Stage("Source", (action("Source"),)),
            Stage("Build", (action("Lint"), action("Compile"), action("Package", 5)), on_failure),
            Stage("Deploy", (action("Deploy"),)),
        ),
        mode,
    )


def passed(name: str, status: str = "Succeeded", **actions: str) -> StageRun:
    """A stage run; Lint="Failed" gives the action of that name this status."""
    runs = {
        action: ActionRun(action, "?", name, action, 1, NOW, NOW, status=outcome)
        for action, outcome in actions.items()
    }
    return StageRun(name, status, runs)


def execution(
    number: int, *stages: StageRun, shape: Structure | None = None, status: str = "InProgress"
) -> Execution:
    return Execution(
        f"e{number}",
        number,
        1,
        shape or structure(),
        status=status,
        stages={stage.name: stage for stage in stages},
    )


SOURCE = passed("Source", Source="Succeeded")
BUILT = passed("Build", Lint="Succeeded", Compile="Succeeded", Package="Succeeded")


def building(**actions: str) -> StageRun:
    return passed("Build", "InProgress", **actions)


STAGE_CASES: dict[str, tuple[StageRun, list[Decision]]] = {
    "equal run orders start side by side": (
        building(),
        [StartAction("e1", "Build", "Lint"), StartAction("e1", "Build", "Compile")],
    ),
    "a later run order waits for the whole earlier one": (
        building(Lint="Succeeded", Compile="InProgress"),
        [],
    ),
    "gaps between run orders are allowed": (
        building(Lint="Succeeded", Compile="Succeeded"),
        [StartAction("e1", "Build", "Package")],
    ),
    "a failure waits for the action beside it": (building(Lint="Failed", Compile="InProgress"), []),
    "a failure fails the stage once nothing runs": (
        building(Lint="Failed", Compile="Succeeded"),
        [FinishStage("e1", "Build", "Failed")],
    ),
    "an abandoned action is no success": (
        building(Lint="Abandoned", Compile="Succeeded"),
        [FinishStage("e1", "Build", "Failed")],
    ),
    "a stage succeeds with its last action": (
        building(Lint="Succeeded", Compile="Succeeded", Package="Succeeded"),
        [FinishStage("e1", "Build", "Succeeded")],
    ),
    "a retried stage starts only what is missing": (
        building(Compile="Succeeded"),
        [StartAction("e1", "Build", "Lint")],
    ),
}


@pytest.mark.parametrize("case", STAGE_CASES)
def test_what_happens_inside_a_stage(case: str) -> None:
    stage, expected = STAGE_CASES[case]
    assert decide([execution(1, SOURCE, stage)]) == expected


def test_a_new_execution_enters_the_first_stage() -> None:
    assert decide([execution(1)]) == [EnterStage("e1", "Source")]


def test_an_execution_goes_on_to_the_next_stage() -> None:
    assert decide([execution(1, SOURCE)]) == [EnterStage("e1", "Build")]


def test_an_execution_ends_after_the_last_stage() -> None:
    done = execution(1, SOURCE, BUILT, passed("Deploy", Deploy="Succeeded"))
    assert decide([done]) == [FinishExecution("e1", "Succeeded")]


def test_a_failed_stage_fails_the_execution() -> None:
    assert decide([execution(1, SOURCE, passed("Build", "Failed"))]) == [FinishExecution("e1", "Failed")]


def test_a_finished_execution_is_left_alone() -> None:
    assert decide([execution(1, SOURCE, status="Failed")]) == []


def test_an_occupied_stage_is_waited_for() -> None:
    inside = execution(1, SOURCE, building(Lint="InProgress", Compile="InProgress"))
    assert decide([inside, execution(2, SOURCE)]) == []


def test_a_newer_execution_supersedes_the_one_that_waits() -> None:
    inside = execution(1, SOURCE, building(Lint="InProgress", Compile="InProgress"))
    waiting, newer = execution(2, SOURCE), execution(3, SOURCE)
    assert decide([inside, waiting, newer]) == [FinishExecution("e2", "Superseded")]


def test_an_execution_inside_a_stage_is_not_superseded() -> None:
    inside = execution(1, SOURCE, building(Lint="InProgress", Compile="InProgress"))
    assert decide([inside, execution(2)]) == [EnterStage("e2", "Source")]


def test_queued_executions_enter_in_order() -> None:
    queued = structure("QUEUED")
    waiting = [execution(number, SOURCE, shape=queued) for number in (2, 3)]
    assert decide(waiting) == [EnterStage("e2", "Build")]


def test_parallel_executions_share_a_stage() -> None:
    parallel = structure("PARALLEL")
    inside = execution(1, SOURCE, building(Lint="InProgress", Compile="InProgress"), shape=parallel)
    waiting = execution(2, SOURCE, shape=parallel)
    assert decide([inside, waiting]) == [EnterStage("e2", "Build")]


def test_a_failed_stage_opens_for_the_next_execution() -> None:
    failed = execution(1, SOURCE, passed("Build", "Failed"), status="Failed")
    assert decide([failed, execution(2, SOURCE)]) == [EnterStage("e2", "Build")]


@pytest.mark.parametrize("mode", ["SUPERSEDED", "QUEUED", "PARALLEL"])
def test_nobody_passes_a_closed_transition(mode: str) -> None:
    assert decide([execution(1, SOURCE, shape=structure(mode))], closed={"Build"}) == []


def test_a_closed_transition_still_supersedes() -> None:
    waiting = [execution(1, SOURCE), execution(2, SOURCE)]
    assert decide(waiting, closed={"Build"}) == [FinishExecution("e1", "Superseded")]


def stopping(*stages: StageRun, abandon: bool = False) -> Execution:
    halted = execution(1, *stages, status="Stopping")
    halted.abandon = abandon
    return halted


HALTED = passed("Build", "Stopping", Lint="InProgress", Compile="Succeeded")
STOP_CASES: dict[str, tuple[Execution, list[Decision]]] = {
    "between stages it stops at once": (stopping(SOURCE), [FinishExecution("e1", "Stopped")]),
    "inside a stage it waits for what runs": (
        stopping(SOURCE, building(Lint="InProgress", Compile="Succeeded")),
        [HaltStage("e1", "Build")],
    ),
    "while it waits nothing is decided": (stopping(SOURCE, HALTED), []),
    "no further action starts": (
        stopping(SOURCE, building(Lint="Succeeded", Compile="Succeeded")),
        [FinishStage("e1", "Build", "Stopped")],
    ),
    "abandoning ends what runs": (
        stopping(SOURCE, HALTED, abandon=True),
        [AbandonAction("e1", "Build", "Lint")],
    ),
    "a stage that was done has succeeded": (
        stopping(SOURCE, passed("Build", "InProgress", **dict.fromkeys(BUILT.actions, "Succeeded"))),
        [FinishStage("e1", "Build", "Succeeded")],
    ),
    "a stopped stage stops the execution": (
        stopping(SOURCE, passed("Build", "Stopped")),
        [FinishExecution("e1", "Stopped")],
    ),
}


@pytest.mark.parametrize("case", STOP_CASES)
def test_stopping(case: str) -> None:
    halted, expected = STOP_CASES[case]
    assert decide([halted]) == expected


def test_a_stage_may_retry_itself_once() -> None:
    failing = building(Lint="Failed", Compile="Succeeded")
    shape = structure(on_failure="RETRY")
    assert decide([execution(1, SOURCE, failing, shape=shape)]) == [
        RetryStage("e1", "Build", "FAILED_ACTIONS")
    ]
    failing.automatic_retries = 1
    assert decide([execution(1, SOURCE, failing, shape=shape)]) == [FinishStage("e1", "Build", "Failed")]


def test_a_stage_may_roll_back_to_what_last_succeeded_in_it() -> None:
    shape = structure(on_failure="ROLLBACK")
    good = execution(1, SOURCE, BUILT, shape=shape, status="Succeeded")
    bad = execution(2, SOURCE, building(Lint="Failed", Compile="Succeeded"), shape=shape)
    assert decide([good, bad]) == [FinishStage("e2", "Build", "Failed"), RollBack("Build", "e1", "e2")]


def test_a_rollback_runs_its_one_stage_only() -> None:
    rollback = execution(2)
    rollback.only = "Build"
    assert decide([rollback]) == [EnterStage("e2", "Build")]
    rollback.stages["Build"] = BUILT
    assert decide([rollback]) == [FinishExecution("e2", "Succeeded")]
