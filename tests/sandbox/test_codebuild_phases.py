"""Which phase follows which, by AWS's "Build phase transitions"."""

from __future__ import annotations

from typing import Any

import pytest

from workshop.sandbox.codebuild.phases import after, outcome, retry, valid_on_failure


@pytest.mark.parametrize(
    ("phase", "status", "on_failure", "following"),
    [
        ("SUBMITTED", "SUCCEEDED", "", "QUEUED"),
        ("QUEUED", "FAILED", "", "COMPLETED"),
        ("DOWNLOAD_SOURCE", "FAILED", "", "FINALIZING"),
        ("INSTALL", "FAILED", "", "FINALIZING"),
        ("INSTALL", "FAILED", "CONTINUE", "PRE_BUILD"),
        ("PRE_BUILD", "FAILED", "", "FINALIZING"),
        ("BUILD", "FAILED", "", "POST_BUILD"),
        ("BUILD", "FAILED", "ABORT", "FINALIZING"),
        ("BUILD", "TIMED_OUT", "CONTINUE", "FINALIZING"),
        ("BUILD", "STOPPED", "", "COMPLETED"),
        ("POST_BUILD", "FAILED", "", "UPLOAD_ARTIFACTS"),
        ("UPLOAD_ARTIFACTS", "FAILED", "", "FINALIZING"),
        ("FINALIZING", "SUCCEEDED", "", "COMPLETED"),
        ("COMPLETED", "SUCCEEDED", "", None),
    ],
)
def test_what_follows(phase: Any, status: Any, on_failure: Any, following: Any) -> None:
    assert after(phase, status, on_failure) == following


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["SUCCEEDED", "SUCCEEDED"], "SUCCEEDED"),
        (["SUCCEEDED", "FAILED", "SUCCEEDED"], "FAILED"),
        (["SUCCEEDED", "TIMED_OUT"], "FAILED"),
        (["FAILED", "STOPPED"], "STOPPED"),
    ],
)
def test_how_a_build_ends(statuses: Any, status: Any) -> None:
    assert outcome(statuses) == status


@pytest.mark.parametrize(
    ("on_failure", "failures", "message", "again"),
    [
        ("", 1, "x", False),
        ("RETRY", 3, "x", True),
        ("RETRY", 4, "x", False),
        ("RETRY-1", 1, "x", True),
        ("RETRY-1", 2, "x", False),
        ("RETRY-.*exit status 7.*", 1, "exit status 7", True),
        ("RETRY-2-timeout", 1, "exit status 7", False),
    ],
)
def test_when_a_phase_is_tried_again(on_failure: Any, failures: Any, message: Any, again: Any) -> None:
    assert retry(on_failure).again(failures, message) is again


@pytest.mark.parametrize(
    ("on_failure", "valid"), [("ABORT", True), ("RETRY-5", True), ("RETRY-[", False), ("STOP", False)]
)
def test_which_values_on_failure_may_have(on_failure: Any, valid: Any) -> None:
    assert valid_on_failure(on_failure) is valid
