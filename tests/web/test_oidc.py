"""Signing in through an OpenID Connect provider that really answers: who gets in, what is not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from tests.web.conftest import Visitor, app_for
from tests.web.provider import CLIENT, SECRET, Provider, provider
from workshop.config import Config
from workshop.room.staff import Staff


@pytest.fixture
def there() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture
def settings(config: Config, there: Provider) -> Config:
    return config.model_copy(
        update={
            "oidc_issuer": there.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_allowed": "ana@example.org, @staff.example.org, groups=facilitators",
        }
    )


@pytest.fixture
def site(settings: Config) -> Flask:
    return app_for(settings)


@pytest.fixture
def staff(site: Flask) -> Staff:
    found: Staff = site.extensions["staff"]
    return found


def back_from(visitor: Visitor, wanted: str = "") -> str:
    """Leave for the provider, and come as far as the address that it sends the browser back to."""
    away = visitor.get("/staff/oidc", query_string={"next": wanted}).location
    answer = requests.get(away, allow_redirects=False, timeout=10)
    url = urlsplit(answer.headers["Location"])
    return f"{url.path}?{url.query}"


def sign_in(site: Flask, wanted: str = "") -> tuple[Visitor, Any]:
    visitor = Visitor(site)
    return visitor, visitor.get(back_from(visitor, wanted))


def said(answer: Any) -> str:
    page: str = answer.get_data(as_text=True)
    return page.partition('id="problem">')[2].partition("</p>")[0]


def test_who_is_allowed_gets_in_and_is_who_they_were(site: Flask, staff: Staff, there: Provider) -> None:
    visitor, answer = sign_in(site, "/events/new")
    assert answer.location == "/events/new"
    assert visitor.get("/events").status_code == 200
    (ana,) = staff.all()
    assert (ana.login, ana.name, ana.owner) == ("ana@example.org", "Ana Cruz", False)
    sign_in(site)
    assert staff.all() == [ana]
    asked = there.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"] != there.asked[1]["nonce"]
    assert asked["state"] != there.asked[1]["state"]


@pytest.mark.parametrize(
    "person",
    [
        {"email": "anybody@staff.example.org"},
        {"groups": ["guests", "facilitators"], "email": "x@example.com"},
        {"groups": "facilitators", "email_verified": False},
    ],
)
def test_domains_and_claims_let_in_as_well(site: Flask, there: Provider, person: dict[str, Any]) -> None:
    there.person |= {"sub": "7"} | person
    assert sign_in(site)[1].location == "/events"


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ({"email": "eve@example.com"}, "who may not run events here"),
        ({"email": "ana@staff.example.org.evil.com"}, "who may not run events here"),
        ({"email_verified": False}, "does not vouch for your e-mail address"),
        ({"email_verified": "true"}, "does not vouch for your e-mail address"),
        ({"groups": "facilitators-not", "email": "x@y.z"}, "who may not run events here"),
    ],
)
def test_others_are_told_why_not(
    site: Flask, staff: Staff, there: Provider, person: dict[str, Any], says: str
) -> None:
    there.person |= person
    visitor, answer = sign_in(site)
    assert answer.status_code == 403
    assert says in said(answer)
    assert visitor.get("/events").location.startswith("/staff/sign-in")
    assert staff.all() == []


def test_whom_an_owner_has_let_in_gets_in_by_their_address(
    site: Flask, staff: Staff, there: Provider
) -> None:
    there.person |= {"email": "eve@example.com"}
    invited = staff.invite("eve@example.com", "Eve")
    assert sign_in(site)[1].status_code == 303
    # From then on it is the provider's number that counts: the address may be given to somebody else.
    there.person |= {"email": "married@example.com"}
    assert sign_in(site)[1].status_code == 303
    there.person |= {"sub": "43", "email": "eve@example.com"}
    assert sign_in(site)[1].status_code == 403
    assert [one.id for one in staff.all()] == [invited.id]


def test_whose_access_has_ended_stays_out(site: Flask, staff: Staff) -> None:
    staff.add("olga", "Olga", "a good long one", owner=True)
    sign_in(site)
    ana = staff.by_login("ana@example.org")
    assert ana
    staff.end(ana.id)
    assert "ended your access" in said(sign_in(site)[1])


@pytest.mark.parametrize(
    ("wrong", "without"),
    [
        ({"nonce": "another"}, set()),
        ({}, {"nonce"}),
        ({"aud": "another client"}, set()),
        ({"aud": "another client", "azp": CLIENT}, set()),
        ({"aud": [CLIENT, "another client"], "azp": "another client"}, set()),
        ({"exp": int(time.time()) - 3600}, set()),
        ({"iat": int(time.time()) + 3600}, set()),
        ({"iss": "https://evil.example"}, set()),
        ({}, {"sub"}),
        ({}, {"exp"}),
    ],
)
def test_a_token_that_is_not_for_us_now_is_not_believed(
    site: Flask, staff: Staff, there: Provider, wrong: dict[str, Any], without: set[str]
) -> None:
    there.wrong, there.without = wrong, without
    visitor, answer = sign_in(site)
    assert answer.status_code == 403
    assert "could not be believed" in said(answer)
    assert visitor.get("/events").location.startswith("/staff/sign-in")
    assert staff.all() == []


def test_keys_may_change_at_any_time(site: Flask, there: Provider) -> None:
    assert sign_in(site)[1].status_code == 303
    there.rotate()
    assert sign_in(site)[1].status_code == 303


def test_a_key_that_nobody_published_is_not_believed(site: Flask, there: Provider) -> None:
    assert sign_in(site)[1].status_code == 303
    there.rotate(there.key.kid)  # another key under a name that we know already
    answer = sign_in(site)[1]
    assert answer.status_code == 403
    assert "could not be believed" in said(answer)
    assert sign_in(site)[1].status_code == 303, "what is published now is asked for at the next try"


def test_a_way_back_is_good_once_and_in_one_browser_only(site: Flask) -> None:
    visitor, thief = Visitor(site), Visitor(site)
    path = back_from(visitor)
    assert "begun in another browser" in said(thief.get(path))
    assert visitor.get(path).status_code == 303
    assert "begun in another browser" in said(Visitor(site).get(path))
    for forged in ("/staff/oidc/back", "/staff/oidc/back?code=x&state=y"):
        assert Visitor(site).get(forged).status_code == 403


def test_what_the_provider_refuses_is_told_in_its_words(site: Flask, there: Provider) -> None:
    there.refuses = "You pressed <b>cancel</b>"
    answer = sign_in(site)[1]
    assert answer.status_code == 403
    assert "You pressed &lt;b&gt;cancel&lt;/b&gt;" in said(answer)


def test_an_answer_without_an_id_token_lets_nobody_in(site: Flask, there: Provider) -> None:
    there.without = {"id_token"}
    answer = sign_in(site)[1]
    assert answer.status_code == 403
    assert "does not answer as it should" in said(answer)


def test_a_provider_that_is_not_there_leaves_the_password(config: Config) -> None:
    gone = config.model_copy(update={"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT})
    visitor = Visitor(app_for(gone))
    answer = visitor.get("/staff/oidc")
    assert answer.status_code == 503
    assert "or sign in with a password" in said(answer)
    assert "Sign in with your organisation" in answer.get_data(as_text=True)


def test_without_a_provider_there_is_no_such_button(visitor: Visitor) -> None:
    assert "organisation" not in visitor.text("/staff/sign-in")
    assert visitor.get("/staff/oidc").location == "/staff/sign-in"


def test_nobody_is_sent_elsewhere_on_the_way_back(site: Flask) -> None:
    assert sign_in(site, "//evil.example")[1].location == "/events"
