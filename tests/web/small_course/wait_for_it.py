"""A step that waits until an answer comes."""

from datetime import UTC, datetime

from workshop.lab import Lab
from workshop.step import Waiting


def check_it_came(lab: Lab) -> str:
    """It has come."""
    if "came" not in lab.answers:
        raise Waiting("It is on its way.", since=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    return lab.answers["came"]
