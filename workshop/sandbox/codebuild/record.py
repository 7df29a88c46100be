"""Writes down how a build goes, and tells EventBridge of every change."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.describe import described
from workshop.sandbox.codebuild.state import Build, PhaseRecord, now

if TYPE_CHECKING:
    from workshop.sandbox.events import Events

STATE_CHANGE = "CodeBuild Build State Change"
PHASE_CHANGE = "CodeBuild Build Phase Change"


class Record:
    """One build's entry; every change to the build while it runs goes through here."""

    def __init__(self, build: Build, lock: threading.RLock, events: Events) -> None:
        self.build = build
        self._lock = lock
        self._events = events

    def begin(self, phase: str) -> None:
        """A phase begins; COMPLETED has no status and ends the build."""
        with self._lock:
            self.build.phases.append(PhaseRecord(phase, now()))
            if phase != phases.COMPLETED:
                return
            self.build.end = self.build.phase.start
            self.build.status = phases.outcome(one.status or "" for one in self.build.phases)
        self._emit(STATE_CHANGE, state_change(self.build))

    def finish(self, status: str, context: tuple[str, str] = ("", "")) -> None:
        """The present phase ends."""
        with self._lock:
            phase = self.build.phase
            phase.status, phase.end, phase.context = status, now(), context
        self._emit(PHASE_CHANGE, phase_change(self.build, phase))

    def note(self, **members: Any) -> None:
        """Set members of the build."""
        with self._lock:
            for name, value in members.items():
                setattr(self.build, name, value)

    def submitted(self) -> None:
        """The build has been accepted and waits for its turn."""
        self.begin(phases.SUBMITTED)
        self.finish(phases.SUCCEEDED)
        self.begin(phases.QUEUED)
        self._emit(STATE_CHANGE, state_change(self.build))

    def _emit(self, kind: str, detail: dict[str, Any]) -> None:
        build = self.build
        self._events.emit(build.account, build.region, "aws.codebuild", kind, [build.arn], detail)


def state_change(build: Build) -> dict[str, Any]:
    """The detail of `CodeBuild Build State Change` (User Guide, "Build notifications reference")."""
    return {
        "build-status": build.status,
        "project-name": build.project,
        "build-id": build.arn,
        "additional-information": _information(build),
        "current-phase": build.phase.type,
        "current-phase-context": _contexts(build.phase),
        "version": "1",
    }


def phase_change(build: Build, phase: PhaseRecord) -> dict[str, Any]:
    """The detail of `CodeBuild Build Phase Change`."""
    return {
        "completed-phase": phase.type,
        "completed-phase-status": phase.status,
        "completed-phase-context": _contexts(phase),
        "completed-phase-start": _date(phase.start),
        "completed-phase-end": _date(phase.end) if phase.end else None,
        "completed-phase-duration-seconds": _seconds(phase),
        "project-name": build.project,
        "build-id": build.arn,
        "additional-information": _information(build),
        "version": "1",
    }


def _information(build: Build) -> dict[str, Any]:
    shown = described(build)
    environment = shown["environment"]
    logs = shown.get("logs", {})
    return {
        "artifact": {name: shown["artifacts"].get(name, "") for name in ("md5sum", "sha256sum", "location")},
        "environment": {
            "image": environment["image"],
            "privileged-mode": environment.get("privilegedMode", False),
            "compute-type": environment["computeType"],
            "type": environment["type"],
            "environment-variables": environment.get("environmentVariables", []),
        },
        "timeout-in-minutes": shown["timeoutInMinutes"],
        "build-complete": build.complete,
        "build-number": build.number,
        "initiator": build.initiator,
        "build-start-time": _date(build.start),
        "source": {name: shown["source"][name] for name in ("location", "type") if name in shown["source"]},
        "source-version": build.source_version,
        "logs": {
            "group-name": logs.get("groupName"),
            "stream-name": logs.get("streamName"),
            "deep-link": logs.get("deepLink"),
        },
        "phases": [_phase(phase) for phase in list(build.phases)],
    }


def _phase(phase: PhaseRecord) -> dict[str, Any]:
    told: dict[str, Any] = {"phase-type": phase.type, "start-time": _date(phase.start)}
    if phase.end:
        told |= {"end-time": _date(phase.end), "duration-in-seconds": _seconds(phase)}
        told |= {"phase-status": phase.status, "phase-context": [_context(phase)]}
    return told


def _contexts(phase: PhaseRecord) -> str:
    return f"[{_context(phase)}]"


def _context(phase: PhaseRecord) -> str:
    return ": ".join(phase.context)


def _seconds(phase: PhaseRecord) -> int:
    return int(((phase.end or now()) - phase.start).total_seconds())


def _date(moment: datetime) -> str:
    """ "Sep 1, 2017 4:12:29 PM" """
    hour = moment.hour % 12 or 12
    return f"{moment:%b} {moment.day}, {moment.year} {hour}:{moment:%M:%S %p}"
