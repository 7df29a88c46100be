"""Where asynchronous events go that their function could not handle.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.execution import Event
from workshop.sandbox.lambda_.outcome import Outcome

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 1024


class DeadLetters:
    """Sends them to the queue or topic of the function's configuration, as its role."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def send(self, event: Event, outcome: Outcome) -> None:
        """Pass the event on; without a target it is lost, as in AWS."""
        target = event.version.dead_letters
        if target is None:
            return
        try:
            self._send(target, event, outcome)
        except (ClientError, AwsError) as refusal:
            log.warning("the dead letter of %s was refused: %s", event.invoked_arn, refusal)

    def _send(self, target: str, event: Event, outcome: Outcome) -> None:
        _, _, service, region, account, name = target.split(":", 5)
        role = event.version.role
        credentials = self._sandbox.clients.assume(
            role, event.version.name, "lambda.amazonaws.com", region=region
        )
        client = self._sandbox.clients.client(service, credentials, region)
        body, attributes = event.payload.decode(), _attributes(event, outcome)
        if service == "sqs":
            url = f"{self._sandbox.endpoint}/{account}/{name}"
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        else:
            client.publish(TopicArn=target, Message=body, MessageAttributes=attributes)


def _attributes(event: Event, outcome: Outcome) -> dict[str, Any]:
    try:
        text = str(json.loads(outcome.payload)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        text = ""
    values = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": text[:LONGEST_MESSAGE]}
    return {
        name: {"DataType": "Number" if name == "ErrorCode" else "String", "StringValue": value}
        for name, value in values.items()
        if value
    }
