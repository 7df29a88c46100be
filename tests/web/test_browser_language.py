"""The pages in German in a real browser: all there, within their bounds, and axe finds nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.test_browser import NO_BROWSER, SIZES, Tab, browser, site, tab

__all__ = ["browser", "site", "tab"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NO_BROWSER, reason="there is no browser: apt install chromium"),
]

PAGES = (
    "/steps/overview",
    "/steps/sign-in",
    "/steps/define-the-build",
    "/steps/define-the-build/plan",
    "/steps/choose-a-service-role/catch-up",
    "/terminal",
    "/access",
    "/permission",
    "/pipeline/runs",
    "/nowhere",
)


def join_in_german(tab: Tab, site: str) -> Page:
    page = tab.page
    page.goto(site)
    if page.locator("html").get_attribute("lang") == "en":
        page.get_by_role("button", name="Deutsch").click()
    page.get_by_label("Dein Name").fill("Paula Groß")
    expect(page.get_by_label("Dein Kürzel")).to_have_value("paulag")
    page.get_by_role("button", name="Los geht’s").click()
    expect(page.get_by_role("heading", name="Überblick", level=1)).to_be_visible()
    return page


def assert_it_fits(tab: Tab, path: str) -> None:
    for size, scheme in tab.guises():
        tab.picture(f"de-{path.strip('/').replace('/', '-')}-{scheme}-{size}")
        width = tab.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], f"{path} {scheme} {size}"
        assert tab.flaws() == [], f"{path} {scheme} {size}"


def test_every_page_stands_in_german(tab: Tab, site: str) -> None:
    tab.page.goto(site)
    tab.page.get_by_role("button", name="Deutsch").click()
    expect(tab.page.get_by_label("Dein Name")).to_be_visible()
    assert_it_fits(tab, "door")
    page = join_in_german(tab, site)
    for path in PAGES:
        page.goto(site + path)
        check = page.get_by_role("button", name="Meine Arbeit prüfen")
        if check.count():
            check.click()
            expect(page.locator(".claim.ok, .claim.bad, .claim.help").first).to_be_visible()
        assert page.evaluate("() => document.documentElement.lang") == "de"
        assert_it_fits(tab, path)
    tab.wrongs = [wrong for wrong in tab.wrongs if "404" not in wrong]  # of /nowhere


def test_the_script_speaks_german(tab: Tab, site: str) -> None:
    page = join_in_german(tab, site)
    page.get_by_role("link", name="Zugangsdaten für die AWS CLI").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Kopieren").locator("visible=true").first).to_be_visible()


def test_a_page_is_german_where_it_is_written_and_says_so_where_not(tab: Tab, site: str) -> None:
    page = join_in_german(tab, site)
    expect(page.get_by_role("heading", name="Wie der Kurs verläuft")).to_be_visible()
    expect(page.locator(".other-language")).to_have_count(0)
    page.goto(f"{site}/steps/sign-in")
    expect(page.locator(".other-language")).to_be_visible()
    expect(page.locator(".prose")).to_have_attribute("lang", "en")
