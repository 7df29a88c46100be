"""Runs actions, each in a thread of its own and under its role, and brings back how they ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workshop.sandbox.call import AwsError, Credentials
from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.actions.providers import PROVIDERS
from workshop.sandbox.codepipeline.conductor import Conductor
from workshop.sandbox.codepipeline.news import News
from workshop.sandbox.codepipeline.roles import take_role
from workshop.sandbox.codepipeline.state import ActionRun, Execution, Pipeline
from workshop.sandbox.codepipeline.structure import Action
from workshop.sandbox.codepipeline.variables import Namespaces, Unresolved, resolve
from workshop.sandbox.codepipeline.work import ActionFailed, Halted, Outcome, Work

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
LAST_WORDS = 2.0  # seconds that a stopping sandbox gives its actions


class Crew:
    """The threads that do the work, and the conductor they work for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._halts: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self.conductor = Conductor(News(sandbox), self.begin, self.withdraw)

    def begin(
        self,
        pipeline: Pipeline,
        execution: Execution,
        run: ActionRun,
        action: Action,
        continuation: str | None = None,
    ) -> None:
        """Start an action; returns at once."""
        halt = self._halts[run.id] = threading.Event()
        arguments = (pipeline, execution, run, action, halt, continuation)
        thread = threading.Thread(target=self._do, args=arguments, name=f"action-{run.id}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def withdraw(self, run: str) -> None:
        """Nobody waits for this run any more."""
        if halt := self._halts.pop(run, None):
            halt.set()

    def stop(self) -> None:
        """End all threads; what they started elsewhere goes on, as in AWS."""
        for run in list(self._halts):
            self.withdraw(run)
        for thread in list(self._threads):
            thread.join(LAST_WORDS)

    def _do(
        self,
        pipeline: Pipeline,
        execution: Execution,
        run: ActionRun,
        action: Action,
        halt: threading.Event,
        continuation: str | None,
    ) -> None:
        try:
            result = self._result(lambda: self._work(pipeline, execution, run, action, halt, continuation))
            if result is not None:
                self._halts.pop(run.id, None)
                self.conductor.settle(pipeline, run, result)
        except Halted:
            pass
        finally:
            self._threads.discard(threading.current_thread())

    def _result(self, prepare: Callable[[], Work]) -> Outcome | ActionFailed | None:
        try:
            work = prepare()
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

    def _work(
        self,
        pipeline: Pipeline,
        execution: Execution,
        run: ActionRun,
        action: Action,
        halt: threading.Event,
        continuation: str | None,
    ) -> Work:
        region = action.region or pipeline.region
        store = execution.structure.store_in(region)
        with self.conductor.lock:
            self._prepare(execution, run, action, store)
        return Work(
            sandbox=self._sandbox,
            account=pipeline.account,
            region=region,
            pipeline=pipeline.name,
            execution=execution.id,
            id=run.id,
            stage=run.stage,
            action=action,
            configuration=run.resolved,
            inputs=tuple(run.inputs),
            outputs=tuple(run.outputs),
            credentials=self._credentials(execution, action, region),
            store=store,
            token=run.token,
            deadline=(run.deadline or datetime.now(UTC)).timestamp(),
            report=lambda progress: self.conductor.report(run, progress),
            halted=halt,
            override=execution.overrides.get(action.name),
            continuation=continuation,
        )

    def _prepare(
        self, execution: Execution, run: ActionRun, action: Action, store: Mapping[str, str]
    ) -> None:
        run.inputs = [
            execution.artifacts.get(name)
            or artifacts.place(execution.structure.name, name, store["location"])
            for name in action.inputs
        ]
        if not run.outputs:
            run.outputs = [
                artifacts.place(execution.structure.name, name, store["location"]) for name in action.outputs
            ]
        known = namespaces(execution)
        run.resolved = {key: resolve(text, known) for key, text in action.configuration.items()}

    def _credentials(self, execution: Execution, action: Action, region: str) -> Credentials:
        try:
            return take_role(self._sandbox, execution.structure.role, action.role, execution.id, region)
        except AwsError as refused:
            raise ActionFailed("PermissionError", refused.message) from refused


def namespaces(execution: Execution) -> Namespaces:
    """All variables that an action of this execution may refer to."""
    return {
        **execution.outputs,
        "codepipeline": {"PipelineExecutionId": execution.id},
        "variables": execution.variables,
    }
