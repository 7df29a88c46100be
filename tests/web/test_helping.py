"""The attendee's side of the room: hands, words and offers, the timer, chapters that open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.web.conftest import HTMX, Attending
from workshop.guide import Guide
from workshop.jobs import Behalf, Kind
from workshop.models import now
from workshop.room.event import Event
from workshop.room.hands import Hands
from workshop.room.notes import Notes
from workshop.room.staff import Facilitator
from workshop.room.timer import Timer

STEP = "/steps/make-a-branch"
SECRET = "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
POLL = re.compile(r'hx-get="(/news[^"]*)"')

Come = Callable[..., Attending]


@pytest.fixture
def hands(app: Flask) -> Hands:
    return Hands(app.extensions["engine"])


@pytest.fixture
def notes(app: Flask) -> Notes:
    return Notes(app.extensions["engine"])


def poll(paul: Attending, page: str = STEP) -> str:
    """The address that this page asks for its news."""
    found = POLL.search(paul.visitor.text(page))
    assert found
    return found[1].replace("&amp;", "&")


def test_a_hand_is_raised_with_what_was_last_found_and_lowered_without_scripts(
    come: Come, event: Event, hands: Hands
) -> None:
    paul = come()
    paul.visitor.get(STEP)
    paul.visitor.post(f"{STEP}/check")
    form = paul.visitor.text("/hand?at=make-a-branch")
    assert "It has a branch feature." in form
    answer = paul.visitor.post("/hand?at=make-a-branch", message="It fails.")
    assert (answer.status_code, answer.location) == (303, STEP)
    assert "Your hand is up" in paul.visitor.text(STEP)
    (hand,) = hands.queue(event.id)
    assert (hand.handle, hand.slug, hand.message) == ("paulf", "make-a-branch", "It fails.")
    assert hand.gap
    assert hand.gap["claim"] == "It has a branch feature."
    paul.visitor.get("/hand")
    paul.visitor.post("/hand/lower")
    assert hands.queue(event.id) == []


def test_a_page_is_told_who_is_on_the_way(come: Come, event: Event, hands: Hands, maria: Facilitator) -> None:
    paul, anna = come(), come("annab")
    anna.visitor.press("/hand")
    paul.visitor.press("/hand")
    assert "Hand up, 1 before you" in paul.visitor.text(STEP)
    asking = poll(paul)
    hands.take(event.id, hands.queue(event.id)[0].id, maria.id)
    assert "Hand up, you are next" in paul.visitor.poll(asking).get_data(as_text=True)
    hands.take(event.id, hands.queue(event.id)[0].id, maria.id)
    assert "Maria is on the way" in paul.visitor.poll(asking).get_data(as_text=True)


def test_secrets_in_a_message_are_refused_and_not_shown_again(come: Come, event: Event, hands: Hands) -> None:
    paul = come()
    paul.visitor.get("/hand")
    answer = paul.visitor.post("/hand", message=f"help {SECRET}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "holds credentials" in page
    assert "wJalr" not in page
    assert hands.queue(event.id) == []


def test_a_message_that_is_too_long_is_given_back_to_be_shortened(
    come: Come, event: Event, hands: Hands
) -> None:
    paul = come()
    paul.visitor.get("/hand")
    answer = paul.visitor.post("/hand", message="a" * 501)
    assert answer.status_code == 422
    assert "at most 500 characters; yours has 501" in answer.get_data(as_text=True)
    assert "a" * 501 in answer.get_data(as_text=True)
    assert hands.queue(event.id) == []


def test_who_works_alone_has_nobody_to_ask(paul: Attending) -> None:
    assert "Ask for help" not in paul.visitor.text(STEP)
    assert paul.visitor.get("/hand").status_code == 404
    assert paul.visitor.poll("/news").status_code == 204


def test_news_are_silent_until_there_are_some(
    come: Come, event: Event, notes: Notes, maria: Facilitator
) -> None:
    paul = come()
    asking = poll(paul)
    assert paul.visitor.poll(asking).status_code == 204
    notes.banner(event.id, maria.id, "Lunch at <noon>.")
    told = paul.visitor.poll(asking).get_data(as_text=True)
    assert "<b>Maria:</b> Lunch at &lt;noon&gt;." in told
    assert "task" not in told
    assert "Lunch at" in paul.visitor.text(STEP)
    notes.withdraw(event.id)
    assert "Lunch" not in paul.visitor.text(STEP)


def test_a_note_stays_until_it_is_read(come: Come, event: Event, notes: Notes, maria: Facilitator) -> None:
    paul, anna = come(), come("annab")
    notes.write(event.id, maria.id, "Look at the role.", [paul.enrolled.id])
    assert "Look at the role." not in anna.visitor.text(STEP)
    page = paul.visitor.text(STEP)
    form = re.search(r'action="(/notes/\d+/read[^"]*)"', page)
    assert form
    anna.visitor.post(form[1])
    assert "Look at the role." in paul.visitor.text(STEP)
    assert paul.visitor.post(form[1].replace("&amp;", "&")).location == STEP
    assert "Look at the role." not in paul.visitor.text(STEP)
    assert [one.handle for one in notes.sent(event.id)[0].read] == ["paulf"]


def offered(paul: Attending) -> str:
    form = re.search(r'action="(/offers/\d+[^"]*)"', paul.visitor.text(STEP))
    assert form
    return form[1].replace("&amp;", "&")


def test_an_offer_is_accepted_once_and_the_page_says_who_did_it(
    come: Come, event: Event, notes: Notes, maria: Facilitator, guide: Guide
) -> None:
    paul = come()
    notes.offer(event.id, maria.id, paul.enrolled.id, "make-a-branch", "do")
    assert "<b>Maria</b> offers to do “Make a branch” for you." in paul.visitor.text(STEP)
    form = offered(paul)
    assert paul.visitor.post(form, answer="accept").location == f"{STEP}#task"
    paul.visitor.post(form, answer="accept")
    (job,) = guide.jobs.of(paul.enrolled.id)
    assert (job.kind, job.by, job.reason) == (Kind.DO, "Maria", "")
    assert "Maria has this done for you." in paul.visitor.text(STEP)


def test_an_offer_that_is_declined_does_nothing(
    come: Come, event: Event, notes: Notes, maria: Facilitator, guide: Guide
) -> None:
    paul = come()
    notes.offer(event.id, maria.id, paul.enrolled.id, "make-a-branch", "do")
    form = offered(paul)
    assert "you go on by yourself" in paul.visitor.press(form, answer="decline").get_data(as_text=True)
    assert "does not stand any more" in paul.visitor.press(form, answer="accept").get_data(as_text=True)
    assert guide.jobs.of(paul.enrolled.id) == []
    assert notes.to(paul.enrolled.id)[0].outcome == "declined"


def test_an_offer_waits_while_something_else_is_being_done(
    come: Come, event: Event, notes: Notes, maria: Facilitator, guide: Guide
) -> None:
    paul = come()
    notes.offer(event.id, maria.id, paul.enrolled.id, "make-a-branch", "do")
    guide.jobs.ask(paul.enrolled.id, "take-long")
    told = paul.visitor.press(offered(paul), answer="accept").get_data(as_text=True)
    assert "one at a time" in told
    assert "Accept" in told


def test_what_was_done_with_a_reason_says_by_whom_and_why(
    come: Come, event: Event, maria: Facilitator, guide: Guide
) -> None:
    paul = come()
    behalf = Behalf(maria.id, maria.name, "came late <today>")
    guide.jobs.ask_for(paul.enrolled.id, "make-a-branch", Kind.DO, behalf)
    assert "Maria has this done for you. “came late &lt;today&gt;”" in paul.visitor.text(STEP)


def test_the_timer_is_told_with_what_is_left_by_the_servers_clock(
    come: Come, event: Event, guide: Guide
) -> None:
    paul = come()
    asking = poll(paul)
    guide.events.set_timer(event.id, lambda _, at: Timer(600).started(at))
    told = paul.visitor.poll(asking).get_data(as_text=True)
    left = re.search(r'data-left="(\d+)" data-counting', told)
    assert left
    assert 595 <= int(left[1]) <= 600
    assert paul.visitor.poll(poll(paul)).status_code == 204
    guide.events.set_timer(event.id, lambda timer, at: timer.paused(at))
    assert "paused" in paul.visitor.poll(asking).get_data(as_text=True)


def test_a_page_is_told_of_a_chapter_that_opens(come: Come, event: Event, guide: Guide) -> None:
    paul = come()
    guide.events.gate(event.id, "Middle", False)
    assert 'aria-label="not open yet"' in paul.visitor.text(STEP)
    asking = poll(paul)
    assert "locked=Middle" in asking
    guide.events.gate(event.id, "Middle", True)
    told = paul.visitor.poll(asking).get_data(as_text=True)
    assert "The chapter “Middle” has been opened." in told
    assert 'id="steps"' in told
    assert "not open yet" not in told


def test_a_page_is_told_when_the_event_is_over(come: Come, event: Event, guide: Guide) -> None:
    paul = come()
    asking = poll(paul)
    guide.events.close(event.id)
    assert "The event is over." in paul.visitor.poll(asking).get_data(as_text=True)
    assert paul.visitor.post("/hand", message="Wait!").status_code == 409


def test_the_lobby_has_the_timer_the_words_and_the_hand(
    come: Come, make_event: Callable[..., Event], notes: Notes, maria: Facilitator, hands: Hands
) -> None:
    event = make_event(starts=now() + timedelta(minutes=5))
    paul = come(event=event, prepared=False)
    notes.banner(event.id, maria.id, "Coffee is in the hall.")
    page = paul.visitor.text("/lobby")
    assert "Coffee is in the hall." in page
    assert (
        paul.visitor.client.post("/hand", headers=HTMX | {"X-CSRFToken": paul.visitor.token}).status_code
        == 200
    )
    assert hands.queue(event.id)[0].slug == ""
