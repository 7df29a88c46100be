"""Takes one build through its phases: what comes next is decided in phases, done in work."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.container import ContainerGone, OutOfTime
from workshop.sandbox.codebuild.failure import PhaseFailed
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.work import Work

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

TIMED_OUT = ("BUILD_TIMED_OUT", "Build has timed out. ")
DIED = (
    "INTERNAL_SERVER_ERROR",
    "Build container found dead before completing the build. Build container died because it was out of "
    "memory, or the Docker image is not supported.",
)
SAID = (phases.DOWNLOAD_SOURCE, *phases.COMMANDS.values(), phases.UPLOAD_ARTIFACTS)
Ended = tuple[str, tuple[str, str], str]  # status, context, on-failure


class Run:
    """One build, from the queue to its end."""

    def __init__(self, sandbox: Sandbox, record: Record) -> None:
        self._record = record
        self._folder = Path(tempfile.mkdtemp(prefix="build-", dir=_builds(sandbox)))
        self._work = Work(sandbox, record, self._folder)
        self._stopping = threading.Event()
        self._succeeding = True

    def go(self) -> None:
        """Run the build; it is in QUEUED when this is called and COMPLETED when it returns."""
        phase: str | None = phases.QUEUED
        try:
            while phase is not None:
                if phase == phases.COMPLETED:
                    self._work.close()  # whoever sees the build complete finds its whole log
                if phase != phases.QUEUED:
                    self._record.begin(phase)
                phase = None if phase == phases.COMPLETED else self._through(phase)
        finally:
            self._work.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def stop(self) -> None:
        """End the build where it is."""
        self._stopping.set()
        self._end_container("stopped")

    def _end_container(self, reason: str) -> None:
        container = self._work.container
        if container is not None:
            container.kill(reason)

    def _through(self, phase: str) -> str | None:
        """Go through one phase; the next."""
        status, context, on_failure = self._attempt(phase)
        if status != phases.SUCCEEDED:
            self._succeeding = False
        if phase in SAID:
            self._work.say(f"Phase complete: {phase} State: {status}")
            self._work.say(f"Phase context status code: {context[0]} Message: {context[1]}")
        self._record.finish(status, context)
        return phases.after(phase, status, on_failure)

    def _attempt(self, phase: str) -> Ended:
        if self._stopping.is_set():
            return phases.STOPPED, ("", ""), ""
        try:
            self._doing(phase)()
        except PhaseFailed as failure:
            return phases.FAILED, (failure.code, failure.message), self._on_failure(phase)
        except OutOfTime:
            self._end_container("out of time")
            return phases.TIMED_OUT, TIMED_OUT, ""
        except ContainerGone:
            return self._gone()
        except Exception:  # a bug of ours must not leave the build running forever
            log.exception("Build %s failed in the sandbox", self._record.build.id)
            return phases.FAULT, ("INTERNAL_SERVER_ERROR", "The sandbox failed; its log says why."), ""
        return phases.SUCCEEDED, ("", ""), ""

    def _doing(self, phase: str) -> Callable[[], None]:
        work = self._work
        fixed = {
            phases.QUEUED: work.queued,
            phases.PROVISIONING: work.provisioning,
            phases.DOWNLOAD_SOURCE: work.download_source,
            phases.UPLOAD_ARTIFACTS: work.upload_artifacts,
            phases.FINALIZING: work.finalizing,
        }
        return fixed[phase] if phase in fixed else lambda: work.commands(phase.lower(), self._succeeding)

    def _on_failure(self, phase: str) -> str:
        return self._work.on_failure(phase.lower()) if phase in phases.COMMANDS.values() else ""

    def _gone(self) -> Ended:
        if self._stopping.is_set():
            return phases.STOPPED, ("", ""), ""
        killed = self._work.container.killed if self._work.container else None
        if killed in ("memory", "processes"):
            self._work.say(f"The build container was ended: too much of its limit on {killed} was used.")
        return phases.FAILED, DIED, "ABORT"


def sweep(sandbox: Sandbox) -> None:
    """Remove the folders of builds that an earlier process left behind."""
    shutil.rmtree(_builds(sandbox), ignore_errors=True)


def _builds(sandbox: Sandbox) -> Path:
    folder = sandbox.settings.state / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
