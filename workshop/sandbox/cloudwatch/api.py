"""CloudWatch's alarms: nothing watches their metrics here, so none is said to be OK."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from moto.cloudwatch.models import cloudwatch_backends

from workshop.sandbox.call import Call
from workshop.sandbox.gateway.wire import Reply

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

UNCHECKED = "Unchecked: Initial alarm creation"  # AWS's words, and moto's


class CloudWatch:
    """Amazon CloudWatch: metrics, dashboards and alarms are moto's."""

    name: ClassVar[str] = "cloudwatch"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def heard(self, call: Call, reply: Reply) -> None:
        """An alarm that nobody has evaluated has insufficient data, as in AWS; moto calls it OK."""
        if call.operation != "PutMetricAlarm" or reply.status >= 300:
            return
        with self._sandbox.api.turn(call.account):
            alarm = cloudwatch_backends[call.account][call.region].alarms.get(call.params["AlarmName"])
            if alarm is not None and alarm.state_reason == UNCHECKED:
                alarm.state_value = "INSUFFICIENT_DATA"
