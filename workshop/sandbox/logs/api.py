"""CloudWatch Logs' API where moto's is not enough; groups, streams and their events are moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.logs.models import LogGroup, LogStream, logs_backends

from workshop.sandbox import constraints
from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.gateway.wire import Reply
from workshop.sandbox.logs.pattern import Matches, compiled
from workshop.sandbox.logs.room import Room
from workshop.sandbox.logs.token import InvalidPattern
from workshop.sandbox.pages import Token, page
from workshop.sandbox.permissions.document import MalformedPolicyError, parse

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

MOST_EVENTS = 10_000
# The days that PutRetentionPolicy's page in the API reference lists.
RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096}
    | {1827, 2192, 2557, 2922, 3288, 3653}
)
TOKEN = Token("InvalidParameterException", "The specified nextToken is invalid.")


class Logs:
    """Amazon CloudWatch Logs: the search is ours."""

    name: ClassVar[str] = "logs"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._room = Room()

    def check(self, call: Call) -> None:
        """Refuse what breaks the model's constraints, and a resource policy that says nothing."""
        constraints.check(call, "InvalidParameterException")
        if call.operation == "PutResourcePolicy":
            _check_policy(call.params.get("policyDocument", ""))
        if call.operation == "PutRetentionPolicy":
            _check_retention(call.params["retentionInDays"])

    def heard(self, call: Call, reply: Reply) -> None:
        """Make room when lines were written."""
        if call.operation != "PutLogEvents" or reply.status >= 300:
            return
        size = sum(len(event["message"]) for event in call.params["logEvents"])
        with self._sandbox.api.turn(call.account):
            groups = logs_backends[call.account][call.region].groups.values()
            streams = [stream for group in groups for stream in group.streams.values()]
            self._room.added((call.account, call.region), size, streams)

    def forget(self, account: str) -> None:
        """Count an account's lines no more."""
        self._room.forget(account)

    def filter_log_events(self, call: Call) -> dict[str, Any]:
        """The events of a group, or of some of its streams, that a pattern finds; oldest first."""
        self.check(call)
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
        shown, more = page(found, call.params.get("limit", MOST_EVENTS), call.params.get("nextToken"), TOKEN)
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


def _check_policy(text: str) -> None:
    try:
        parse(text)
    except MalformedPolicyError as broken:  # AWS's words are not known
        raise AwsError("InvalidParameterException", f"Malformed policy document: {broken}") from broken


def _check_retention(days: int) -> None:
    if days not in RETENTIONS:
        options = ", ".join(map(str, sorted(RETENTIONS)))
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{options}]",
        )
