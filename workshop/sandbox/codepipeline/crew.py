"""Runs actions, each in a thread of its own and under its role, and brings back how they ended."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from workshop.sandbox.call import AwsError, Credentials
from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.actions.providers import PROVIDERS
from workshop.sandbox.codepipeline.bell import Bell, Bells, Halted
from workshop.sandbox.codepipeline.conductor import Conductor
from workshop.sandbox.codepipeline.news import News
from workshop.sandbox.codepipeline.roles import take_role
from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline
from workshop.sandbox.codepipeline.structure import Action
from workshop.sandbox.codepipeline.variables import Namespaces, Unresolved, resolve
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Work
from workshop.sandbox.events.event import Event

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
LAST_WORDS = 2.0  # seconds that a stopping sandbox gives each of its actions


@dataclass(frozen=True)
class Task:
    """A run of an action for one thread; `continuation` is what a Lambda function wants to be called with."""

    pipeline: Pipeline
    execution: Execution
    run: ActionRun
    action: Action
    continuation: str | None = None

    @property
    def region(self) -> str:
        return self.action.region or self.pipeline.region


class Crew:
    """The threads that do the work, and the conductor they work for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._bells = Bells()
        self._threads: dict[threading.Thread, str] = {}  # and whose pipeline each works for
        self.conductor = Conductor(News(sandbox), self.begin, self.withdraw)
        sandbox.events.listen(self._hear)

    def begin(
        self,
        pipeline: Pipeline,
        execution: Execution,
        run: ActionRun,
        action: Action,
        continuation: str | None = None,
    ) -> None:
        """Start an action; returns at once."""
        task = Task(pipeline, execution, run, action, continuation)
        arguments = (task, self._bells.hang(run.id))
        thread = threading.Thread(target=self._do, args=arguments, name=f"action-{run.id}", daemon=True)
        self._threads[thread] = pipeline.account
        thread.start()

    def withdraw(self, run: str) -> None:
        """Nobody waits for this run any more."""
        if bell := self._bells.take_down(run):
            bell.end()

    def working(self, account: str) -> int:
        """How many threads work for pipelines of an account."""
        return list(self._threads.values()).count(account)

    def stop(self) -> None:
        """End all threads; what they started elsewhere goes on, as in AWS."""
        for run in self._bells.runs():
            self.withdraw(run)
        for thread in list(self._threads):
            thread.join(LAST_WORDS)

    def _hear(self, event: Event) -> None:
        for arn in event.resources:
            self._bells.heard(arn)

    def _do(self, task: Task, bell: Bell) -> None:
        try:
            result = self._result(task, bell)
        except Halted:
            result = None
        self._bells.take_down(task.run.id)
        if result is not None:
            self.conductor.settle(task.pipeline, task.run, result)
        self._threads.pop(threading.current_thread(), None)

    def _result(self, task: Task, bell: Bell) -> Outcome | ActionFailed | None:
        """How the action ended; None if its result comes by the API."""
        try:
            work = self._work(task, bell)
            return PROVIDERS[work.action.category, work.action.provider](work)
        except ActionFailed as failed:
            return failed
        except Unresolved as unresolved:
            return ActionFailed(
                "ConfigurationError", f"The variable reference {unresolved} could not be resolved."
            )
        except Halted:
            raise
        except Exception:
            # A bug of ours must not leave the action running for ever: AWS calls it InternalError too.
            log.exception("an action failed inside the sandbox")
            return ActionFailed("InternalError", "The action failed inside the sandbox; its log says why.")

    def _work(self, task: Task, bell: Bell) -> Work:
        run = task.run
        store = task.execution.structure.store_in(task.region)
        with self.conductor.lock:
            _prepare(task, store["location"])
        return Work(
            sandbox=self._sandbox,
            account=task.pipeline.account,
            region=task.region,
            pipeline=task.pipeline.name,
            execution=task.execution.id,
            id=run.id,
            stage=run.stage,
            action=task.action,
            configuration=run.resolved,
            inputs=tuple(run.inputs),
            outputs=tuple(run.outputs),
            credentials=self._credentials(task),
            store=store,
            token=run.token,
            deadline=(run.deadline or datetime.now(UTC)).timestamp(),
            report=partial(self.conductor.report, run),
            pause=bell.wait,
            watch=partial(self._bells.watch, bell),
            override=task.execution.overrides.get(task.action.name),
            continuation=task.continuation,
        )

    def _credentials(self, task: Task) -> Credentials:
        role = task.execution.structure.role
        try:
            return take_role(self._sandbox, role, task.action.role, task.execution.id, task.region)
        except AwsError as refused:
            raise ActionFailed("PermissionError", refused.message) from refused


def namespaces(execution: Execution) -> Namespaces:
    """All variables that an action of this execution may refer to."""
    return {
        **execution.outputs,
        "codepipeline": {"PipelineExecutionId": execution.id},
        "variables": execution.variables,
    }


def _prepare(task: Task, bucket: str) -> None:
    """Write down what the run works with; an input that nobody made keeps a place, to fail there."""
    run, name = task.run, task.pipeline.name
    made = task.execution.artifacts
    run.inputs = [made.get(one) or artifacts.place(name, one, bucket) for one in task.action.inputs]
    run.outputs = run.outputs or [artifacts.place(name, one, bucket) for one in task.action.outputs]
    known = namespaces(task.execution)
    run.resolved = {key: resolve(text, known) for key, text in task.action.configuration.items()}
