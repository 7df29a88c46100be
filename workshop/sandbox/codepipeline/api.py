"""The CodePipeline service: all groups of its operations, its clock, and its door for events.

The engine decides, the conductor carries out, the crew does the actions' work; the groups of
operations are classes built on one desk, and none reaches into another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.codepipeline.clock import Clock
from workshop.sandbox.codepipeline.executions import Executions
from workshop.sandbox.codepipeline.gates import Gates
from workshop.sandbox.codepipeline.pipelines import Pipelines
from workshop.sandbox.codepipeline.state import Trigger
from workshop.sandbox.codepipeline.work import ActionFailed
from workshop.sandbox.snapshot.kept import Kept

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

# A reviewer's answer comes by the API; all else was a thread, a build or a function of the old process.
SURVIVES = ("Manual",)


class CodePipeline(Pipelines, Executions, Gates):
    """AWS CodePipeline, JSON 1.1; pipelines live in the account and region of the caller."""

    name: ClassVar[str] = "codepipeline"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.clock = Clock(sandbox, self.register, self.conductor, self.start_execution)

    @property
    def kept(self) -> Kept:
        """What of it is saved."""
        return Kept(self.register.states, lambda _: [self.conductor.lock])

    def start_by_event(self, who: Principal, arn: str, rule: str, asked: dict[str, Any]) -> str:
        """Start the pipeline `arn` because the EventBridge rule `rule` (its ARN) matched; the execution's id.

        `who` is the session of the target's role, which must be allowed to start it;
        `asked` is the target's input.  AwsError if it may not or the pipeline is not there.
        """
        _, _, _, region, account, name = arn.split(":", 5)
        self.sandbox.permissions.require(who, "codepipeline:StartPipelineExecution", arn, region)
        pipeline = self.register.of(account, region).pipelines.get(name)
        if pipeline is None:
            raise AwsError(
                "PipelineNotFoundException",
                f"Account '{account}' does not have a pipeline with name '{name}'",
            )
        return self.start_execution(pipeline, Trigger("CloudWatchEvent", rule), asked)

    def start(self) -> None:
        """Begin to watch deadlines and polled sources; go on where a restart interrupted."""
        self._give_up_orphans()
        self.clock.start()

    def stop(self) -> None:
        """End the clock and all actions."""
        self.clock.stop()
        self.crew.stop()

    def halt(self, account: str) -> dict[str, int]:
        """Cancel an account's executions; what their actions have begun elsewhere ends there."""
        with self.conductor.lock:
            pipelines = [one for state in self.register.all() for one in state.pipelines.values()]
            own = [one for one in pipelines if one.account == account]
            live = sum(execution.live for one in own for execution in one.executions)
            for one in own:
                self.conductor.cancel(one)
        return {"pipeline executions": live, "pipeline actions": self.crew.working(account)}

    def _give_up_orphans(self) -> None:
        """Fail the runs whose thread ended with an earlier process; a retry does them again."""
        with self.conductor.lock:
            orphans = [found for state in self.register.all() for found in state.runs()]
        for pipeline, run in orphans:
            execution = pipeline.execution(run.execution)
            stage = execution.structure.stage(run.stage) if execution else None
            if stage and stage.action(run.action).provider not in SURVIVES:
                lost = ActionFailed("SystemUnavailable", "The sandbox was stopped while this action ran.")
                self.conductor.settle(pipeline, run, lost)
