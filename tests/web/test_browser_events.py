"""A facilitator in a real browser: an event made, run and deleted by mouse, by keyboard, without scripts."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.conftest import free_port
from tests.web.conftest import LEADERS, app_for
from tests.web.test_browser import PATIENCE, SIZES, Tab, browser, pytestmark, tab
from workshop.config import HOME, Config
from workshop.room.welcome import set_up_link

__all__ = ["browser", "pytestmark", "tab"]


@pytest.fixture
def site(config: Config) -> Iterator[str]:
    """The pages of the real course; the address that makes its first visitor the owner."""
    settings = config.model_copy(update={"course": HOME / "steps", "port": free_port()})
    server = make_server("127.0.0.1", settings.port, app_for(settings), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield set_up_link(settings, f"http://127.0.0.1:{settings.port}")
    server.shutdown()
    server.server_close()


def set_up(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_label("Your name").fill("Maria Silva")
    page.get_by_label("Login").fill("maria@example.org")
    page.get_by_label("New password").fill(LEADERS)
    page.get_by_label("The same once more").fill(LEADERS)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Events", exact=True)).to_be_visible()


def make(page: Page, name: str = "PG23 meetup") -> str:
    """The address of its pages."""
    page.goto(page.url.split("/events")[0] + "/events/new")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/code")
    return page.url.removesuffix("/code")


def test_an_event_is_made_by_its_name_run_and_deleted(tab: Tab, site: str) -> None:
    page = tab.page
    set_up(page, site)
    here = make(page)
    expect(page.locator(".huge")).to_have_text(re.compile(r"[A-Z]+-\d\d"))
    page.get_by_role("link", name="Control").first.click()
    page.get_by_role("button", name="Start now").click()
    expect(page.locator("#control .st", has_text="Live")).to_be_visible()
    page.get_by_label("Minutes").fill("20")
    page.get_by_label("Minutes").press("Enter")
    expect(page.locator(".countdown")).to_contain_text("19:")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".countdown")).to_contain_text("paused")
    page.locator(".gates li", has_text="Deploy").get_by_role("button", name="Close").click()
    expect(page.get_by_text("4 of 5 open")).to_be_visible()
    page.get_by_role("button", name="Open the next one").click()
    expect(page.get_by_text("5 of 5 open")).to_be_visible()
    page.goto(f"{here}/delete")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("pg23 meetup")
    page.keyboard.press("Enter")
    expect(page.locator("time[data-until]")).to_have_text(re.compile(r"0:5\d"))
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")
    expect(page.get_by_text("“PG23 meetup” is back")).to_be_visible()


def test_times_are_typed_and_shown_in_ones_own_zone(browser: Browser, site: str) -> None:
    context = browser.new_context(timezone_id="America/New_York")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    set_up(page, site)
    page.goto(page.url + "/new")
    expect(page.get_by_text("America/New_York")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("In New York")
    page.get_by_label("Starts").fill("2099-07-01T18:30")
    page.get_by_label("Ends").fill("2099-07-01T21:00")
    page.get_by_role("button", name="Make the event").click()
    page.wait_for_url("**/code")
    page.goto(page.url.replace("/code", "/settings"))
    expect(page.get_by_label("Starts")).to_have_value("2099-07-01T18:30")
    page.goto(page.url.replace("/settings", "/control"))
    expect(page.locator("#control-phase time")).to_have_attribute("datetime", "2099-07-01T22:30:00+00:00")
    context.close()


def test_without_scripts_everything_works(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    set_up(page, site)
    page.goto(page.url + "/new")
    expect(page.get_by_text("Times are those of UTC")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_role("button", name="Make the event").click()
    page.get_by_role("link", name="Control").first.click()
    page.get_by_role("button", name="Start now").click()
    expect(page.locator("#control .st", has_text="Live")).to_be_visible()
    page.get_by_label("Minutes").fill("5")
    page.locator("form", has=page.get_by_label("Minutes")).get_by_role("button").click()
    expect(page.locator(".countdown")).to_contain_text("left")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    context.close()


def test_a_file_that_is_too_big_is_told_before_it_is_sent(tab: Tab, site: str, tmp_path: Path) -> None:
    page = tab.page
    set_up(page, site)
    page.goto(page.url + "/new")
    page.locator("#invited-part summary").click()
    big, small = tmp_path / "big.csv", tmp_path / "small.csv"
    big.write_text("someone,Some One\n" * 60_000)
    small.write_text("anac,Ana Cruz\n")
    page.get_by_label("or a CSV file instead").set_input_files(big)
    expect(page.get_by_text("That file is too big")).to_be_visible()
    page.get_by_label("or a CSV file instead").set_input_files(small)
    expect(page.get_by_text("That file is too big")).to_be_hidden()
    page.get_by_role("button", name="Show what is understood").click()
    expect(page.get_by_text("One person is invited.")).to_be_visible()


def test_axe_finds_nothing_on_any_page_at_any_width(tab: Tab, site: str) -> None:
    page = tab.page
    page.goto(site)
    for scheme in tab.schemes():
        assert tab.flaws() == [], scheme
    set_up(page, site)
    root, here = page.url.removesuffix("/events"), make(page)
    paths = [root + path for path in ("/events", "/events/new", "/staff", "/staff/log", "/staff/password")]
    paths += [here + path for path in ("/code", "/control", "/settings", "/staff", "/log", "/delete")]
    for path in paths:
        page.goto(path)
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} at {width}"
        for scheme in tab.schemes():
            assert tab.flaws() == [], f"{path} {scheme}"
