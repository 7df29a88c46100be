"""CloudWatch Logs' API where moto's is not enough; groups, streams and their events are moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.logs.models import LogGroup, LogStream, logs_backends

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.logs.pattern import Matches, compiled
from workshop.sandbox.logs.token import InvalidPattern
from workshop.sandbox.pages import Token, page
from workshop.sandbox.permissions.document import MalformedPolicyError, parse

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

MOST_EVENTS = 10_000
MOST_STREAMS = 100
TOKEN = Token("InvalidParameterException", "The specified nextToken is invalid.")


class Logs:
    """Amazon CloudWatch Logs: the search is ours."""

    name: ClassVar[str] = "logs"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def check(self, call: Call) -> None:
        """Refuse a resource policy that says nothing; the words are assumed."""
        if call.operation != "PutResourcePolicy":
            return
        try:
            parse(call.params.get("policyDocument", ""))
        except MalformedPolicyError as broken:
            raise AwsError("InvalidParameterException", f"Malformed policy document: {broken}") from broken

    def filter_log_events(self, call: Call) -> dict[str, Any]:
        """The events of a group, or of some of its streams, that a pattern finds; oldest first."""
        group = _group(call)
        streams = _streams(group, call)
        matches = _matches(call)
        first, end = call.params.get("startTime", 0), call.params.get("endTime")
        with self._sandbox.api.turn(call.account):
            events = [
                {**event.to_filter_dict(), "logStreamName": stream.log_stream_name}
                for stream in streams
                for event in stream.events
                if event.timestamp >= first and (end is None or event.timestamp <= end)
            ]
        found = sorted((event for event in events if matches(event["message"])), key=lambda e: e["timestamp"])
        shown, more = page(found, _limit(call), call.params.get("nextToken"), TOKEN)
        return {"events": shown, "searchedLogStreams": []} | ({"nextToken": more} if more else {})


def _group(call: Call) -> LogGroup:
    name, identifier = call.params.get("logGroupName"), call.params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise AwsError(
            "InvalidParameterException",
            "Exactly one of the parameters logGroupName and logGroupIdentifier must be given.",
        )
    asked = name or str(identifier).partition(":log-group:")[2].removesuffix(":*") or str(identifier)
    groups: dict[str, LogGroup] = logs_backends[call.account][call.region].groups
    if asked not in groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return groups[asked]


def _streams(group: LogGroup, call: Call) -> list[LogStream]:
    names, prefix = call.params.get("logStreamNames"), call.params.get("logStreamNamePrefix")
    if names and prefix:
        raise AwsError(
            "InvalidParameterException",
            "LogStreamNamePrefix and LogStreamNames cannot both be specified.",
        )
    if names and len(names) > MOST_STREAMS:
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MOST_STREAMS}",
        )
    if any(name not in group.streams for name in names or ()):
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    return [
        stream
        for name, stream in list(group.streams.items())
        if (not names or name in names) and name.startswith(prefix or "")
    ]


def _matches(call: Call) -> Matches:
    try:
        return compiled(call.params.get("filterPattern", ""))
    except InvalidPattern as invalid:
        raise AwsError("InvalidParameterException", "Invalid filter pattern") from invalid


def _limit(call: Call) -> int:
    limit = int(call.params.get("limit", MOST_EVENTS))
    if not 1 <= limit <= MOST_EVENTS:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MOST_EVENTS}"
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value {bound}",
        )
    return limit
