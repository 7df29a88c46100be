"""The walk by "Do it for me" against its pipeline runs, and checks against their slowest call."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.lab import Bench
from tests.conftest import ROOT
from workshop.course import load
from workshop.lab import Lab
from workshop.step import Step, look

LOOKS = 5
SERVICES = ("sts", "codepipeline", "codebuild", "codecommit", "iam", "s3", "logs", "cloudformation")


@dataclass(frozen=True)
class Spread:
    """A ratio over all claims, and the claim where it is worst."""

    median: float
    worst: float


class Stopwatch:
    """Notes how long each AWS call of a lab takes, in seconds."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self._began = 0.0

    def watch(self, client: Any) -> None:
        """Note the calls of a client."""
        client.meta.events.register("before-call.*.*", self._begin, unique_id="stopwatch")
        client.meta.events.register("after-call.*.*", self._end, unique_id="stopwatch-end")

    def _begin(self, **_: Any) -> None:
        self._began = time.perf_counter()

    def _end(self, **_: Any) -> None:
        self.calls.append(time.perf_counter() - self._began)


def walked(bench: Bench) -> tuple[float, Spread, float]:
    """(the walk over its pipeline runs, a check over its slowest call, seconds of the walk)."""
    course, lab = load(ROOT / "steps"), bench.lab
    began = time.perf_counter()
    for step in course.steps:
        if step.do:
            step.do(lab)
    whole = time.perf_counter() - began
    checks = _checks(course.steps, lab)
    return whole / sum(_durations(lab)), Spread(median(checks), max(checks)), whole


def _durations(lab: Lab) -> list[float]:
    """How long each run of the pipeline was under way, by the API's own record."""
    pages = lab.client("codepipeline").get_paginator("list_pipeline_executions")
    runs = [
        run
        for page in pages.paginate(pipelineName=lab.name("pipeline"))
        for run in page["pipelineExecutionSummaries"]
    ]
    return [(run["lastUpdateTime"] - run["startTime"]).total_seconds() for run in runs]


def _checks(steps: tuple[Step, ...], lab: Lab) -> list[float]:
    """For each claim: its time over the time of its slowest AWS call, at their medians."""
    ratios, watch = [], Stopwatch()
    for service in SERVICES:
        watch.watch(lab.client(service))
    for step in steps:
        for check in step.checks:
            alone = dataclasses.replace(step, checks=(check,))
            ratio = _ratio(lambda alone=alone: look(alone, lab), watch)  # type: ignore[misc]
            if ratio:
                ratios.append(ratio)
    return ratios


def _ratio(check: Callable[[], object], watch: Stopwatch) -> float | None:
    found = []
    for _ in range(LOOKS):
        watch.calls.clear()
        began = time.perf_counter()
        check()
        if watch.calls:
            found.append((time.perf_counter() - began) / max(watch.calls))
    return median(found) if found else None
