"""Which executions of a pipeline are remembered: the newest, and older ones that still say something."""

from __future__ import annotations

from typing import Final

from workshop.sandbox.codepipeline.state import Execution, Pipeline

MOST: Final = 200  # AWS keeps those of twelve months, however many there are


def trim(pipeline: Pipeline, most: int = MOST) -> None:
    """Forget the oldest executions beyond so many, and the runs of actions that were theirs.

    What is under way stays, and what a stage shows as its newest or would go back to.
    """
    if len(pipeline.executions) <= most:
        return
    needed = {one.id for one in pipeline.executions[-most:]} | {one.id for one in _telling(pipeline)}
    pipeline.executions = [one for one in pipeline.executions if one.id in needed]
    pipeline.runs = [run for run in pipeline.runs if run.execution in needed]


def _telling(pipeline: Pipeline) -> list[Execution]:
    newest: dict[tuple[str, bool], Execution] = {}
    for execution in pipeline.executions:
        for stage in execution.stages.values():
            newest[stage.name, stage.status == "Succeeded"] = execution
    return [*newest.values(), *(one for one in pipeline.executions if one.live)]
