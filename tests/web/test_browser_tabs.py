"""Several tabs agree: what is done in one turns the others by itself, and takes nothing typed away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.test_browser import NO_BROWSER, Tab, browser, join, let_it_be_done, site, tab
from workshop.insight.pipeline import PAUSES

__all__ = ["browser", "site", "tab"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NO_BROWSER, reason="there is no browser: apt install chromium"),
]


def both(tab: Tab, site: str, path: str) -> tuple[Page, Page]:
    """Two tabs of one attendee at the same step; a tab that loads anew forgets that it stayed."""
    first = join(tab, site)
    first.goto(site + path)
    second = first.context.new_page()
    second.on("pageerror", lambda wrong: tab.wrongs.append(str(wrong)))
    second.goto(site + path)
    second.evaluate("() => { window.stayed = true; }")
    return first, second


def stayed(page: Page) -> bool:
    return bool(page.evaluate("() => window.stayed === true"))


def test_the_other_tab_shows_the_job_while_it_runs_and_then_its_result(tab: Tab, site: str) -> None:
    first, second = both(tab, site, "/steps/diagnose-the-build")
    first.get_by_role("button", name="Catch me up to here").click()
    first.get_by_role("button", name="Catch me up", exact=True).click()
    expect(second.locator(".job progress")).to_be_visible()
    expect(second.locator(".job progress")).to_have_count(0)
    expect(second.locator("#steps .helped")).to_have_count(7)
    let_it_be_done(first)
    expect(second.locator(".onwards .btn")).to_be_visible()
    assert stayed(second)


def test_a_check_in_one_tab_turns_the_other_and_leaves_what_is_typed_there(tab: Tab, site: str) -> None:
    first, second = both(tab, site, "/steps/name-the-pipeline")
    second.get_by_label("Your pipeline's name").fill("half a na")
    second.get_by_label("Your pipeline's name").press("ArrowLeft")
    first.get_by_label("Your pipeline's name").fill("paulf-pg23-pipeline")
    first.get_by_role("button", name="Check my work").click()
    expect(second.locator(".onwards .btn")).to_be_visible()
    field = second.get_by_label("Your pipeline's name")
    expect(field).to_have_value("half a na")
    assert field.evaluate("(field) => field === document.activeElement")
    assert field.evaluate("(field) => field.selectionStart") == len("half a n")
    assert stayed(second)


def test_a_busy_server_is_asked_less_often_and_clicks_are_not_put_off(tab: Tab, site: str) -> None:
    page, asked = join(tab, site), []
    page.on("request", lambda request: asked.append(request.url.partition("?")[0].rpartition("/")[2]))

    def busy(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        html = answer.text().replace('data-stretch="1.0"', 'data-stretch="9.0"')
        route.fulfill(response=answer, body=html, headers=answer.headers | {"x-pace": "9.0"})

    for stretched, expected in ((False, True), (True, False)):
        if stretched:
            page.route(re.compile("/(steps|pipeline|again)"), busy)
        page.goto(site + "/steps/name-the-pipeline")
        asked.clear()
        page.wait_for_timeout(5_500)
        assert ("task" in asked or "live" in asked) == expected
    page.get_by_role("button", name="Check my work").click()
    expect(page.get_by_text("claims hold.")).to_be_attached()
    page.unroute_all(behavior="ignoreErrors")


def test_what_is_typed_stays_when_a_hint_is_asked_for(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.goto(site + "/steps/name-the-pipeline")
    page.get_by_role("button", name="Check my work").click()
    expect(page.locator(".claim.bad")).to_be_visible()
    page.get_by_label("Your pipeline's name").fill("half a na")
    page.get_by_role("button", name="Give me a hint").click()
    expect(page.locator(".hints li")).to_have_count(1)
    expect(page.get_by_label("Your pipeline's name")).to_have_value("half a na")


def test_a_step_started_over_in_one_tab_is_open_again_in_the_other(tab: Tab, site: str) -> None:
    first, second = both(tab, site, "/steps/define-the-build")
    let_it_be_done(first)
    expect(second.locator(".onwards .btn")).to_be_visible()
    first.get_by_role("button", name="Start this step over").click()
    first.locator(".offer button.danger, .offer button.primary").first.click()
    expect(second.locator(".onwards .btn")).to_have_count(0)
    expect(second.locator("#steps .helped")).to_have_count(0)
    assert stayed(second)


def test_a_panel_that_finds_nothing_new_looks_less_often_until_something_is_done(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.goto(site + "/steps/skip-deployment")
    expect(page.locator("#pipeline[data-pace]")).to_be_attached()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/pipeline?" in request.url else None)
    page.wait_for_timeout(1000 * (sum(PAUSES[:3]) + 4))
    assert len(asked) == 3
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(1000 * (PAUSES[0] + 2))
    assert len(asked) == 5
