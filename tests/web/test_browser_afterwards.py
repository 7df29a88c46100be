"""The report, the webhooks and the certificate in a real browser: by mouse, without scripts, on paper."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from tests.conftest import free_port
from tests.room.crowd import gather
from tests.room.receiver import Receiver
from tests.web.conftest import app_for
from tests.web.leading import leader
from tests.web.test_browser import Tab, browser, pytestmark, tab  # noqa: F401 - fixtures, and the mark
from tests.web.test_certificate import finish
from workshop.config import HOME, Config
from workshop.guide import Guide
from workshop.models import connect
from workshop.room.event import Event
from workshop.room.hooks import Hooks
from workshop.room.news import News
from workshop.room.story import Route
from workshop.room.whereto import Whereto
from workshop.vault import NEWS, Vault
from workshop.work.post import Post

PAGES = re.compile(rb"/Type\s*/Page\b")


@dataclass
class House:
    """An event of thirty people, the address of its pages, and who leads it."""

    url: str
    event: Event
    guide: Guide
    engine: Engine
    config: Config
    cookies: list[dict[str, str]]


@pytest.fixture
def house(config: Config) -> Iterator[House]:
    settings = config.model_copy(
        update={"course": HOME / "steps", "port": free_port(), "hooks_to_private": True}
    )
    app, engine = app_for(settings), connect(settings.database)
    event = gather(engine, Route.of(app.extensions["guide"].course), 30, minutes=40)
    server = make_server("127.0.0.1", settings.port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    maria, url = leader(app, event.id), f"http://127.0.0.1:{settings.port}"
    name = app.config["SESSION_COOKIE_NAME"]
    kept = maria.client.get_cookie(name)
    assert kept
    cookies = [{"name": name, "value": kept.value, "url": url}]
    yield House(url, event, app.extensions["guide"], engine, settings, cookies)
    server.shutdown()
    server.server_close()


def lead(tab: Tab, house: House, path: str) -> None:  # noqa: F811
    tab.page.context.add_cookies(house.cookies)  # type: ignore[arg-type]
    tab.page.goto(f"{house.url}/events/{house.event.id}/{path}")


def test_axe_finds_nothing_in_the_report(tab: Tab, house: House) -> None:  # noqa: F811
    lead(tab, house, "report")
    expect(tab.page.get_by_role("heading", name="How far people got")).to_be_visible()
    for guise in tab.guises():
        assert tab.flaws() == [], guise
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), guise


def test_a_hook_is_added_tried_and_removed_by_hand(tab: Tab, house: House) -> None:  # noqa: F811
    hooks = Hooks(house.engine, Vault(house.config.secret_key, NEWS))
    post = Post(hooks, News(house.engine, house.guide.course), Whereto(private=True))
    page = tab.page
    with Receiver() as receiver:
        lead(tab, house, "hooks")
        page.get_by_label("Address", exact=True).fill(receiver.url)
        page.get_by_role("button", name="Add").click()
        secret = page.locator("#secret code").inner_text()
        assert tab.flaws() == []
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("on its way", exact=True)).to_be_visible()
        for begun in post.round():
            begun.result()
        expect(page.get_by_text("arrived")).to_be_visible()  # the page has seen it by itself
        assert tab.flaws() == []
        assert [one["type"] for one in receiver.messages(secret)] == ["hook.test"]
        page.get_by_text("Remove", exact=True).click()
        page.get_by_role("button", name="Yes, remove it").click()
        expect(page.get_by_text("No address yet.")).to_be_visible()


def test_a_certificate_is_issued_and_fits_one_sheet(
    browser: Browser,  # noqa: F811
    tab: Tab,  # noqa: F811
    house: House,
) -> None:
    page = tab.page
    page.goto(f"{house.url}/e/{house.event.code}")
    page.get_by_label("Your name").fill("Paul Fischer")
    page.get_by_role("button", name="Join").click()
    page.wait_for_load_state()
    paul = house.guide.progress.by_handle("paulf", house.event.id)
    assert paul
    finish(house.guide, paul)
    page.goto(f"{house.url}/certificate")
    page.get_by_role("button", name="Issue it").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    assert tab.flaws() == []
    for paper in ("A4", "Letter"):
        assert len(PAGES.findall(page.pdf(format=paper, landscape=True, print_background=True))) == 1
    proof = page.get_by_role("link", name="The page that confirms it").get_attribute("href")
    assert proof
    plain = browser.new_context(java_script_enabled=False)
    stranger = plain.new_page()
    stranger.goto(proof)
    expect(stranger.get_by_role("heading", name="This certificate is genuine")).to_be_visible()
    plain.close()
