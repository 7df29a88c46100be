"""Joining, coming back and leaving."""

from __future__ import annotations

from flask import Flask

from tests.web.conftest import Attending, Visitor, app_for
from workshop.config import Config
from workshop.guide import Guide
from workshop.work.helping import Helper


def test_a_name_is_enough_to_join(visitor: Visitor, guide: Guide) -> None:
    visitor.get("/")
    answer = visitor.post("/join", name="Ana Cruz")
    assert answer.status_code == 303
    assert guide.progress.by_handle("anac")


def test_the_form_suggests_a_free_handle_while_one_types(visitor: Visitor) -> None:
    visitor.join("paulf")
    other = visitor.poll("/handle?name=Paul+Frank").get_data(as_text=True)
    assert 'value="paulf2"' in other


def test_each_attendee_gets_an_account_of_their_own(app: Flask, guide: Guide) -> None:
    for handle in ("ana", "ben"):
        Visitor(app).join(handle)
    ana, ben = guide.progress.by_handle("ana"), guide.progress.by_handle("ben")
    assert ana
    assert ben
    assert int(ben.account) == int(ana.account) + 1


def test_a_strange_handle_is_refused_where_it_stands(visitor: Visitor) -> None:
    answer = visitor.join("<script>alert(1)</script>")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "cannot be a handle" in page
    assert "<script>alert" not in page


def test_coming_back_goes_on_where_one_was(paul: Attending) -> None:
    paul.visitor.get("/steps/ask-aws")
    assert paul.visitor.get("/").location == "/resume"
    assert paul.visitor.get("/resume").location == "/steps/ask-aws"


def test_on_ones_own_machine_another_browser_may_go_on(app: Flask, paul: Attending) -> None:
    other = Visitor(app)
    asked = other.join("paulf")
    assert asked.status_code == 409
    assert "Yes, go on as paulf" in asked.get_data(as_text=True)
    assert other.post("/join", handle="paulf", again="paulf").status_code == 303
    assert "paulf" in other.text("/steps/read-this")


def test_at_an_event_nobody_enters_as_somebody_else(config: Config) -> None:
    app = app_for(config.model_copy(update={"local": False}))
    Visitor(app).join("paulf")
    stranger = Visitor(app)
    stranger.join("paulf")
    answer = stranger.post("/join", handle="paulf", again="paulf")
    assert answer.status_code == 409
    assert stranger.get("/steps/read-this").location.startswith("/?next=")


def test_leaving_forgets_the_browser_and_keeps_the_work(paul: Attending, guide: Guide) -> None:
    answer = paul.visitor.post("/leave", follow=True)
    assert "Come back any time as paulf" in answer.get_data(as_text=True)
    assert paul.visitor.get("/steps/read-this").status_code == 303
    assert guide.progress.by_handle("paulf")


def test_a_forged_cookie_opens_nothing(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], "eyJ0aWNrZXQiOiJ4In0.aaaaaa.bbbbbb")
    assert client.get("/steps/read-this").status_code == 303


def test_one_is_never_sent_to_a_foreign_address(visitor: Visitor) -> None:
    visitor.get("/")
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = visitor.post("/join", name=wanted, handle="", next=wanted)
        assert "evil.example" not in (answer.location or "")


def test_a_new_browser_is_not_sent_back_to_a_page_that_is_only_to_be_read(
    paul: Attending, guide: Guide, helper: Helper
) -> None:
    assert guide.next_to_do(paul.enrolled).slug == "read-this"
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    after = guide.next_to_do(paul.enrolled)
    assert after.checks
    assert after.slug != "make-a-branch"
