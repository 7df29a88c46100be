"""What a look finds, without AWS: checks are plain functions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.step import Check, NotYet, State, Step, Waiting, look, passed

LAB = Lab(
    Attendee("paulf", "424200000007", "eu-west-1", "pg23"),
    Aws("eu-west-1", "http://127.0.0.1:9"),
    Keys("AKIAEXAMPLE", "secret"),
)


def step_of(*checks: Check) -> Step:
    return Step("s", "S", "C", 1, "# S\n", Path(), checks)


def holds(lab: Lab) -> str:
    """It holds,
    over two lines.

    Not part of the claim."""
    return f"saw {lab.name('build')}"


def gap(lab: Lab) -> str:
    """It is there."""
    raise NotYet("nothing", hint="make it")


def under_way(lab: Lab) -> str:
    """It is over."""
    raise Waiting("the build runs", since=datetime(2026, 1, 1, tzinfo=UTC))


def refused(lab: Lab) -> str:
    """It can be read."""
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")


def silent(lab: Lab) -> str:
    """It answers."""
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


def test_a_claim_that_holds_carries_its_evidence() -> None:
    (finding,) = look(step_of(holds), LAB)
    assert (finding.claim, finding.saw) == ("It holds, over two lines.", "saw paulf-pg23-build")
    assert finding.state == State.PASSED


@pytest.mark.parametrize(
    ("check", "state", "saw", "code"),
    [
        (gap, State.NOT_YET, "nothing", ""),
        (under_way, State.WAITING, "the build runs", ""),
        (refused, State.UNKNOWN, "no", "AccessDenied"),
        (silent, State.UNKNOWN, "Could not connect", "EndpointConnectionError"),
    ],
)
def test_the_first_gap_ends_the_look(check: Check, state: State, saw: str, code: str) -> None:
    first, second, third = look(step_of(holds, check, holds), LAB)
    assert first.state == State.PASSED
    assert second.state == state
    assert saw in second.saw
    assert second.code == code
    assert third.state == State.NOT_LOOKED_AT


def test_a_bug_in_a_check_is_not_a_finding() -> None:
    def broken(lab: Lab) -> str:
        """It works."""
        seen: dict[str, str] = {}
        return seen["missing"]

    with pytest.raises(KeyError):
        look(step_of(broken), LAB)


def test_reading_is_enough_where_nothing_is_claimed() -> None:
    assert passed(look(step_of(), LAB))
