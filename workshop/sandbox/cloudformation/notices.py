"""Tells a stack's topics what has happened to it.

The form of the messages is AWS's (observed); they are sent when the operation is over,
all of them, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from .state import Event, Stack

log = logging.getLogger(__name__)
SUBJECT = "AWS CloudFormation Notification"


def publish(stack: Stack, events: Sequence[Event], client: Callable[[str], Any]) -> None:
    """Send `events` to the stack's topics; a topic that may not be published to is passed over."""
    topics = stack.definition.notifications if stack.definition else ()
    for topic in topics:
        try:
            for event in events:
                client("sns").publish(TopicArn=topic, Subject=SUBJECT, Message=message(stack, event))
        except ClientError as error:
            log.info("stack %s could not notify %s: %s", stack.name, topic, error)


def message(stack: Stack, event: Event) -> str:
    """One event as lines of name='value'."""
    lines = {
        "StackId": stack.id,
        "Timestamp": event.time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "EventId": event.id,
        "LogicalResourceId": event.name,
        "Namespace": stack.id.split(":")[4],
        "PhysicalResourceId": event.physical_id,
        "ResourceProperties": event.properties or "null",
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or "",
        "ResourceType": event.type,
        "StackName": stack.name,
        "ClientRequestToken": event.token or "null",
    }
    return "".join(f"{name}='{value}'\n" for name, value in lines.items())
