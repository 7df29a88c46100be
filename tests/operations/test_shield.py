"""Headers, cookies, names and proxies, as a browser meets them."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.web.conftest import Visitor, app_for
from workshop.config import Config

# https://owasp.org/www-project-secure-headers/: what it proposes for pages that use no foreign content.
PROPOSED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}
PROXIED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "workshop.example.org",
    "Host": "10.0.0.2:8000",
}


@pytest.fixture
def event(config: Config) -> Config:
    """An event under a name of its own, behind one proxy that ends https."""
    changed = {
        "proxies": 1,
        "https": True,
        "hosts": "workshop.example.org, other.example.org",
        "local": False,
    }
    return config.model_copy(update=changed)


def through(app: Flask, **headers: str) -> TestResponse:
    return app.test_client().get("/", headers=PROXIED | headers)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/healthz", "/static/workshop.css"])
def test_every_answer_carries_what_is_proposed(visitor: Visitor, path: str) -> None:
    with visitor.client.get(path) as answer:
        headers = answer.headers
    assert {name: headers.get(name) for name in PROPOSED} == PROPOSED
    assert "camera=()" in headers["Permissions-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_behind_a_proxy_the_cookie_is_for_this_host_and_https_only(event: Config) -> None:
    cookie = through(app_for(event)).headers["Set-Cookie"]
    assert cookie.startswith("__Host-workshop=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_processes_on_different_ports_share_their_visitors(event: Config) -> None:
    plain = event.model_copy(update={"https": False})
    names = {
        app_for(plain.model_copy(update={"port": port})).config["SESSION_COOKIE_NAME"]
        for port in (8001, 8002)
    }
    assert len(names) == 1


def test_https_is_insisted_on_where_a_proxy_says_so(event: Config) -> None:
    app = app_for(event)
    assert through(app).headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in through(app, **{"X-Forwarded-Proto": "http"}).headers


def test_nobody_is_believed_to_be_a_proxy_unless_configured(event: Config) -> None:
    app = app_for(event.model_copy(update={"proxies": 0, "hosts": "10.0.0.2"}))
    assert "Strict-Transport-Security" not in through(app).headers


@pytest.mark.parametrize(
    ("name", "status"), [("workshop.example.org", 200), ("other.example.org", 200), ("evil.example", 400)]
)
def test_only_the_names_of_the_event_open_a_page(event: Config, name: str, status: int) -> None:
    assert through(app_for(event), **{"X-Forwarded-Host": name}).status_code == status


def test_a_browser_that_sends_no_referrer_may_join(event: Config) -> None:
    client, secure = app_for(event).test_client(), "https://workshop.example.org"
    page = client.get("/", base_url=secure).get_data(as_text=True)
    form = {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0], "handle": "quinn"}
    assert client.post("/join", data=form, base_url=secure).status_code == 303
    assert client.get("/resume", base_url=secure).status_code == 303


def test_a_page_of_another_site_may_not_say_who_is_asking(event: Config) -> None:
    """More proxies than there are would let anybody choose their own name: one hop counts, the last."""
    forged = {"X-Forwarded-Host": "evil.example, workshop.example.org"}
    assert through(app_for(event), **forged).status_code == 200
    forged = {"X-Forwarded-Host": "workshop.example.org, evil.example"}
    assert through(app_for(event), **forged).status_code == 400
