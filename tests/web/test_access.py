"""Going on elsewhere: links that hold for a while, and tabs that learn of each other."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.web.conftest import HTMX, Attending, Visitor
from workshop.access import MOST_OPEN, Access, NoLink, TooManyLinks
from workshop.config import Config
from workshop.guide import Guide
from workshop.models import connect, now

REVOKE = re.compile(r'action="(/access/links/[^"]+/revoke)"')


@pytest.fixture
def access(app: Flask) -> Access:
    found: Access = app.extensions["access"]
    return found


def link_of(paul: Attending, hours: str = "24") -> str:
    paul.visitor.get("/access")
    page = paul.visitor.post("/access/links", follow=True, hours=hours).get_data(as_text=True)
    found = re.search(r"<code>(http[^<]+)</code>", page)
    assert found
    return urlsplit(html.unescape(found[1])).path


def come_in(app: Flask, path: str) -> Visitor:
    elsewhere = Visitor(app)
    elsewhere.get(path)
    assert elsewhere.post(path).status_code == 303
    return elsewhere


def test_a_link_goes_on_in_another_browser_where_one_was(paul: Attending, app: Flask) -> None:
    elsewhere = come_in(app, link_of(paul))
    assert "as <b>paulf</b>" in elsewhere.text("/steps/read-this")


def test_another_browser_is_not_told_of_an_account_started_afresh_before(
    paul: Attending, app: Flask, guide: Guide
) -> None:
    guide.progress.record(paul.enrolled.id, "afresh")
    assert "prepared afresh" in paul.visitor.text("/steps/read-this")
    assert "prepared afresh" not in come_in(app, link_of(paul)).text("/steps/read-this")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_link_of_this_machine_alone_says_so(paul: Attending, language: str) -> None:
    words = {"en": "that of this machine alone", "de": "nur die dieses Rechners"}[language]
    paul.visitor.get("/access")
    assert words not in paul.visitor.text("/access")
    paul.visitor.post("/access/links")
    page = paul.visitor.get("/access", headers={"Accept-Language": language}).get_data(as_text=True)
    assert words in page


def test_opening_a_link_alone_lets_nobody_in(paul: Attending, app: Flask) -> None:
    elsewhere = Visitor(app)
    assert "Go on as paulf" in elsewhere.text(link_of(paul))
    assert elsewhere.get("/steps/read-this").status_code == 303


def test_a_revoked_link_holds_no_longer_and_sends_out_who_came_by_it(paul: Attending, app: Flask) -> None:
    path = link_of(paul)
    elsewhere = come_in(app, path)
    revoke = REVOKE.search(paul.visitor.text("/access"))
    assert revoke
    paul.visitor.post(revoke[1])
    assert elsewhere.poll("/news").status_code == 286
    assert "Join" in elsewhere.get("/steps/read-this", follow_redirects=True).get_data(as_text=True)
    assert "has been revoked" in Visitor(app).text(path)
    assert paul.visitor.get("/steps/read-this").status_code == 200


@pytest.mark.parametrize(
    ("language", "words"), [("en", "been revoked. Join again"), ("de", "wurde widerrufen.")]
)
@pytest.mark.parametrize("polls", [False, True])
def test_who_came_by_a_revoked_link_learns_why_they_are_out(
    paul: Attending, app: Flask, access: Access, language: str, words: str, polls: bool
) -> None:
    elsewhere = come_in(app, link_of(paul))
    access.revoke(paul.enrolled.id, access.of(paul.enrolled.id)[0].id)
    said = {"Accept-Language": language}
    if polls:
        assert elsewhere.client.get("/news", headers=HTMX | said).status_code == 286
    door = elsewhere.get("/", headers=said, follow_redirects=True)
    assert door.request.path == "/"
    assert words in door.get_data(as_text=True)
    assert words not in elsewhere.get("/", headers=said).get_data(as_text=True), "it is said once"


def test_a_button_says_that_the_link_was_revoked(paul: Attending, app: Flask, access: Access) -> None:
    elsewhere = come_in(app, link_of(paul))
    elsewhere.get("/access")
    access.revoke(paul.enrolled.id, access.of(paul.enrolled.id)[0].id)
    answer = elsewhere.post("/access/links")
    assert answer.status_code == 401
    assert "has been revoked" in answer.get_data(as_text=True)


def test_nobody_can_revoke_anothers_link(
    paul: Attending, join: Callable[[str], Attending], app: Flask
) -> None:
    path = link_of(paul)
    revoke = REVOKE.search(paul.visitor.text("/access"))
    assert revoke
    join("annab").visitor.post(revoke[1])
    assert "Go on as paulf" in Visitor(app).text(path)


def test_an_expired_link_says_so(paul: Attending, access: Access, config: Config) -> None:
    _, token = access.make(paul.enrolled.id, 1)
    later = Access(connect(config.database), config.secret_key, lambda: now() + timedelta(minutes=61))
    with pytest.raises(NoLink, match="expired"):
        later.open(token)
    assert access.open(token).enrolment == paul.enrolled.id


@pytest.mark.parametrize("spoil", [lambda token: token[:-3], lambda token: f"x{token}", lambda _: "W10.x.y"])
def test_a_forged_link_is_none_of_ours(
    paul: Attending, access: Access, app: Flask, spoil: Callable[[str], str]
) -> None:
    _, token = access.make(paul.enrolled.id, 24)
    answer = Visitor(app).get(f"/go-on/{spoil(token)}")
    assert answer.status_code == 410
    assert "not one of ours" in answer.get_data(as_text=True)


def test_only_so_many_links_are_open_at_once(paul: Attending, access: Access) -> None:
    for _ in range(MOST_OPEN):
        first, _ = access.make(paul.enrolled.id, 24)
    with pytest.raises(TooManyLinks):
        access.make(paul.enrolled.id, 24)
    access.revoke(paul.enrolled.id, first.id)
    access.make(paul.enrolled.id, 24)


def test_the_page_says_when_a_link_was_used(paul: Attending, app: Flask, access: Access) -> None:
    come_in(app, link_of(paul))
    assert access.of(paul.enrolled.id)[0].used
    assert "never" not in paul.visitor.text("/access")


def test_a_tab_of_one_attendee_learns_that_the_browser_has_become_another(
    paul: Attending, visitor: Visitor
) -> None:
    paul.visitor.post("/leave")
    paul.visitor.join("annab", "Anna B")
    answer = paul.visitor.client.get("/news", headers=HTMX | {"X-Attendee": "paulf"})
    assert answer.status_code == 286
    assert "you have become annab" in answer.get_data(as_text=True)


def test_a_tab_that_is_still_right_is_left_in_peace(paul: Attending) -> None:
    answer = paul.visitor.client.get("/news", headers=HTMX | {"X-Attendee": "paulf"})
    assert answer.status_code == 204


def test_credentials_on_an_open_page_are_silent_until_they_run_out(paul: Attending) -> None:
    page = paul.visitor.text("/terminal")
    poll = re.search(r'hx-get="(/terminal\?until=[^"]+)"', page)
    assert poll
    assert paul.visitor.poll(html.unescape(poll[1])).status_code == 204
    soon = (now() + timedelta(minutes=4)).isoformat().replace("+", "%2B")
    renewed = paul.visitor.poll(f"/terminal?until={soon}&way=git")
    assert 'value="git" id="way-git" checked' in renewed.get_data(as_text=True)
