"""A small room for a short while: everybody gets in, and nobody meets an error."""

from __future__ import annotations

from tests.load.load import loaded


def test_twenty_people_meet_no_error() -> None:
    met = loaded(people=20, seconds=10, rate=4)
    assert met.wrong == []
    assert met.arrived == 20
    asked = {one.name: one.asked for one in met.work}
    assert asked["GET board's delta"] >= 3
    assert sum(number for name, number in asked.items() if "/live" in name) > 10
    assert met.total.failed == 0
