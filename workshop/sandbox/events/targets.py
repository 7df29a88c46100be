"""Hands events over to targets: as the target's role, or as EventBridge under the target's own policy."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import AwsError, Credentials, acting_service
from workshop.sandbox.events.event import Event
from workshop.sandbox.events.rules import Rule, backend

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SERVICE = "events.amazonaws.com"
PIPELINE_INPUT = ("sourceRevisions", "variables")


@dataclass(frozen=True)
class Delivery:
    """One event for one target of one rule; `text` is what the target gets."""

    rule: Rule
    target: Mapping[str, Any]
    event: Event
    text: str

    @property
    def arn(self) -> str:
        return str(self.target["Arn"])

    @property
    def resource(self) -> str:
        """The last part of the target's ARN."""
        return self.arn.split(":", 5)[5]

    @property
    def payload(self) -> dict[str, Any]:
        """The text as an object; empty if it is something else."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Targets:
    """The kinds of targets that the sandbox has."""

    def __init__(self, sandbox: Sandbox, emit: Callable[[Event], None]) -> None:
        self._sandbox = sandbox
        self._emit = emit
        self._kinds: Mapping[str, Callable[[Delivery], object]] = {
            "codepipeline": self._to_pipeline,
            "codebuild": self._to_build,
            "lambda": self._to_function,
            "logs": self._to_log_group,
            "sqs": self._to_queue,
            "sns": self._to_topic,
            "events": self._to_bus,
        }

    def deliver(self, delivery: Delivery) -> None:
        """Deliver once; AwsError or ClientError if the target refuses or is of another kind."""
        kind = delivery.arn.split(":")[2]
        if kind not in self._kinds:
            raise AwsError("NotImplemented", f"This sandbox has no EventBridge targets of kind {kind}.", 501)
        self._kinds[kind](delivery)

    def give_up(self, delivery: Delivery, why: str) -> None:
        """Put what could not be delivered into the target's dead-letter queue, if it has one."""
        queue = delivery.target.get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            return
        attributes = {"RULE_ARN": delivery.rule.arn, "TARGET_ARN": delivery.arn, "ERROR_MESSAGE": why[:256]}
        self._send(delivery, queue, json.dumps(delivery.event.document), attributes)

    def _role(self, delivery: Delivery) -> Credentials:
        role = delivery.target.get("RoleArn", "")
        session = uuid.uuid4().hex
        return self._sandbox.clients.assume(role, session, SERVICE, region=delivery.rule.region)

    def _client(self, delivery: Delivery, service: str) -> Any:
        """A client as EventBridge itself, which only the target's resource policy lets in."""
        who = acting_service(SERVICE, delivery.rule.account, delivery.rule.arn)
        return self._sandbox.clients.client(service, who, delivery.rule.region)

    def _to_pipeline(self, delivery: Delivery) -> None:
        who = self._role(delivery).principal
        asked = {key: value for key, value in delivery.payload.items() if key in PIPELINE_INPUT}
        codepipeline = self._sandbox.service("codepipeline")
        codepipeline.start_by_event(who, delivery.arn, delivery.rule.arn, asked)

    def _to_build(self, delivery: Delivery) -> None:
        client = self._sandbox.clients.client("codebuild", self._role(delivery), delivery.rule.region)
        transformed = "Input" in delivery.target or "InputTransformer" in delivery.target
        asked = delivery.payload if transformed else {}
        client.start_build(**{**asked, "projectName": delivery.resource.partition("/")[2]})

    def _to_function(self, delivery: Delivery) -> None:
        client = self._client(delivery, "lambda")
        client.invoke(FunctionName=delivery.arn, InvocationType="Event", Payload=delivery.text.encode())

    def _to_log_group(self, delivery: Delivery) -> None:
        group, stream = delivery.resource.removeprefix("log-group:").removesuffix(":*"), str(uuid.uuid4())
        client = self._client(delivery, "logs")
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        message = {"timestamp": int(time.time() * 1000), "message": delivery.text}
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[message])

    def _to_queue(self, delivery: Delivery) -> None:
        self._send(delivery, delivery.arn, delivery.text, {})

    def _send(self, delivery: Delivery, queue: str, text: str, attributes: Mapping[str, str]) -> None:
        _, _, _, _, account, name = queue.split(":", 5)
        group = delivery.target.get("SqsParameters", {}).get("MessageGroupId")
        given = {"MessageGroupId": group} if group else {}
        self._client(delivery, "sqs").send_message(
            QueueUrl=f"{self._sandbox.endpoint}/{account}/{name}",
            MessageBody=text,
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()
            },
            **given,
        )

    def _to_topic(self, delivery: Delivery) -> None:
        self._client(delivery, "sns").publish(TopicArn=delivery.arn, Message=delivery.text)

    def _to_bus(self, delivery: Delivery) -> None:
        if not delivery.resource.strip(":"):
            self._to_archive(delivery)
            return
        _, _, _, region, account, resource = delivery.arn.split(":", 5)
        if "RoleArn" in delivery.target:
            who = self._role(delivery).principal
            self._sandbox.permissions.require(who, "events:PutEvents", delivery.arn, region)
        elif account != delivery.rule.account:
            raise AwsError("AccessDenied", f"A role is needed to put events on {delivery.arn}", 403)
        bus = resource.partition("/")[2]
        self._emit(replace(delivery.event, region=region, bus=bus, hops=delivery.event.hops + 1))

    def _to_archive(self, delivery: Delivery) -> None:
        """moto archives through a rule of its own, whose text names the archive."""
        name = delivery.payload["archive-arn"].split("/", 1)[1].partition(":")[0]
        archives: Mapping[str, Any] = backend(delivery.rule.account, delivery.rule.region).archives
        if name in archives:
            archives[name].events.append(delivery.event.document)
