"""The rules that users have made, out of moto's state of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.events.models import EventPattern, EventsBackend, events_backends

from workshop.sandbox.events.event import Event


@dataclass(frozen=True)
class Rule:
    """A rule as it is now; `targets` are as PutTargets took them."""

    arn: str
    account: str
    region: str
    schedule: str
    targets: tuple[Mapping[str, Any], ...]


def backend(account: str, region: str) -> EventsBackend:
    """moto's EventBridge of an account and region."""
    return events_backends[account][region]


def matching(event: Event) -> list[Rule]:
    """The enabled rules on the event's bus whose pattern it matches."""
    if event.account not in events_backends:
        return []
    bus = backend(event.account, event.region).event_buses.get(event.bus)
    rules = list(bus.rules.values()) if bus else []
    document = event.document
    enabled = [rule for rule in rules if rule.state != "DISABLED"]
    return [_rule(rule) for rule in enabled if _matches(rule.event_pattern, document)]


def scheduled() -> Iterator[Rule]:
    """Every enabled rule with a schedule."""
    for account in list(events_backends.keys()):
        for region, found in list(events_backends[account].items()):
            if region == "global":
                continue
            for rule in list(found.event_buses["default"].rules.values()):
                if rule.scheduled_expression and rule.state != "DISABLED":
                    yield _rule(rule)


def pattern_matches(pattern: str, event: Mapping[str, Any]) -> bool:
    """Whether a pattern (JSON) matches an event."""
    return _matches(EventPattern.load(pattern), event)


def _matches(pattern: Any, event: Mapping[str, Any]) -> bool:
    # To moto a missing pattern matches everything; in AWS such a rule has a schedule only.
    return bool(pattern.get_pattern()) and bool(pattern.matches_event(event))


def _rule(rule: Any) -> Rule:
    targets = tuple(json.loads(json.dumps(target)) for target in list(rule.targets))
    return Rule(rule.arn, rule.account_id, rule.region_name, rule.scheduled_expression or "", targets)
