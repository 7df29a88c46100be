"""Joining an event by its code, waiting in its lobby, and what an event lets people do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.web.conftest import Visitor, app_for
from tests.web.rough import until
from workshop.config import Config
from workshop.guide import Guide
from workshop.labs import AT_ONCE
from workshop.models import connect, now
from workshop.room.event import Event
from workshop.room.events import Draft, Events
from workshop.room.invites import Invite, Invites, NotAList, read

HOUR = timedelta(hours=1)
Make = Callable[..., Event]


@pytest.fixture
def make(guide: Guide) -> Make:
    def made(**given: Any) -> Event:
        plain: dict[str, Any] = {
            "name": "PG23 meetup",
            "starts": now() - HOUR,
            "ends": now() + HOUR,
            "region": "eu-west-1",
            "prefix": "abc",
            "capacity": 3,
        }
        return guide.events.make(Draft(**(plain | given)))

    return made


def enter(visitor: Visitor, event: Event, handle: str = "paulf", again: str = "") -> Any:
    visitor.get(f"/e/{event.code}")
    return visitor.post(f"/e/{event.code}", name="Paul Fischer", handle=handle, again=again)


def test_a_code_that_is_typed_somehow_leads_to_the_event(visitor: Visitor, make: Make) -> None:
    event = make(welcome="Sit anywhere.")
    assert visitor.get(f"/event?code={event.code.lower().replace('-', '+')}").location == f"/e/{event.code}"
    page = visitor.text(f"/e/{event.code}")
    assert "PG23 meetup" in page
    assert "Sit anywhere." in page


def test_a_wrong_code_is_told_where_it_was_typed(visitor: Visitor) -> None:
    answer = visitor.get("/event?code=RIVER-4711")
    assert answer.status_code == 404
    assert "There is no event with the code “RIVER-4711”" in answer.get_data(as_text=True)
    assert visitor.get("/e/RIVER-99").status_code == 404


def test_who_joins_works_under_the_events_prefix(visitor: Visitor, make: Make, guide: Guide) -> None:
    event = make()
    assert enter(visitor, event).location == "/resume"
    visitor.get("/prepare")
    visitor.post("/prepare")
    assert "abcmeetuprole" in visitor.text("/steps/read-this")
    joined = guide.progress.by_handle("paulf", event.id)
    assert joined
    assert guide.labs.attendee(joined).prefix == "abc"
    assert guide.lab_of(joined).caller(guide.lab_of(joined)._session().keys).endswith("abcmeetuprole/paulf")


def test_who_has_joined_goes_on_where_they_are(visitor: Visitor, make: Make) -> None:
    event = make()
    enter(visitor, event)
    assert visitor.get(f"/e/{event.code}").location == "/resume"


def test_a_taken_handle_is_answered_with_another(app: Flask, make: Make, guide: Guide) -> None:
    event = make()
    enter(Visitor(app), event)
    second = Visitor(app)
    answer = enter(second, event)
    assert answer.status_code == 409
    assert 'value="paulf2"' in answer.get_data(as_text=True)
    assert enter(second, event, "paulf2").status_code == 303
    # Not even on this very machine does one enter as somebody else at an event.
    assert enter(Visitor(app), event, "paulf", again="paulf").status_code == 409


def test_a_full_event_says_so(app: Flask, make: Make) -> None:
    event = make(capacity=1)
    enter(Visitor(app), event)
    late = Visitor(app)
    assert "This event is full" in late.text(f"/e/{event.code}")
    assert enter(late, event, "ana").status_code == 409


def test_a_closed_event_lets_nobody_in_and_changes_nothing(
    app: Flask, visitor: Visitor, make: Make, guide: Guide
) -> None:
    event = make()
    enter(visitor, event)
    visitor.get("/prepare")
    visitor.post("/prepare")
    visitor.get("/steps/read-this")
    guide.events.close(event.id)
    assert "This event is over" in Visitor(app).text(f"/e/{event.code}")
    assert visitor.get("/steps/read-this").status_code == 200
    assert visitor.post("/steps/make-a-branch/do").status_code == 409
    assert guide.jobs.unqueued() == []


def test_a_deleted_event_is_as_if_it_had_never_been(visitor: Visitor, make: Make, guide: Guide) -> None:
    event = make()
    enter(visitor, event)
    guide.events.delete(event.id)
    assert visitor.get("/steps/read-this").location.startswith("/?next=")
    assert "This event is over" in visitor.text(f"/e/{event.code}")


def test_who_comes_early_waits_in_the_lobby(visitor: Visitor, make: Make, guide: Guide) -> None:
    event = make(starts=now() + HOUR / 2)
    enter(visitor, event)
    assert visitor.get("/steps/read-this").location == "/lobby"
    assert "You are in, Paul Fischer" in visitor.text("/lobby")
    assert visitor.press("/lobby").status_code == 286, "and need not be asked for again"
    joined = guide.progress.by_handle("paulf", event.id)
    assert joined
    assert guide.labs.ready(joined), "the account is prepared ahead of time"
    guide.events.start(event.id)
    assert visitor.poll("/lobby").headers["HX-Redirect"] == "/resume"
    assert visitor.get("/steps/read-this").status_code == 200


def test_when_many_join_at_once_each_waits_for_their_turn(visitor: Visitor, make: Make, guide: Guide) -> None:
    enter(visitor, make())
    visitor.get("/prepare")
    go = threading.Event()
    for somebody in range(-AT_ONCE - 8, 0):
        guide.labs._lines["sandbox"].join(somebody, lambda: go.wait(10))
    waiting = visitor.press("/prepare").get_data(as_text=True)
    assert "8 accounts are prepared before yours" in waiting
    assert "load delay:4s" in waiting
    assert "8 accounts are prepared before yours" in visitor.press("/prepare").get_data(as_text=True)
    go.set()
    until(lambda: visitor.press("/prepare").headers.get("HX-Redirect") == "/resume")


def test_a_chapter_opens_when_the_facilitator_opens_it(visitor: Visitor, make: Make, guide: Guide) -> None:
    event = make()
    first, second = (chapter.title for chapter in guide.course.chapters[:2])
    enter(visitor, event)
    visitor.get("/prepare")
    visitor.post("/prepare")
    guide.events.gate(event.id, second, False)
    slug = guide.course.chapters[1].steps[0].slug
    shut = visitor.get(f"/steps/{slug}")
    assert shut.status_code == 403
    assert "This chapter is not open yet" in shut.get_data(as_text=True)
    assert visitor.post(f"/steps/{slug}/do").status_code == 403
    assert visitor.get(f"/steps/{guide.course.chapters[0].steps[0].slug}").status_code == 200
    guide.events.gate(event.id, second, True)
    assert visitor.get(f"/steps/{slug}").status_code == 200
    assert first != second


def test_a_chapter_that_is_left_out_is_nowhere(visitor: Visitor, make: Make, guide: Guide) -> None:
    kept, left_out = guide.course.chapters[:2]
    event = make(chapters=(kept.title,))
    enter(visitor, event)
    visitor.get("/prepare")
    visitor.post("/prepare")
    page = visitor.text(f"/steps/{kept.steps[0].slug}")
    assert left_out.title not in page
    assert visitor.get(f"/steps/{left_out.steps[0].slug}").status_code == 404


def test_by_invitation_only_the_invited_get_in(app: Flask, config: Config, make: Make, guide: Guide) -> None:
    event = make(invited_only=True)
    Invites(connect(config.database)).put(event.id, [Invite("anac", "Ana Cruz")])
    answer = enter(Visitor(app), event, "paulf")
    assert answer.status_code == 403
    assert "is not on the list" in answer.get_data(as_text=True)
    guest = Visitor(app)
    guest.get(f"/e/{event.code}")
    assert guest.post(f"/e/{event.code}", name="", handle="anac").status_code == 303
    ana = guide.progress.by_handle("anac", event.id)
    assert ana
    assert ana.name == "Ana Cruz"


def test_where_nobody_works_alone_only_a_code_opens_the_door(config: Config) -> None:
    visitor = Visitor(app_for(config.model_copy(update={"alone": False})))
    assert "Your handle" not in visitor.text("/")
    assert visitor.post("/join", handle="paulf").status_code == 403


@pytest.mark.parametrize(
    ("text", "invited"),
    [
        ("paulf\nanac\n", [("paulf", ""), ("anac", "")]),
        ("handle;name\npaulf;Paul Fischer\n", [("paulf", "Paul Fischer")]),
        (
            "\ufeffName,Handle\nAna Cruz,\n\nPaul Fischer,PaulF\n",
            [("anac", "Ana Cruz"), ("paulf", "Paul Fischer")],
        ),
        ("", []),
    ],
)
def test_a_list_is_read_in_each_usual_form(text: str, invited: list[tuple[str, str]]) -> None:
    assert read(text) == [Invite(*one) for one in invited]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ok\n9lives\n", "Line 2: “9lives”"),
        ("anac\nanac\n", "stands there twice"),
        ("a\n" * 6000, "more than"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(NotAList, match=says):
        read(text)


def test_events_of_two_apps_are_the_same(config: Config, make: Make) -> None:
    event = make()
    assert Events(connect(config.database)).by_code(event.code) == event
