"""Helping in a real browser: words arrive while somebody types, and axe looks at what is new."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from tests.conftest import free_port
from tests.web.conftest import Attending
from tests.web.test_browser import NO_BROWSER, SIZES, Tab, browser
from workshop.console.guard import remembered
from workshop.guide import Guide
from workshop.room.event import Event
from workshop.room.hands import Hands
from workshop.room.notes import Notes
from workshop.room.staff import Facilitator
from workshop.room.timer import Timer

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(NO_BROWSER, reason="there is no browser")]
SOON = 15_000

Come = Callable[..., Attending]


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The pages of the small course; their URL."""
    port = free_port()
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_as(app: Flask, browser: Browser, site: str) -> Iterator[Callable[..., Tab]]:
    """Opens a page in the browser of somebody who is known by these values of the session."""
    contexts: list[BrowserContext] = []

    def opened(path: str, size: str = "wide", **session: object) -> Tab:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        name = app.config["SESSION_COOKIE_NAME"]
        context.add_cookies([{"name": name, "value": signer.dumps(session), "url": site}])
        tab = Tab(context)
        tab.page.goto(site + path)
        return tab

    yield opened
    for context in contexts:
        context.close()


def test_words_arrive_within_seconds_and_nothing_that_is_typed_is_lost(
    app: Flask, come: Come, event: Event, maria: Facilitator, guide: Guide, open_as: Callable[..., Tab]
) -> None:
    paul, notes = come(), Notes(app.extensions["engine"])
    tab = open_as("/steps/answer", ticket=paul.enrolled.ticket)
    page: Page = tab.page
    page.get_by_label("Which word?").press_sequentially("half a w")
    notes.write(event.id, maria.id, "Look at the role.", [paul.enrolled.id])
    notes.banner(event.id, maria.id, "Lunch at noon.")
    guide.events.set_timer(event.id, lambda _, at: Timer(240).started(at))
    expect(page.get_by_text("Look at the role.")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Lunch at noon.")).to_be_visible()
    expect(page.locator("#timer")).to_contain_text("3:5")
    expect(page.get_by_label("Which word?")).to_be_focused()
    page.keyboard.type("ord")
    expect(page.get_by_label("Which word?")).to_have_value("half a word")
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_text("Look at the role.")).to_be_hidden()
    expect(page.get_by_label("Which word?")).to_have_value("half a word")
    assert tab.wrongs == []


def test_a_hand_is_raised_by_keyboard_and_the_page_tells_who_comes(
    app: Flask, come: Come, event: Event, maria: Facilitator, open_as: Callable[..., Tab]
) -> None:
    paul, hands = come(), Hands(app.extensions["engine"])
    tab = open_as("/steps/make-a-branch", ticket=paul.enrolled.ticket)
    page: Page = tab.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.get_by_role("link", name="Ask for help").press("Enter")
        expect(page.get_by_label("What is it about?")).to_be_focused()
        assert tab.flaws() == []
        page.keyboard.press("Escape")
        expect(page.locator("#hand")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("What is it about?").fill("It fails.")
    page.get_by_role("button", name="Raise my hand").press("Enter")
    expect(page.get_by_role("heading", name="Your hand is up")).to_be_visible()
    hands.take(event.id, hands.queue(event.id)[0].id, maria.id)
    expect(page.locator("#hand")).to_contain_text("Maria is on the way", timeout=SOON)
    page.keyboard.press("Escape")
    expect(page.locator("#hand")).to_be_focused()
    assert tab.wrongs == []


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_somebody_is_helped_without_leaving_the_board(
    app: Flask, come: Come, event: Event, maria: Facilitator, open_as: Callable[..., Tab], size: str
) -> None:
    paul = come()
    tab = open_as(f"/events/{event.id}", size, **remembered(maria))
    page, board = tab.page, tab.page.url
    desk = page.get_by_role("complementary", name="At their desk")
    page.locator("#rows").get_by_role("link", name="paulf").press("Enter")
    expect(desk.get_by_role("heading", name="Paulf")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert tab.flaws() == [], scheme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.get_by_label("Words").fill("Look at the role.")
    desk.get_by_role("button", name="Send it").click()
    expect(desk.get_by_text("paulf sees it within a few seconds.")).to_be_visible()
    assert [note.words for note in Notes(app.extensions["engine"]).to(paul.enrolled.id)] == [
        "Look at the role."
    ]
    desk.get_by_role("button", name="Offer it").click()
    expect(desk.get_by_text("Offered.")).to_be_visible()
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_text("The offer is taken back.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(desk).to_be_hidden()
    expect(page.locator("#rows").get_by_role("link", name="paulf")).to_be_focused()
    assert page.url == board
    assert tab.wrongs == []


def test_who_is_taken_out_from_the_board_leaves_it(
    app: Flask, come: Come, event: Event, maria: Facilitator, open_as: Callable[..., Tab]
) -> None:
    come()
    tab = open_as(f"/events/{event.id}", **remembered(maria))
    page, board = tab.page, tab.page.url
    page.locator("#rows").get_by_role("link", name="paulf").click()
    desk = page.locator("#desk")
    desk.get_by_text("Take them out of the event").click()
    form = desk.locator("form[action$='/remove']")
    form.locator("[name=reason]").fill("It was a trial.")
    form.locator("[name=handle]").fill("paulf")
    form.get_by_role("button").click()
    expect(page.get_by_text("paulf is out of the event")).to_be_visible(timeout=SOON)
    expect(desk).to_be_hidden()
    expect(page.locator("#rows tr")).to_have_count(0, timeout=SOON)
    assert page.url == board


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_axe_finds_nothing_on_what_helpers_see(
    app: Flask, come: Come, event: Event, maria: Facilitator, open_as: Callable[..., Tab], size: str
) -> None:
    paul = come()
    paul.visitor.get("/steps/make-a-branch")
    paul.visitor.post("/steps/make-a-branch/check")
    paul.visitor.get("/hand")
    paul.visitor.post("/hand?at=make-a-branch", message="It fails.")
    tab = open_as(f"/events/{event.id}/queue", size, **remembered(maria))
    who = f"/people/{paul.enrolled.id}"
    for path in ("/queue", "/people", who, f"{who}/steps/make-a-branch", "/words"):
        tab.page.goto(tab.page.url.partition("/events/")[0] + f"/events/{event.id}{path}")
        for scheme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert tab.flaws() == [], (path, scheme)
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert tab.wrongs == []


def test_two_helpers_see_each_other_in_the_queue(
    app: Flask, come: Come, event: Event, maria: Facilitator, open_as: Callable[..., Tab]
) -> None:
    hands = Hands(app.extensions["engine"])
    hand = hands.put_up(event.id, come().enrolled.id, "make-a-branch", "It fails.", [])
    tab = open_as(f"/events/{event.id}/queue", **remembered(maria))
    tab.page.get_by_role("button", name="Take paulf").press("Enter")
    expect(tab.page.get_by_text("You are on the way")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Release paulf")).to_be_focused()
    hands.lower(hand.enrolment)
    expect(tab.page.get_by_text("No hand is raised.")).to_be_visible(timeout=SOON)
    assert tab.wrongs == []
