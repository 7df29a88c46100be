"""Help in a real browser: the plan, hints, catching up, starting over, and steps that turn by themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.test_browser import NO_BROWSER, Tab, browser, join, site, tab
from workshop.config import Config
from workshop.course import load
from workshop.guide import Guide
from workshop.lab import Lab

__all__ = ["browser", "site", "tab"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NO_BROWSER, reason="there is no browser: apt install chromium"),
]


def lab_of(guide: Guide, handle: str = "paulf") -> Lab:
    enrolled = guide.progress.by_handle(handle)
    assert enrolled
    return guide.lab_of(enrolled)


def opened(page: Page, site: str, button: str, path: str) -> None:
    page.goto(site + path)
    page.get_by_role("button", name=button).click()
    expect(page.locator(".offer h2")).to_be_focused()


def test_axe_finds_nothing_on_any_kind_of_help(tab: Tab, site: str) -> None:
    page = join(tab, site)
    opened(page, site, "Catch me up to here", "/steps/choose-a-service-role")
    for scheme in tab.schemes():
        assert tab.flaws() == [], scheme
    page.get_by_role("button", name="Catch me up", exact=True).click()
    expect(page.locator("#steps .helped")).to_have_count(4)
    opened(page, site, "Do it for me", "/steps/choose-a-service-role")
    for scheme in tab.schemes():
        assert tab.flaws() == [], scheme
    opened(page, site, "Start this step over", "/steps/define-the-build")
    page.set_viewport_size({"width": 390, "height": 844})
    for scheme in tab.schemes():
        assert tab.flaws() == [], scheme
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_step_turns_while_the_learner_works_elsewhere(tab: Tab, site: str, guide: Guide) -> None:
    page = join(tab, site)
    opened(page, site, "Do it for me", "/steps/define-the-build")
    commands = page.locator(".calls code").all_text_contents()
    assert any(command.startswith("aws codebuild create-project") for command in commands)
    by_hand = load(Config().course).step("define-the-build").do
    assert by_hand
    by_hand(lab_of(guide))
    expect(page.locator(".onwards .btn")).to_be_visible()
    expect(page.locator("#steps .done")).to_have_count(1)


def test_a_page_that_is_hidden_asks_nothing(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.goto(site + "/steps/define-the-build")
    asked: list[str] = []
    with page.expect_response("**/live?**"):
        pass
    page.evaluate("() => Object.defineProperty(document, 'hidden', {get: () => true})")
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(7000)
    assert asked == []
