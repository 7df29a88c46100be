"""What Prometheus reads at /metrics: what the processes counted, and how the database stands now.

Who asks has to hold the token, from wherever they ask. What stands in the database is the same in
every process that is asked, so it is not to be added up over them.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from datetime import timedelta

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Engine, func, select, union
from sqlalchemy.orm import Session

from workshop.jobs import ALIVE
from workshop.models import EnrolmentRow, JobRow, PresenceRow, SightRow, WorkerRow, now
from workshop.operations import counters

ACTIVE = timedelta(minutes=5)
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
SHARED = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Counts requests, and tells who may know."""

    def __init__(self, token: str, engine: Engine | None = None) -> None:
        """Without a database it tells what was counted, and nothing of how things stand."""
        self._token = token
        self._standing = CollectorRegistry(auto_describe=False)
        if engine is not None:
            self._standing.register(Standing(engine))

    def listen(self, app: Flask) -> None:
        """Count every request of this app, and answer at /metrics."""
        app.after_request(_count)
        app.add_url_rule("/metrics", "metrics", self.answer)

    def answer(self) -> Response:
        """All there is to tell, in Prometheus's words; 401 without the token."""
        if not self.allows(request.headers.get("Authorization", "")):
            return Response("The token is missing.\n", 401, {"WWW-Authenticate": "Bearer"}, "text/plain")
        return Response(self.told(), content_type=CONTENT_TYPE_LATEST)

    def allows(self, authorization: str) -> bool:
        """Whether this header carries the token; takes as long whatever it carries."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    def told(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(counted()) + generate_latest(self._standing)


def counted() -> CollectorRegistry:
    """What this process has counted, or all that share a folder."""
    if SHARED not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class Standing:
    """How the database stands at the moment of asking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Every family, as Prometheus's client asks for them."""
        with Session(self._engine) as session:
            yield from _jobs(session)
            yield from _people(session)


def _jobs(session: Session) -> Iterator[Metric]:
    ended = CounterMetricFamily("workshop_jobs", "Jobs that have ended.", labels=["kind", "outcome"])
    over = select(JobRow.kind, JobRow.outcome, func.count()).where(JobRow.ended.is_not(None))
    for kind, outcome, number in session.execute(over.group_by(JobRow.kind, JobRow.outcome)):
        ended.add_metric([kind, outcome], number)
    yield ended
    waiting = select(func.count(), func.min(JobRow.asked)).where(JobRow.ended.is_(None))
    depth = GaugeMetricFamily("workshop_jobs_open", "Jobs that have not ended.", labels=["stage"])
    oldest = GaugeMetricFamily(
        "workshop_job_oldest_seconds", "Since when the oldest of them waits.", labels=["stage"]
    )
    for stage, condition in (("asked", JobRow.queued.is_(None)), ("working", JobRow.queued.is_not(None))):
        number, asked = session.execute(waiting.where(condition)).one()
        depth.add_metric([stage], number)
        oldest.add_metric([stage], (now() - asked).total_seconds() if asked else 0)
    yield depth
    yield oldest


def _people(session: Session) -> Iterator[Metric]:
    alive = select(func.count()).select_from(WorkerRow).where(WorkerRow.seen > now() - ALIVE)
    yield GaugeMetricFamily("workshop_workers", "Workers that live.", session.scalar(alive))
    everybody = select(func.count()).select_from(EnrolmentRow)
    yield GaugeMetricFamily("workshop_attendees", "Attendees who joined.", session.scalar(everybody))
    since = now() - ACTIVE
    seen = union(
        select(SightRow.enrolment).where(SightRow.at > since),
        select(PresenceRow.enrolment).where(PresenceRow.seen > since),
    ).subquery()
    active = session.scalar(select(func.count()).select_from(seen))
    yield GaugeMetricFamily("workshop_attendees_active", "Attendees of the last five minutes.", active)


def _count(answer: Response) -> Response:
    endpoint, method = request.endpoint or "none", request.method if request.method in METHODS else "other"
    counters.requests.labels(endpoint, method, str(answer.status_code)).inc()
    began = g.get("began")
    if began is not None:
        counters.seconds.labels(endpoint, method).observe(time.perf_counter() - began)
    return answer
