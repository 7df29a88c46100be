"""Takes events in and delivers them in the background, so that no emitter waits or fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError
from workshop.sandbox.events import inputs, rules
from workshop.sandbox.events.event import Event
from workshop.sandbox.events.targets import Delivery, Targets
from workshop.sandbox.events.timer import Timer
from workshop.sandbox.tally import Tally

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
WORKERS = 8
PAUSES = (0.2, 1.0)  # seconds before the second and the third try; AWS tries for a day
PASSING = ("ThrottlingException", "Throttling", "TooManyRequestsException", "InternalFailure")
MOST_HOPS = 5
# Of one account, taken in and not yet delivered.  AWS throttles PutEvents by the second, by region.
MOST_UNDER_WAY = 10_000


class Events:
    """The event buses of every account: emitting, matching, delivering, schedules."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._targets = Targets(sandbox, self.take)
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="events")
        self.under_way = Tally(MOST_UNDER_WAY)
        self._stopped = threading.Event()
        self.timer = Timer(self._send)
        self._listeners: list[Callable[[Event], None]] = []

    def emit(
        self,
        account: str,
        region: str,
        source: str,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
    ) -> None:
        """Put an event on the account's default bus; never fails and never waits for targets."""
        self.take(Event(account, region, source, detail_type, tuple(resources), dict(detail)))

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Tell a service of the sandbox of every event, at once; it must neither wait nor fail."""
        self._listeners.append(listener)

    def take(self, event: Event) -> None:
        """Take in an event, whosever it is."""
        for listener in self._listeners:
            listener(event)
        if self._stopped.is_set() or event.hops > MOST_HOPS:
            return
        if not self.under_way.begin(event.account):
            log.warning("event %s is lost: account %s has too many under way", event.id, event.account)
            return
        try:
            future = self._pool.submit(self._match, event)
        except RuntimeError:
            log.info("event %s came after the end", event.id)  # the pool has just been shut down
            return
        future.add_done_callback(lambda _: self.under_way.end(event.account))

    def has_room(self, account: str) -> bool:
        """Whether an account may put one more event, on whichever of its buses."""
        return self.under_way.has_room(account)

    def halt(self, account: str) -> dict[str, int]:
        """Events end by themselves, soon: how many of an account are under way."""
        return {"events": self.under_way.of(account)}

    def start(self) -> None:
        """Begin to watch schedules."""
        self.timer.start()

    def stop(self) -> None:
        """Deliver nothing more."""
        self._stopped.set()
        self.timer.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _match(self, event: Event) -> None:
        for rule in rules.matching(event):
            for target in rule.targets:
                self._send(rule, target, event)

    def _send(self, rule: rules.Rule, target: Mapping[str, Any], event: Event) -> None:
        ingested = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = inputs.text_for(target, event.document, rule.arn, ingested)
        delivery = Delivery(rule, target, event, text)
        why = self._try(delivery)
        for pause in PAUSES:
            if why.startswith(PASSING) and not self._stopped.wait(pause):
                why = self._try(delivery)
        if why:
            log.warning("%s could not deliver %s to %s: %s", rule.arn, event.id, delivery.arn, why)
            self._bury(delivery, why)

    def _try(self, delivery: Delivery) -> str:
        """Deliver once; why not, or nothing."""
        try:
            self._targets.deliver(delivery)
        except AwsError as refused:
            return f"{refused.code}: {refused.message}"
        except ClientError as refused:
            return f"{refused.response['Error']['Code']}: {refused.response['Error']['Message']}"
        except Exception:
            # A bug in a target of ours must not end the delivery to the other targets.
            log.exception("delivering to %s failed inside the sandbox", delivery.arn)
            return "InternalFailure: the sandbox failed"
        return ""

    def _bury(self, delivery: Delivery, why: str) -> None:
        try:
            self._targets.give_up(delivery, why)
        except (AwsError, ClientError) as refused:
            log.warning("the dead-letter queue of %s refuses: %s", delivery.rule.arn, refused)
