"""The CodeBuild service: its groups of operations, its queue of builds, its beginning and end.

What comes next in a build is decided in `phases`, done in `work`, noted in `record`; commands run
in a box (`container`), where an `agent` takes them.  The groups are classes built on one desk.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, ClassVar

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.builds import Builds
from workshop.sandbox.codebuild.projects import Projects
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.reports import ReportGroups
from workshop.sandbox.codebuild.run import sweep
from workshop.sandbox.isolation import IsolationUnavailable
from workshop.sandbox.snapshot.kept import Kept

log = logging.getLogger(__name__)

LOST = ("INTERNAL_SERVER_ERROR", "The sandbox was stopped while this build ran.")


class CodeBuild(Projects, Builds, ReportGroups):
    """AWS CodeBuild, JSON 1.1; projects live in the account and region of the caller."""

    name: ClassVar[str] = "codebuild"
    complete: ClassVar[bool] = True

    @property
    def kept(self) -> Kept:
        """What of it is saved."""
        return Kept(self.state, lambda _: [self.lock])

    @property
    def load(self) -> dict[str, Any]:
        """How many builds run and wait."""
        return {"builds": self.queue.load}

    def start(self) -> None:
        """Give up builds that an earlier process left; try the isolation before a build waits for it."""
        sweep(self.sandbox)
        self._give_up_orphans()
        self.queue.start()
        threading.Thread(target=self._try_isolation, name="try-isolation", daemon=True).start()

    def stop(self) -> None:
        """End all builds and every process of theirs."""
        self.queue.stop()

    def halt(self, account: str) -> dict[str, int]:
        """End an account's builds."""
        return {"builds": self.queue.halt(account)}

    def _give_up_orphans(self) -> None:
        with self.lock:
            builds = [build for region in self.state.values() for build in region.builds.values()]
        for build in builds:
            if not build.complete:
                record = Record(build, self.lock, self.sandbox.events)
                if build.phase.status is not None:
                    record.begin(phases.FINALIZING)
                record.finish(phases.FAULT, LOST)
                record.begin(phases.COMPLETED)

    def _try_isolation(self) -> None:
        try:
            log.info("Builds and functions are isolated by: %s", self.sandbox.isolation.kind)
        except IsolationUnavailable as error:
            log.error("Builds and functions will be refused. %s", error)
