"""Repository triggers: an SNS topic or a Lambda function told of pushes."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.sandbox.call import AwsError, Principal, acting_service
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.state import Repository, now

if TYPE_CHECKING:
    from workshop.sandbox.clients import Clients

log = logging.getLogger(__name__)
Trigger = Mapping[str, Any]
EVENTS = {
    "referenceCreated": "createReference",
    "referenceUpdated": "updateReference",
    "referenceDeleted": "deleteReference",
}


def fire(clients: Clients, repository: Repository, changes: Sequence[RefChange], caller: Principal) -> None:
    """Tells each trigger of the branches that concern it; a target that refuses is only logged.

    As in AWS, a push succeeds whatever becomes of its triggers.
    """
    for trigger in list(repository.triggers):
        concerned = [change for change in changes if concerns(trigger, change)]
        if not concerned:
            continue
        try:
            send(clients, repository, trigger, concerned, caller)
        except (ClientError, BotoCoreError, AwsError) as refused:
            log.warning("trigger %s of %s: %s", trigger["name"], repository.name, refused)


def concerns(trigger: Trigger, change: RefChange) -> bool:
    """Whether a trigger wants to hear of a change; no branches listed means all."""
    branches, events = trigger.get("branches") or [], trigger["events"]
    if branches and change.branch not in branches:
        return False
    return "all" in events or EVENTS[change.event] in events


def send(
    clients: Clients,
    repository: Repository,
    trigger: Trigger,
    changes: Sequence[RefChange],
    caller: Principal,
) -> None:
    """Publishes to the topic or invokes the function, as the service CodeCommit itself."""
    service = acting_service("codecommit.amazonaws.com", repository.account, repository.arn)
    target = trigger["destinationArn"]
    text = json.dumps({"Records": [record(repository, trigger, changes, caller)]})
    if target.split(":")[2] == "sns":
        clients.client("sns", service, repository.region).publish(
            TopicArn=target,
            Subject=f"UPDATE: AWS CodeCommit {repository.region} {repository.name}",
            Message=text,
        )
        return
    clients.client("lambda", service, repository.region).invoke(
        FunctionName=target, InvocationType="Event", Payload=text
    )


def record(
    repository: Repository, trigger: Trigger, changes: Sequence[RefChange], caller: Principal
) -> dict[str, Any]:
    """The event that a function gets (form: AWS's guide "Using AWS Lambda with AWS CodeCommit")."""
    return {
        "awsRegion": repository.region,
        "codecommit": {"references": [_reference(change) for change in changes]},
        "customData": trigger.get("customData"),
        "eventId": str(uuid.uuid4()),
        "eventName": "ReferenceChanges",
        "eventPartNumber": 1,
        "eventSource": "aws:codecommit",
        "eventSourceARN": repository.arn,
        "eventTime": now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "eventTotalParts": 1,
        "eventTriggerConfigId": repository.triggers_id,
        "eventTriggerName": trigger["name"],
        "eventVersion": "1.0",
        "userIdentityARN": caller.arn,
    }


def _reference(change: RefChange) -> dict[str, Any]:
    marks = {"created": change.old is None, "deleted": change.new is None}
    commit = change.new or change.old
    return {"commit": commit, "ref": change.ref} | {mark: True for mark, holds in marks.items() if holds}
