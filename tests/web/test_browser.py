"""A real browser walks the real course, by mouse and by keyboard; axe looks at every page."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.conftest import free_port
from tests.web.conftest import app_for
from workshop.config import HOME, Config

CHROMIUM = Path("/usr/bin/chromium")
NO_BROWSER = not CHROMIUM.exists() and "CI" not in os.environ  # CI must run these
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
PICTURES = os.environ.get("PICTURES", "")
PATIENCE = 90_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"wide": (1440, 1000), "middle": (1024, 900), "narrow": (390, 844)}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NO_BROWSER, reason=f"there is no browser at {CHROMIUM}: apt install chromium"),
]


@pytest.fixture
def site(config: Config) -> Iterator[str]:
    """The pages of the real course and a worker, with the session's sandbox as AWS; their URL."""
    settings = config.model_copy(update={"course": HOME / "steps", "port": free_port()})
    server = make_server("127.0.0.1", settings.port, app_for(settings), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    worker = subprocess.Popen([sys.executable, "-m", "workshop", "worker"], env=settings.environment())
    yield f"http://127.0.0.1:{settings.port}"
    worker.kill()
    worker.wait()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield found
        found.close()


class Tab:
    """A page that complains of what goes wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.wrongs: list[str] = []
        self.pictures = PICTURES and Path(PICTURES)
        self.page.on("pageerror", lambda error: self.wrongs.append(str(error)))
        self.page.on("console", lambda said: self._hear(said.type, said.text))

    def _hear(self, kind: str, text: str) -> None:
        # Taking a picture puts an empty style into the page, which our policy refuses.
        if kind == "error" and "Applying inline style" not in text:
            self.wrongs.append(text)

    def picture(self, name: str) -> None:
        """What it looks like, for people, where a folder for it is named."""
        if self.pictures:
            self.page.screenshot(path=self.pictures / f"{name}.png")

    def schemes(self) -> Iterator[str]:
        """The page in light colours, then in dark ones."""
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            yield scheme

    def guises(self) -> Iterator[tuple[str, str]]:
        """The page in every size and, in each, in every scheme."""
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in self.schemes():
                yield size, scheme

    def flaws(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run({resultTypes: ['violations']})")
        return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    tab = Tab(context)
    yield tab
    wrongs = list(tab.wrongs)  # before it closes: what is on its way then fails, and may
    context.close()
    assert not wrongs


def join(tab: Tab, site: str) -> Page:
    page = tab.page
    page.goto(site)
    page.get_by_label("Your name").fill("Paul Fischer")
    expect(page.get_by_label("Your handle")).to_have_value("paulf")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    return page


def let_it_be_done(page: Page) -> None:
    """Have the plan shown, then have it done."""
    page.get_by_role("button", name="Do it for me").click()
    page.get_by_role("button", name="Do it", exact=True).click()


def test_a_learner_walks_seven_steps_with_the_mouse(tab: Tab, site: str) -> None:
    page = join(tab, site)
    tab.picture("overview")
    page.get_by_role("button", name="Sign in and switch role").click()
    page.get_by_role("button", name="Check my work").click()
    expect(page.get_by_text("claims hold.")).to_be_attached()
    tab.picture("not-yet")
    for title in ("Sign in and switch role", "Name the pipeline", "Define the source", "Define the build"):
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        let_it_be_done(page)
        page.locator(".onwards .btn").click()
    expect(page.get_by_role("heading", name="Skip deployment", level=1)).to_be_visible()
    page.locator("form.read button").click()
    for title in ("Choose a service role", "Review and create"):
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        let_it_be_done(page)
        page.locator(".onwards .btn").click()
    expect(page.locator("#pipeline h3", has_text="Build")).to_be_visible()
    expect(page.locator("#pipeline .stage.bad .log b").first).to_contain_text("AccessDenied")
    tab.picture("failed")
    expect(page.locator("#steps .helped")).to_have_count(6)


def test_a_learner_walks_five_steps_with_the_keyboard_alone(tab: Tab, site: str) -> None:
    page = tab.page
    page.goto(site)
    page.keyboard.type("Ana Cruz")  # the first field has the focus
    expect(page.get_by_label("Your handle")).to_have_value("anac")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    for title in ("Sign in and switch role", "Name the pipeline", "Define the source", "Define the build"):
        _tab_to(page, title)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        _tab_to(page, "Do it for me")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What will be done for you")).to_be_focused()
        _tab_to(page, "Do it")
        page.keyboard.press("Enter")
        # What leads onwards takes the focus by itself.
        expect(page.locator(".onwards .btn")).to_be_focused()
    expect(page.locator("#steps .helped")).to_have_count(4)


def _tab_to(page: Page, words: str) -> None:
    for _ in range(120):
        focused = page.evaluate("() => document.activeElement.textContent.trim()")
        inside = page.evaluate("() => !!document.activeElement.closest('main')")
        if inside and focused.startswith(words):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not get to {words}")


def test_axe_finds_nothing_on_any_page(tab: Tab, site: str) -> None:
    page = tab.page
    page.goto(site)
    for scheme in tab.schemes():
        assert tab.flaws() == [], scheme
    join(tab, site)
    for path in (
        "/steps/overview",
        "/steps/sign-in",
        "/steps/define-the-build",
        "/steps/fix-the-build",
        "/terminal",
        "/pipeline",
        "/nowhere",
    ):
        page.goto(site + path)
        check = page.get_by_role("button", name="Check my work")
        if check.count():
            check.click()
            expect(page.locator(".claim.ok, .claim.bad, .claim.help").first).to_be_visible()
        for size, scheme in tab.guises():
            tab.picture(f"{path.strip('/').replace('/', '-')}-{scheme}-{size}")
            assert tab.flaws() == [], f"{path} {scheme} {size}"
    tab.wrongs = [wrong for wrong in tab.wrongs if "404" not in wrong]  # of /nowhere


def test_no_page_is_wider_than_a_telephone(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/steps/overview", "/steps/review-and-create", "/terminal", "/"):
        page.goto(site + path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path


def test_credentials_open_beside_the_page_and_are_copied(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Credentials for the AWS CLI").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_text("PowerShell", exact=True).click()
    dialog.get_by_role("button", name="Copy").locator("visible=true").click()
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("$env:AWS_ACCESS_KEY_ID")
    assert tab.flaws() == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_colours_change_without_loading_and_stay(tab: Tab, site: str) -> None:
    page = join(tab, site)
    page.get_by_role("button", name="Use dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
