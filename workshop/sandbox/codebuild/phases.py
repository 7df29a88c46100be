"""Decides what a build does next: which phase follows which, and how it all ends.

Source: AWS CodeBuild User Guide, "Build phase transitions" and "on-failure".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SUBMITTED, QUEUED, PROVISIONING = "SUBMITTED", "QUEUED", "PROVISIONING"
DOWNLOAD_SOURCE, INSTALL, PRE_BUILD = "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"
BUILD, POST_BUILD, UPLOAD_ARTIFACTS = "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"
FINALIZING, COMPLETED = "FINALIZING", "COMPLETED"

SUCCEEDED, FAILED, STOPPED, TIMED_OUT = "SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT"
FAULT, IN_PROGRESS = "FAULT", "IN_PROGRESS"

ORDER = (
    *(SUBMITTED, QUEUED, PROVISIONING, DOWNLOAD_SOURCE, INSTALL, PRE_BUILD, BUILD, POST_BUILD),
    *(UPLOAD_ARTIFACTS, FINALIZING, COMPLETED),
)
COMMANDS = {"install": INSTALL, "pre_build": PRE_BUILD, "build": BUILD, "post_build": POST_BUILD}
GOES_ON_AFTER_FAILURE = (BUILD, POST_BUILD)
RETRY = re.compile(r"RETRY(?:-(?P<times>\d{1,3}))?(?:-(?P<pattern>.+))?", re.DOTALL)
RETRIES = 3


@dataclass(frozen=True)
class Retry:
    """How often a failed phase is tried again, and for which messages."""

    times: int
    pattern: str = ".*"

    def again(self, failures: int, message: str) -> bool:
        """Whether to try once more after so many failures, the last with `message`."""
        return failures <= self.times and re.search(self.pattern, message) is not None


def after(phase: str, status: str, on_failure: str = "") -> str | None:
    """The phase that follows one that ended with `status`; None after the last.

    A stopped build is over at once; one that ran out of time or failed early is wound up.
    """
    if phase == COMPLETED:
        return None
    if status == STOPPED or (status != SUCCEEDED and phase in (SUBMITTED, QUEUED, FINALIZING)):
        return COMPLETED
    if status == SUCCEEDED or (status == FAILED and _continues(phase, on_failure)):
        return ORDER[ORDER.index(phase) + 1]
    return FINALIZING


def outcome(statuses: Iterable[str]) -> str:
    """A build's status, from those of its phases.

    A build that ran out of time is FAILED, only its phase is TIMED_OUT (observed).
    """
    ended = set(statuses)
    if STOPPED in ended:
        return STOPPED
    if FAULT in ended:
        return FAULT
    return FAILED if ended & {FAILED, TIMED_OUT} else SUCCEEDED


def retry(on_failure: str) -> Retry:
    """What `on-failure: RETRY...` asks for; no retries for anything else."""
    asked = RETRY.fullmatch(on_failure)
    if not asked:
        return Retry(0)
    times = asked["times"]
    return Retry(RETRIES if times is None else min(int(times), 100), asked["pattern"] or ".*")


def valid_on_failure(on_failure: str) -> bool:
    """Whether this is a value that `on-failure` may have."""
    if on_failure in ("", "ABORT", "CONTINUE"):
        return True
    try:
        re.compile(retry(on_failure).pattern)
    except re.error:
        return False
    return RETRY.fullmatch(on_failure) is not None


def _continues(phase: str, on_failure: str) -> bool:
    if on_failure == "CONTINUE":
        return phase in COMMANDS.values()
    return on_failure == "" and phase in GOES_ON_AFTER_FAILURE
