"""A room behind one address is never held up; one person who hammers is, and nobody else with them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.web.conftest import Attending, Visitor
from workshop.operations.limits import FREE, KINDS, RATES

ROOM = 60


def allowed(kind: str) -> int:
    return int(RATES[kind].partition("/")[0])


def refused(answers: list[int]) -> int:
    return answers.count(429)


def hammer(press: Callable[[], int], kind: str, beyond: int = 3) -> list[int]:
    return [press() for _ in range(allowed(kind) + beyond)]


def test_every_limit_is_of_a_route_that_there_is(app: Flask) -> None:
    assert set(KINDS) | FREE <= set(app.view_functions)
    assert set(KINDS.values()) <= set(RATES)


def test_a_room_behind_one_address_is_let_through(app: Flask) -> None:
    """More joins and pages in a moment from 127.0.0.1 than any one person may ask for."""
    visitors = [Visitor(app) for _ in range(ROOM)]
    joined = [visitor.join(f"person{number}").status_code for number, visitor in enumerate(visitors)]
    assert joined == [303] * ROOM
    asked = [visitor.client.get("/handle").status_code for visitor in visitors for _ in range(11)]
    assert len(asked) > allowed("everything")
    assert set(asked) == {200}


def test_one_who_hammers_is_held_up_and_the_neighbour_is_not(
    join: Callable[[str], Attending],
) -> None:
    paul, quinn = join("paulf").visitor, join("quinn").visitor
    looked = hammer(lambda: paul.press("/steps/answer/check").status_code, "checks")
    assert looked[: allowed("checks")] == [200] * allowed("checks")
    assert looked[allowed("checks") :] == [429] * 3
    assert quinn.press("/steps/answer/check").status_code == 200
    assert paul.get("/steps/answer").status_code == 200, "everything else goes on"


def test_help_of_every_kind_counts_together(paul: Attending) -> None:
    kinds = ("do", "over", "catch-up")
    asked = [
        paul.visitor.press(f"/steps/take-long/{kinds[turn % 3]}").status_code
        for turn in range(allowed("help") + 1)
    ]
    assert refused(asked) == 1
    assert asked[-1] == 429


def test_a_new_name_in_the_same_browser_is_no_way_around_the_door(visitor: Visitor) -> None:
    joined = [visitor.join(f"somebody{turn}").status_code for turn in range(allowed("doors") + 1)]
    assert refused(joined) == 1
    assert joined[-1] == 429


def test_a_second_browser_of_the_same_attendee_counts_with_the_first(app: Flask, paul: Attending) -> None:
    other = Visitor(app)
    other.join()
    other.post("/join", handle="paulf", again="paulf")
    other.get("/steps/answer")
    hammer(lambda: paul.visitor.press("/steps/answer/check").status_code, "checks", 0)
    assert other.press("/steps/answer/check").status_code == 429


def test_who_is_held_up_reads_a_page_of_the_house(paul: Attending) -> None:
    hammer(lambda: paul.visitor.post("/terminal/pasted", pasted="x").status_code, "pasted", 0)
    page = paul.visitor.post("/terminal/pasted", pasted="x")
    assert page.status_code == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 61
    assert "That was faster than anybody needs" in page.get_data(as_text=True)
    assert "<!doctype html>" in page.get_data(as_text=True)
    notice = paul.visitor.press("/terminal/pasted", pasted="x")
    assert notice.status_code == 429
    assert notice.headers["HX-Retarget"] == "#notice"
    assert "<!doctype html>" not in notice.get_data(as_text=True)


def test_what_costs_nothing_is_not_counted(app: Flask) -> None:
    client = app.test_client()
    answers = [client.get("/healthz") for _ in range(allowed("everything") + 5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    with client.get("/static/workshop.css") as answer:
        assert "Cookie" not in answer.headers.get("Vary", "")
