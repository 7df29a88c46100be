"""What a deployment changed: the change set as a table, or what the stack's events tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workshop.insight.runs import Act, Run
from workshop.lab import Lab, Refused, code_of

MOST = 500
MOST_EVENTS = 1000
# CloudFormation's clock and CodePipeline's are two: a little room on both sides.
SLACK = timedelta(seconds=2)


@dataclass(frozen=True)
class Change:
    """One resource that changes: what is done, to which, of what kind, replaced or not, and why."""

    action: str
    logical: str
    kind: str
    replacement: str
    physical: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """One event of the stack."""

    at: datetime
    logical: str
    kind: str
    status: str
    reason: str


@dataclass(frozen=True)
class Deployment:
    """What one deployment did. `proposed` says whether `changes` were read from the change set."""

    stack: str
    name: str = ""
    status: str = ""
    reason: str = ""
    executed: str = ""
    made: datetime | None = None
    changes: tuple[Change, ...] = ()
    proposed: bool = False
    events: tuple[Event, ...] = ()


def read(lab: Lab, run: Run, act: Act) -> Deployment:
    """What `act` deployed in `run`: its change set while AWS keeps it, and the events of that time.

    AWS keeps the change set that was executed last; one that another replaced is gone.
    """
    cloudformation = lab.client("cloudformation")
    events = _events(cloudformation, act.stack, *_when(run, act))
    arn = _change_set(run, act)
    described = _described(cloudformation, act.stack, arn) if arn else None
    if described is None:
        return Deployment(act.stack, changes=told_by(events), events=events)
    return Deployment(
        act.stack,
        described["ChangeSetName"],
        described["Status"],
        described.get("StatusReason", ""),
        described.get("ExecutionStatus", ""),
        described.get("CreationTime"),
        tuple(change_of(one["ResourceChange"]) for one in described["Changes"] if "ResourceChange" in one),
        proposed=True,
        events=events,
    )


def _when(run: Run, act: Act) -> tuple[datetime, datetime | None]:
    """From the first action on this stack to the end of the last one."""
    same = [one for one in run.acts if one.stack == act.stack]
    ended = [one.ended for one in same]
    over = max(one for one in ended if one) if all(ended) else None
    return min(one.started for one in same) - SLACK, over + SLACK if over else None


def _change_set(run: Run, act: Act) -> str:
    """The ARN of the change set that was made in this run for the stack of `act`."""
    arns = [one.external for one in run.acts if one.stack == act.stack and ":changeSet/" in one.external]
    return arns[-1] if arns else ""


def _described(cloudformation: Any, stack: str, arn: str) -> dict[str, Any] | None:
    try:
        which = {"StackName": stack, "ChangeSetName": arn}
        answer: dict[str, Any] = cloudformation.describe_change_set(**which)
        while answer.get("NextToken") and len(answer["Changes"]) < MOST:
            more = cloudformation.describe_change_set(**which, NextToken=answer.pop("NextToken"))
            answer = more | {"Changes": [*answer["Changes"], *more["Changes"]]}
    except Refused as error:
        if code_of(error) == "ChangeSetNotFound":
            return None
        raise
    return answer


def change_of(resource: dict[str, Any]) -> Change:
    """A change as CloudFormation's ResourceChange tells it."""
    return Change(
        resource["Action"],
        resource["LogicalResourceId"],
        resource["ResourceType"],
        resource.get("Replacement", ""),
        resource.get("PhysicalResourceId", ""),
        tuple(dict.fromkeys(_why(detail) for detail in resource.get("Details", []))),
    )


def _why(detail: dict[str, Any]) -> str:
    """One reason: "Code (DirectModification)", "Body ← WebFunction.Arn"."""
    target = detail.get("Target", {})
    what = target.get("Name") or target.get("Attribute", "")
    cause = detail.get("CausingEntity")
    return f"{what} ← {cause}" if cause else f"{what} ({detail.get('ChangeSource', 'DirectModification')})"


def _events(cloudformation: Any, stack: str, since: datetime, until: datetime | None) -> tuple[Event, ...]:
    """The stack's events of a time, the oldest first; none where the stack is gone."""
    pages = cloudformation.get_paginator("describe_stack_events")
    found: list[Event] = []
    try:
        for page in pages.paginate(StackName=stack, PaginationConfig={"MaxItems": MOST_EVENTS}):
            found += [_event(one) for one in page["StackEvents"]]
            if found and found[-1].at < since:
                break
    except Refused as error:
        if code_of(error) != "ValidationError":  # "Stack [...] does not exist"
            raise
    return tuple(one for one in reversed(found) if since <= one.at and (until is None or one.at <= until))


def _event(event: dict[str, Any]) -> Event:
    return Event(
        event["Timestamp"],
        event["LogicalResourceId"],
        event["ResourceType"],
        event.get("ResourceStatus", ""),
        event.get("ResourceStatusReason", ""),
    )


VERBS = {"CREATE": "Add", "UPDATE": "Modify", "DELETE": "Remove", "IMPORT": "Import"}


def told_by(events: tuple[Event, ...]) -> tuple[Change, ...]:
    """The changes that a stack's events tell of; they do not say why, nor what was replaced."""
    found: dict[str, Change] = {}
    for event in events:
        verb = VERBS.get(event.status.partition("_")[0], "")
        if verb and event.kind != "AWS::CloudFormation::Stack":
            found.setdefault(event.logical, Change(verb, event.logical, event.kind, ""))
    return tuple(found.values())
