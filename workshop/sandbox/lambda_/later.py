"""Asynchronous invocations: events that wait for their turn and are tried again when the function fails.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.execution import Event, Execution
from workshop.sandbox.lambda_.outcome import Outcome
from workshop.sandbox.lambda_.pool import throttled

log = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)
THROTTLED_SECONDS = 1.0
LONGEST_WAIT = 300.0
WORKERS = 32
AT_ONCE = 4  # of one account's events: slow functions of one must not hold up those of all others
MOST_WAITING = 1_000  # of one account; how many AWS keeps is not documented


@dataclass(frozen=True)
class Errand:
    """An event, when it came, how often it has failed and how often it was refused."""

    event: Event
    since: float
    retries: int
    most_age: float
    failures: int = 0
    refusals: int = 0

    @property
    def account(self) -> str:
        """Whose function it is for."""
        return self.event.version.account


class Later:
    """A queue of errands, of which AT_ONCE of each account are run at a time.

    `current` looks the function up again before every try; `give_up` is told of the last failure.
    Errands that wait are lost when the sandbox ends; AWS would keep them.
    """

    def __init__(
        self,
        execution: Execution,
        current: Callable[[Event], Event | None],
        give_up: Callable[[Event, Outcome], None],
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._execution = execution
        self._current = current
        self._give_up = give_up
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Errand]] = []
        self._held: defaultdict[str, deque[Errand]] = defaultdict(deque)
        self._running: Counter[str] = Counter()
        self._count = itertools.count()
        self._ended = False
        self._workers = ThreadPoolExecutor(WORKERS, "lambda-later")
        self._thread = threading.Thread(target=self._dispatch, name="lambda-later", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._workers.shutdown(wait=False, cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join()

    def put(self, event: Event, retries: int = 2, most_age: float = 21_600) -> None:
        """Run the event soon; AwsError TooManyRequestsException if too many of its account wait."""
        if self.waiting(event.version.account) >= MOST_WAITING:
            raise throttled("CallerRateLimitExceeded")
        self._put(Errand(event, time.time(), retries, most_age), 0)

    def waiting(self, account: str) -> int:
        """How many events of an account wait for their turn, or for another try."""
        with self._changed:
            return len(self._held.get(account, ())) + sum(due[2].account == account for due in self._due)

    def halt(self, account: str) -> int:
        """Drop the events of an account that wait; how many they were, with those that are being run."""
        with self._changed:
            found = self.waiting(account) + self._running[account]
            self._held.pop(account, None)
            self._due = [due for due in self._due if due[2].account != account]
            heapq.heapify(self._due)
            return found

    def _put(self, errand: Errand, delay: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._count), errand))
            self._changed.notify_all()

    def _dispatch(self) -> None:
        with self._changed:
            while not self._ended:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                errand = heapq.heappop(self._due)[2]
                if self._running[errand.account] < AT_ONCE:
                    self._send(errand)
                else:
                    self._held[errand.account].append(errand)

    def _send(self, errand: Errand) -> None:
        self._running[errand.account] += 1
        future = self._workers.submit(self._run, errand)
        future.add_done_callback(_complain)
        future.add_done_callback(lambda _: self._done(errand.account))

    def _done(self, account: str) -> None:
        """Another of the account's errands may be run."""
        with self._changed:
            self._running[account] -= 1
            if (held := self._held.pop(account, None)) and not self._ended:
                self._send(held.popleft())
                if held:
                    self._held[account] = held

    def _run(self, errand: Errand) -> None:
        event = self._current(errand.event)
        if event is None or time.time() - errand.since > errand.most_age:
            return
        try:
            outcome, _ = self._execution.run(event)
        except AwsError as refusal:
            log.info("%s waits: %s", event.invoked_arn, refusal.message)
            delay = min(THROTTLED_SECONDS * 2**errand.refusals, LONGEST_WAIT)
            self._put(replace(errand, refusals=errand.refusals + 1), delay)
            return
        if not outcome.failed:
            return
        if errand.failures >= errand.retries:
            self._give_up(event, outcome)
            return
        delay = self._retry_seconds[min(errand.failures, len(self._retry_seconds) - 1)]
        self._put(replace(errand, failures=errand.failures + 1), delay)


def _complain(future: Future[None]) -> None:
    """A bug in here must not go unseen."""
    if not future.cancelled() and (problem := future.exception()):
        log.error("an asynchronous invocation failed", exc_info=problem)
