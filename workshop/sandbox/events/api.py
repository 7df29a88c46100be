"""EventBridge's API where moto's is not enough; the rest of it, rules and buses, is moto's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.exceptions import JsonRESTError

from workshop.sandbox import constraints
from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.events import rules
from workshop.sandbox.events.event import DEFAULT_BUS, Event

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

Shape = dict[str, Any]
MOST_ENTRIES = 10
LARGEST = 262_144  # bytes of all entries together
MOST_TARGETS = 5
WITH_ROLE = ("codepipeline", "codebuild")
REQUIRED = ("Source", "DetailType", "Detail")
IN_AN_EVENT = ("id", "account", "source", "time", "region", "resources", "detail-type")


class EventBridge:
    """AWS EventBridge: PutEvents, PutTargets and TestEventPattern are ours."""

    name: ClassVar[str] = "events"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def check(self, call: Call) -> None:
        """Refuse names and settings that break the model's constraints, before moto takes them."""
        constraints.check(call, "ValidationException")

    def put_events(self, call: Call) -> Shape:
        """Takes in users' events; each entry is accepted or refused by itself."""
        entries = call.params["Entries"]
        _require_sizes(entries)
        answers = [self._put(call, entry) for entry in entries]
        return {
            "FailedEntryCount": sum("ErrorCode" in answer for answer in answers),
            "Entries": answers,
        }

    def put_targets(self, call: Call) -> Shape:
        """Adds targets to a rule, if their roles may be taken by EventBridge."""
        given = call.params["Targets"]
        for target in given:
            self._require_role(target, call)
            _require_one_input(target)
        found = rules.backend(call.account, call.region)
        try:
            _require_room(found, call)
            found.put_targets(call.params["Rule"], call.params.get("EventBusName"), given)
        except JsonRESTError as refused:
            raise _in_awss_words(refused) from refused
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def test_event_pattern(self, call: Call) -> Shape:
        """Whether a pattern matches an event."""
        try:
            event = json.loads(call.params["Event"])
        except ValueError as broken:
            raise AwsError("ValidationException", "Parameter Event is not valid.") from broken
        missing = [name for name in IN_AN_EVENT if name not in event]
        if missing:
            raise AwsError(
                "ValidationException", f"Parameter Event is not valid. Reason: {missing[0]} is missing."
            )
        try:
            return {"Result": rules.pattern_matches(call.params["EventPattern"], event)}
        except JsonRESTError as refused:
            raise _in_awss_words(refused) from refused

    def _put(self, call: Call, entry: Mapping[str, Any]) -> Shape:
        for member in REQUIRED:
            if not entry.get(member):
                words = f"Parameter {member} is not valid. Reason: {member} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": words}
        if entry["Source"].startswith("aws."):
            return {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": "Not authorized for the source.",
            }
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        if not self._sandbox.events.has_room(call.account):
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        event = self._event(call, entry, detail)
        self._sandbox.events.take(event)
        return {"EventId": event.id}

    def _event(self, call: Call, entry: Mapping[str, Any], detail: Shape) -> Event:
        bus = entry.get("EventBusName", DEFAULT_BUS).rpartition("/")[2]
        if bus not in rules.backend(call.account, call.region).event_buses:
            raise AwsError("ResourceNotFoundException", f"Event bus {bus} does not exist.")
        return Event(
            call.account,
            call.region,
            entry["Source"],
            entry["DetailType"],
            tuple(entry.get("Resources", ())),
            detail,
            bus=bus,
            time=entry.get("Time") or datetime.now(UTC),
        )

    def _require_role(self, target: Mapping[str, Any], call: Call) -> None:
        role, arn = target.get("RoleArn"), target["Arn"]
        if role is None and arn.split(":")[2:3] and arn.split(":")[2] in WITH_ROLE:
            raise AwsError("ValidationException", f"RoleArn is required for target {arn}.")
        if role is None:
            return
        try:
            self._sandbox.clients.assume(role, "EventBridge", "events.amazonaws.com", region=call.region)
        except AwsError as refused:
            raise AwsError(
                "ValidationException",
                f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
            ) from refused


def _require_sizes(entries: list[Mapping[str, Any]]) -> None:
    if not 1 <= len(entries) <= MOST_ENTRIES:
        bound = f"less than or equal to {MOST_ENTRIES}" if entries else "greater than or equal to 1"
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy "
            f"constraint: Member must have length {bound}",
        )
    size = sum(len(str(value).encode()) for entry in entries for value in entry.values())
    if size > LARGEST:
        raise AwsError(
            "ValidationException", "Total size of the entries in the request is over the limit.", 413
        )


def _require_one_input(target: Mapping[str, Any]) -> None:
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        raise AwsError(
            "ValidationException",
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}.",
        )
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as broken:
            raise AwsError(
                "ValidationException", f"JSON syntax error in input for target {target['Id']} : {broken}"
            ) from broken


def _require_room(found: Any, call: Call) -> None:
    bus = found.event_buses.get(call.params.get("EventBusName", DEFAULT_BUS).rpartition("/")[2])
    rule = bus.rules.get(call.params["Rule"]) if bus else None
    if rule is None:
        return  # moto says it
    ids = {target["Id"] for target in rule.targets} | {target["Id"] for target in call.params["Targets"]}
    if len(ids) > MOST_TARGETS:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


def _in_awss_words(refused: JsonRESTError) -> AwsError:
    return AwsError(str(refused.error_type), str(refused.message))
