"""Fires the rules that have a schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.events import rules, schedule
from workshop.sandbox.events.event import Event
from workshop.sandbox.heartbeat import Heartbeat

TICK = 1.0  # seconds
Send = Callable[[rules.Rule, Mapping[str, Any], Event], None]


class Timer:
    """Looks every second which scheduled rules are due.

    A rate counts from when its rule was first seen, a cron expression is due once in each
    minute that it matches.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._fired: dict[tuple[str, str], datetime] = {}
        self._heartbeat = Heartbeat("events-timer", TICK, lambda: self.tick(datetime.now(UTC)))

    def __len__(self) -> int:
        """How many rules it remembers the last time of."""
        return len(self._fired)

    def start(self) -> None:
        """Begin."""
        self._heartbeat.start()

    def stop(self) -> None:
        """End."""
        self._heartbeat.stop()

    def tick(self, now: datetime) -> None:
        """Fire what is due."""
        found = list(rules.scheduled())
        known = {(rule.arn, rule.schedule) for rule in found}
        self._fired = {key: at for key, at in self._fired.items() if key in known}
        for rule in found:
            if self._due(rule, now):
                self._fire(rule, now)

    def _due(self, rule: rules.Rule, now: datetime) -> bool:
        key = (rule.arn, rule.schedule)
        if period := schedule.period(rule.schedule):
            return now - self._fired.setdefault(key, now) >= period
        minute = now.replace(second=0, microsecond=0)
        return self._fired.get(key) != minute and schedule.matches(rule.schedule, now)

    def _fire(self, rule: rules.Rule, now: datetime) -> None:
        rate = schedule.period(rule.schedule)
        self._fired[rule.arn, rule.schedule] = now if rate else now.replace(second=0, microsecond=0)
        event = Event(rule.account, rule.region, "aws.events", "Scheduled Event", (rule.arn,), {}, time=now)
        for target in rule.targets:
            self._send(rule, target, event)
