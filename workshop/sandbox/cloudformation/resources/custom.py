"""Custom resources: a Lambda function, or whoever listens to a topic, makes them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.intrinsics import text_of
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Failed, Kind, Made, Properties, Work

POLL = 0.1
HOUR = 3600
# How long an answer may be under way after the function itself has failed.
GRACE = 2
SILENCE = (
    "CloudFormation did not receive a response from your Custom Resource. "
    "Please check your logs for requestId [{}]. If you are using the Python cfn-response module, "
    "you may need to update your Lambda function code so that CloudFormation can attach the updated version."
)


def _create(work: Work, properties: Properties) -> Made:
    return _made(_ask(work, "Create", properties, {}), None)


def _update(work: Work, old: Resource, properties: Properties) -> Made:
    """Another physical id in the answer means a replacement: the old one is deleted."""
    before = {"PhysicalResourceId": old.physical_id, "OldResourceProperties": _plain(old.properties)}
    made = _made(_ask(work, "Update", properties, before), old.physical_id)
    if made.id != old.physical_id:
        _delete(work, old)
    return made


def _delete(work: Work, resource: Resource) -> None:
    _ask(work, "Delete", resource.properties, {"PhysicalResourceId": resource.physical_id})


def _made(answer: Mapping[str, Any], known: str | None) -> Made:
    data = answer.get("Data") or {}
    physical_id = answer.get("PhysicalResourceId") or known
    if not physical_id:
        raise Failed("Invalid PhysicalResourceId")
    return Made(str(physical_id), dict(data))


def _ask(work: Work, request: str, properties: Properties, more: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send the event, wait for the answer; Failed with its reason if it says FAILED."""
    key, url = work.mailbox.address()
    event = {
        "RequestType": request,
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": url,
        "StackId": work.place.stack_id,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": work.name,
        "ResourceType": work.type,
        "ResourceProperties": _plain(properties),
        **more,
    }
    patience = float(properties.get("ServiceTimeout", HOUR))
    failed = _send(work, str(properties["ServiceToken"]), event)
    answer = _wait(work, key, min(patience, GRACE) if failed else patience)
    if answer is None:
        raise Failed(SILENCE.format(event["RequestId"]))
    if answer.get("Status") != "SUCCESS":
        reason = answer.get("Reason")
        raise Failed(f"Received response status [FAILED] from custom resource. Message returned: {reason}")
    return answer


def _send(work: Work, token: str, event: Mapping[str, Any]) -> bool:
    """Whether the receiver has failed, as far as can be seen."""
    if ":sns:" in token:
        work.call("sns", "publish", TopicArn=token, Message=json.dumps(event))
        return False
    answer = work.call("lambda", "invoke", FunctionName=token, Payload=json.dumps(event))
    return "FunctionError" in answer


def _wait(work: Work, key: str, seconds: float) -> Mapping[str, Any] | None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not work.cancelled():
        try:
            answer = work.mailbox.take(key)
        except ValueError:
            raise Failed("Invalid JSON received from custom resource") from None
        if answer is not None:
            return answer
        time.sleep(POLL)
    return None


def _plain(value: Any) -> Any:
    """Every scalar as text, as AWS sends them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else text_of(value)


KINDS: Mapping[str, Kind] = {"AWS::CloudFormation::CustomResource": Kind(_create, _delete, _update)}
