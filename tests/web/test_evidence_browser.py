"""The pages of evidence and access in a real browser: every size, both colour schemes, two tabs."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.web.conftest import app_for
from tests.web.test_browser import SIZES, Tab, browser, join, pytestmark, site, tab
from workshop.config import HOME, Config
from workshop.guide import Guide

__all__ = ["browser", "pytestmark", "site", "tab"]


def walk(config: Config, *slugs: str) -> None:
    """Do steps in the place of the attendee, and look at them."""
    guide: Guide = app_for(config.model_copy(update={"course": HOME / "steps"})).extensions["guide"]
    attendee = guide.progress.by_handle("paulf")
    assert attendee
    for slug in slugs:
        do = guide.course.step(slug).do
        assert do
        do(guide.lab_of(attendee))
        guide.look(attendee, slug)


def test_axe_finds_nothing_on_the_pages_of_evidence(tab: Tab, site: str, config: Config) -> None:
    page = join(tab, site)
    walk(config, "define-the-build", "review-and-create", "observe-the-failure", "fix-the-build")
    page.goto(f"{site}/steps/fix-the-build")
    page.get_by_role("link", name="See which statement decides").click()
    seen = [page.url]
    expect(page.get_by_text("This statement decided")).to_be_visible()
    page.goto(f"{site}/pipeline/runs")
    page.locator("#runs tbody a").last.click()
    seen.append(page.url)
    page.get_by_role("link", name="The failing line in the log").click()
    expect(page.locator("#fault")).to_be_in_viewport()
    seen += [page.url, f"{site}/pipeline/runs", f"{site}/access", f"{site}/terminal"]
    seen.append(f"{seen[1]}/artifacts/SourceArtifact")
    seen.append(f"{seen[1]}/artifacts/SourceArtifact?file=buildspec.yml")
    for number, url in enumerate(seen):
        page.goto("about:blank")
        page.goto(url)
        for size, scheme in tab.guises():
            tab.picture(f"evidence-{number}-{scheme}-{size}")
            assert tab.flaws() == [], f"{url} {scheme} {size}"
            width = page.evaluate("() => document.documentElement.scrollWidth")
            assert width <= SIZES[size][0], f"{url} {scheme} {size}"


def test_what_is_pasted_is_judged_beside_the_page_and_is_gone_from_the_field(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.get_by_role("link", name="Credentials for the AWS CLI").click()
    field = page.get_by_label("Does what you have copied work?")
    field.fill("https://eu-west-1.console.aws.amazon.com/console/home")
    field.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="the address of the AWS console")).to_be_visible()
    expect(field).to_have_value("")
    assert tab.flaws() == []


def test_leaving_in_one_tab_is_said_in_the_other(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.goto(f"{site}/access")
    other = page.context.new_page()
    other.goto(f"{site}/access")
    other.get_by_role("button", name="Leave").click()
    expect(other.get_by_role("heading", name="Join")).to_be_visible()
    page.evaluate("() => document.body.dispatchEvent(new Event('work'))")
    expect(page.get_by_role("alert").filter(has_text="You have left in another tab")).to_be_visible()


def test_a_link_is_used_in_another_browser_without_scripts(tab: Tab, site: str, browser: Any) -> None:
    page = join(tab, site)
    page.get_by_role("link", name="as paulf").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".made code").inner_text()
    elsewhere = browser.new_context(java_script_enabled=False).new_page()
    elsewhere.goto(link)
    elsewhere.get_by_role("button", name="Go on").click()
    expect(elsewhere.get_by_role("link", name="as paulf")).to_be_visible()
    elsewhere.context.close()
    page.reload()
    expect(page.locator("#links")).not_to_contain_text("never")
