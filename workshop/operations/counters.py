"""What a process counts of its own work for Prometheus.

Labels are route names, methods, statuses and AWS services: a few hundred series, however many attend.
With several processes behind one port they count in files that all of them read; the folder has to be
named in the environment before this module is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter, Histogram

QUICK_TO_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

requests = Counter("workshop_requests", "Requests answered.", ["endpoint", "method", "status"])
seconds = Histogram(
    "workshop_request_seconds", "Time to answer a request.", ["endpoint", "method"], buckets=QUICK_TO_SLOW
)
looks = Counter("workshop_looks", "Looks at an attendee's work.", ["by", "outcome"])
aws_calls = Counter("workshop_aws_calls", "Requests to AWS, tries again included.", ["service", "outcome"])


def looked(by: str, states: Iterable[str]) -> None:
    """Somebody's work was looked at: what the findings of its claims are ("passed", "not yet", …)."""
    found = set(states)
    telling = next((state for state in ("not yet", "unknown", "waiting") if state in found), "passed")
    looks.labels(by, telling).inc()


def answered(event_name: str, response_dict: dict[str, Any] | None, **_: Any) -> None:
    """One try of a call to AWS is over (botocore's event `response-received`)."""
    aws_calls.labels(event_name.split(".")[1], _outcome(response_dict)).inc()


def _outcome(response: dict[str, Any] | None) -> str:
    if response is None:
        return "no answer"
    status = int(response["status_code"])
    if status == 429:
        return "throttled"
    return "failed" if status >= 500 else "refused" if status >= 400 else "ok"
