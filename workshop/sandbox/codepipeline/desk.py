"""What every group of CodePipeline's operations shares: the register, the crew, the conductor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.sandbox import constraints
from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codepipeline.crew import Crew
from workshop.sandbox.codepipeline.register import Register
from workshop.sandbox.codepipeline.state import Pipeline
from workshop.sandbox.gateway.wire import model_of

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class Desk:
    """Groups of operations are built upon it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.register = Register()
        self.crew = Crew(sandbox)
        self.conductor = self.crew.conductor

    def pipeline(self, call: Call, member: str = "pipelineName") -> Pipeline:
        """The pipeline that a call names; AwsError PipelineNotFoundException."""
        return self.register.pipeline(call, member)


def constrain(call: Call) -> None:
    """AwsError ValidationException where a call breaks the model's lengths, patterns and enums."""
    model = model_of(call.service).operation_model(call.operation)
    found = constraints.violations(model.input_shape, call.params)
    if found:
        raise AwsError("ValidationException", constraints.message(found))
