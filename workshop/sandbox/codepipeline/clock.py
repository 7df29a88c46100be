"""Watches the time for pipelines: actions that take too long, and sources that are polled."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import AwsError
from workshop.sandbox.codepipeline.actions import codecommit, s3_source
from workshop.sandbox.codepipeline.conductor import Conductor
from workshop.sandbox.codepipeline.register import Register
from workshop.sandbox.codepipeline.roles import take_role
from workshop.sandbox.codepipeline.state import ActionRun, Pipeline, Trigger
from workshop.sandbox.codepipeline.structure import Action
from workshop.sandbox.codepipeline.work import ActionFailed
from workshop.sandbox.heartbeat import Heartbeat

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
TICK = 1.0  # seconds between two looks at the deadlines
POLL = 30.0  # seconds between two looks at a polled source; AWS takes minutes
SOURCES: Mapping[str, Callable[[Any, Mapping[str, str]], str]] = {
    "CodeCommit": codecommit.latest,
    "S3": s3_source.latest,
}
StartExecution = Callable[[Pipeline, Trigger, dict[str, Any]], str]


class Clock:
    """One thread for all pipelines of the sandbox."""

    def __init__(
        self, sandbox: Sandbox, register: Register, conductor: Conductor, start: StartExecution
    ) -> None:
        self._sandbox = sandbox
        self._register = register
        self._conductor = conductor
        self._start_execution = start
        self._polled = time.monotonic()
        self._heartbeat = Heartbeat("codepipeline-clock", TICK, self._tick)

    def start(self) -> None:
        """Begin to watch."""
        self._heartbeat.start()

    def stop(self) -> None:
        """Watch no more."""
        self._heartbeat.stop()

    def _tick(self) -> None:
        self.expire(datetime.now(UTC))
        if time.monotonic() - self._polled > POLL:
            self._polled = time.monotonic()
            self.poll()

    def expire(self, now: datetime) -> None:
        """Fail every run whose deadline has passed."""
        for pipeline, run in self._runs():
            if run.deadline and run.deadline < now:
                self._conductor.settle(pipeline, run, _too_late(run))
                self._conductor.withdraw(run.id)

    def poll(self) -> None:
        """Start the pipelines whose polled source has changed."""
        with self._conductor.lock:
            pipelines = [one for state in self._register.all() for one in state.pipelines.values()]
        for pipeline in pipelines:
            for action in pipeline.structure.stages[0].actions:
                if action.configuration.get("PollForSourceChanges", "true") != "false":
                    self._look(pipeline, action)

    def _runs(self) -> list[tuple[Pipeline, ActionRun]]:
        with self._conductor.lock:
            return [found for state in self._register.all() for found in state.runs()]

    def _look(self, pipeline: Pipeline, action: Action) -> None:
        try:
            role = take_role(
                self._sandbox, pipeline.structure.role, action.role, "CodePipeline-poll", pipeline.region
            )
            client = partial(self._sandbox.clients.client, who=role, region=pipeline.region)
            found = SOURCES[action.provider](client, action.configuration)
        except (ActionFailed, AwsError) as refused:
            log.info("cannot poll the source of %s: %s", pipeline.arn, refused)
            return
        before = pipeline.polled.get(action.name) or _taken(pipeline, action.name)
        pipeline.polled[action.name] = found
        if before and before != found:
            self._start_execution(pipeline, Trigger("PollForSourceChanges", action.name), {})


def _taken(pipeline: Pipeline, action: str) -> str:
    """The revision that a source action took first, which polling compares with at the beginning."""
    runs = (run for run in pipeline.runs if run.action == action and run.revision)
    return next((run.revision.id for run in runs if run.revision), "")


def _too_late(run: ActionRun) -> ActionFailed:
    if run.resolved.get("FunctionName"):
        return ActionFailed(
            "Timeout",
            f"The AWS Lambda function {run.resolved['FunctionName']} failed to return a result. Check the "
            "function to verify that it has permission to call the PutJobSuccessResult action and that it "
            "made a call to PutJobSuccessResult.",
        )
    return ActionFailed("Timeout", "The action failed because it did not complete within its time limit.")
