"""Finds pipelines, stages and executions, or says in AWS's words that they are not there."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codepipeline.state import Execution, Pipeline, State
from workshop.sandbox.codepipeline.structure import Stage


class Register:
    """The state of every account and region, made when first asked for."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self._lock = threading.Lock()

    def of(self, account: str, region: str) -> State:
        """The state of one account in one region."""
        with self._lock:
            return self.states.setdefault((account, region), State())

    def all(self) -> list[State]:
        """The states of all accounts and regions."""
        with self._lock:
            return list(self.states.values())

    def pipeline(self, call: Call, member: str = "name") -> Pipeline:
        """The pipeline that a call names; AwsError PipelineNotFoundException."""
        name = call.params[member]
        found = self.of(call.account, call.region).pipelines.get(name)
        if found is None:
            raise AwsError(
                "PipelineNotFoundException",
                f"Account '{call.account}' does not have a pipeline with name '{name}'",
            )
        return found


def execution_of(pipeline: Pipeline, id: str) -> Execution:
    """The execution of that id; AwsError PipelineExecutionNotFoundException."""
    found = pipeline.execution(id)
    if found is None:
        raise AwsError(
            "PipelineExecutionNotFoundException",
            f"Pipeline execution with id {id} does not exist in pipeline {pipeline.name}",
        )
    return found


def stage_of(pipeline: Pipeline, name: str) -> Stage:
    """The stage of that name; AwsError StageNotFoundException."""
    found = pipeline.structure.stage(name)
    if found is None:
        raise AwsError(
            "StageNotFoundException", f"Pipeline '{pipeline.name}' does not have a stage with name '{name}'"
        )
    return found


def declared_variables(pipeline: Pipeline, given: Mapping[str, str]) -> dict[str, str]:
    """The pipeline's variables with the values given or their defaults; AwsError if one has none."""
    declared = {one["name"]: one.get("defaultValue") for one in pipeline.declaration.get("variables", [])}
    for name in given:
        if name not in declared:
            raise AwsError(
                "ValidationException", f"Variable {name} is not declared in pipeline {pipeline.name}"
            )
    values = declared | dict(given)
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise AwsError(
            "ValidationException", f"No value was given for the pipeline variables: {', '.join(missing)}"
        )
    return {name: value for name, value in values.items() if value is not None}
