"""Fires the rules that have a schedule."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.events import rules, schedule
from workshop.sandbox.events.event import Event

log = logging.getLogger(__name__)
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
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events-timer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(TICK)

    def tick(self, now: datetime) -> None:
        """Fire what is due."""
        for rule in list(rules.scheduled()):
            if self._due(rule, now):
                self._fire(rule, now)

    def _run(self) -> None:
        while not self._stopped.wait(TICK):
            try:
                self.tick(datetime.now(UTC))
            except Exception:
                # One rule that moto keeps in an unexpected form must not end all schedules.
                log.exception("the timer of EventBridge stumbled")

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
