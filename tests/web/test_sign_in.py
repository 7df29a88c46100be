"""Coming in as a facilitator: the first one's link, passwords, those that are wrong, and going out."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from tests.web.conftest import LEADERS, Attending, Leader, Visitor, app_for
from workshop.config import Config
from workshop.models import connect
from workshop.room.attempts import Attempts
from workshop.room.staff import Staff
from workshop.room.welcome import set_up_link

Lead = Callable[..., Leader]
TOKENS = re.compile(r'value="[\w.-]{60,}"')
NEW = {"password": "quite another one", "again": "quite another one"}


@pytest.fixture
def staff(app: Flask) -> Staff:
    found: Staff = app.extensions["staff"]
    return found


def set_up(visitor: Visitor, config: Config, login: str = "maria") -> int:
    path = set_up_link(config, "")
    visitor.get(path)
    form = {"login": login, "name": "Maria", "password": LEADERS, "again": LEADERS}
    return visitor.post(path, False, **form).status_code


def test_the_link_at_the_start_makes_the_first_owner_once(
    app: Flask, visitor: Visitor, config: Config, staff: Staff
) -> None:
    path = set_up_link(config, "")
    assert path in set_up_link(config, "http://x") or path.startswith("/staff/set-up/")
    assert "You will be an owner" in visitor.text(path)
    assert set_up(visitor, config) == 303
    assert visitor.get("/staff").status_code == 200, "and they are signed in as an owner"
    assert set_up_link(config, "") == ""
    late = Visitor(app)
    assert late.get(path).status_code == 410
    assert "there is an owner" in late.text(path)
    assert [one.login for one in staff.all()] == ["maria"]


def test_of_two_who_use_the_link_at_once_one_gets_in(app: Flask, config: Config, staff: Staff) -> None:
    path, answers = set_up_link(config, ""), list[int]()
    visitors = [Visitor(app) for _ in range(3)]
    for visitor in visitors:
        visitor.get(path)
    barrier = threading.Barrier(3)

    def send(number: int) -> None:
        barrier.wait()
        form = {"login": f"maria{number}", "name": "M", "password": LEADERS, "again": LEADERS}
        answers.append(visitors[number].post(path, False, **form).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 410, 410]
    assert len(staff.all()) == 1


def test_a_form_that_is_not_clear_keeps_what_was_typed(visitor: Visitor, config: Config) -> None:
    path = set_up_link(config, "")
    visitor.get(path)
    answer = visitor.post(path, login="maria", name="Maria S", password="one of them", again="another")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "The two passwords are not the same" in page
    assert 'value="Maria S"' in page
    assert "one of them" not in page
    assert "one word" in visitor.post(path, False, login="two words", name="", **NEW).get_data(as_text=True)


def test_after_signing_in_one_is_where_one_wanted(app: Flask, staff: Staff) -> None:
    leader = Leader(app, "maria")
    asked = leader.get("/events/new")
    assert asked.location == "/staff/sign-in?next=/events/new"
    leader.get(asked.location)
    assert leader.come("/events/new").location == "/events/new"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", "x"]
)
def test_nobody_is_sent_elsewhere_by_signing_in(app: Flask, staff: Staff, wanted: str) -> None:
    assert Leader(app, "maria").come(wanted).location == "/events"


def test_wrong_passwords_have_to_wait_longer_and_longer(app: Flask, staff: Staff, config: Config) -> None:
    leader = Leader(app, "maria")
    leader.get("/staff/sign-in")
    attempts = Attempts(connect(config.database), config.secret_key)
    for _ in range(9):  # as if there had been so many
        attempts.begin("maria")
    answer = leader.post("/staff/sign-in", login="maria", password="wrong")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert "Too many wrong passwords for this login" in answer.get_data(as_text=True)
    assert leader.post("/staff/sign-in", login="maria", password=LEADERS).status_code == 429
    # It goes by login: at the same address others come in.
    assert Leader(app, "ana").come().status_code == 303


def test_a_login_that_nobody_has_is_answered_just_alike(app: Flask, staff: Staff, visitor: Visitor) -> None:
    staff.add("maria", "Maria", LEADERS)

    def said(login: str) -> list[tuple[int, str]]:
        visitor.get("/staff/sign-in")
        answers = [visitor.post("/staff/sign-in", login=login, password="wrong") for _ in range(5)]
        pages = [one.get_data(as_text=True).partition("<main")[2].replace(login, "") for one in answers]
        return [(one.status_code, TOKENS.sub("", page)) for one, page in zip(answers, pages, strict=True)]

    known, unknown = said("maria"), said("nobody")
    assert [one[0] for one in known] == [one[0] for one in unknown]
    assert known[0][1] == unknown[0][1]


def test_an_attendee_in_the_same_browser_stays_who_they_are(
    paul: Attending, app: Flask, staff: Staff
) -> None:
    staff.add("maria", "Maria", LEADERS)
    visitor = paul.visitor
    old = visitor.token
    visitor.get("/staff/sign-in")
    assert visitor.post("/staff/sign-in", login="maria", password=LEADERS).status_code == 303
    assert "paulf" in visitor.text("/steps/read-this")
    assert visitor.token != old, "whoever knew the token of before knows nothing now"
    visitor.get("/events")
    assert visitor.post("/staff/sign-out").location == "/staff/sign-in"
    assert visitor.get("/events").location.startswith("/staff/sign-in")
    assert visitor.get("/steps/read-this").status_code == 200
    visitor.post("/leave")


def test_who_was_let_in_chooses_a_password_by_a_link(lead: Lead, app: Flask) -> None:
    owner = lead("olga", owner=True)
    owner.get("/staff")
    owner.post("/staff", login="ben@example.org", name="Ben")
    page = owner.text("/staff")
    link = page.partition("<code>http://localhost")[2].partition("</code>")[0]
    assert link.startswith("/staff/welcome/")
    assert "/staff/welcome/" not in owner.text("/staff"), "it is shown once"
    ben = Visitor(app)
    assert "Welcome, Ben" in ben.text(link)
    assert ben.post(link, False, **NEW).location == "/events"
    assert Visitor(app).get(link).status_code == 410
    assert ben.get("/staff").status_code == 403


def test_another_password_puts_other_browsers_out(lead: Lead, app: Flask) -> None:
    here, elsewhere = lead("maria"), lead("maria")
    here.get("/staff/password")
    assert here.post("/staff/password", False, old="wrong", **NEW).status_code == 422
    assert (
        here.post("/staff/password", False, old=LEADERS, password="short", again="short").status_code == 422
    )
    assert here.post("/staff/password", False, old=LEADERS, **NEW).status_code == 303
    assert here.get("/events").status_code == 200
    assert elsewhere.get("/events").location.startswith("/staff/sign-in")


def test_the_last_owner_cannot_be_let_go(lead: Lead, staff: Staff) -> None:
    owner = lead("olga", owner=True)
    for act in ("end", "disown"):
        owner.get("/staff")
        answer = owner.post(f"/staff/{owner.who.id}/{act}", follow=True)
        assert "Nobody else is an owner" in answer.get_data(as_text=True)
    ben = staff.add("ben", "Ben", LEADERS)
    owner.get("/staff")
    owner.post(f"/staff/{ben.id}/own")
    owner.get("/staff")
    owner.post(f"/staff/{owner.who.id}/end")
    assert owner.get("/events").location.startswith("/staff/sign-in")
    assert [one.login for one in staff.all()] == ["ben"]
    done = [(deed.what, deed.details) for deed in staff.deeds()][:2]
    assert done == [("people.end", {"login": "olga"}), ("people.own", {"login": "ben"})]


def test_who_has_ended_is_out_at_once(lead: Lead) -> None:
    owner, ben = lead("olga", owner=True), lead("ben")
    owner.get("/staff")
    owner.post(f"/staff/{ben.who.id}/end")
    assert ben.get("/events").location.startswith("/staff/sign-in")


def test_no_password_and_no_link_lies_about_readable(lead: Lead, config: Config) -> None:
    owner = lead("olga", owner=True)
    owner.get("/staff")
    owner.post("/staff", login="ben", name="Ben")
    with connect(config.database).connect() as connection:
        kept = str(
            [connection.execute(text(f"SELECT * FROM {name}")).all() for name in ("facilitators", "audits")]
        )
    assert LEADERS not in kept
    assert "welcome/" not in kept


def test_a_sign_in_form_that_was_planted_is_refused(app: Flask, staff: Staff) -> None:
    staff.add("maria", "Maria", LEADERS)
    stranger = Visitor(app)
    answer = stranger.client.post("/staff/sign-in", data={"login": "maria", "password": LEADERS})
    assert answer.status_code == 400
    assert "no longer valid" in answer.get_data(as_text=True)


def test_a_learner_sees_one_discreet_link_only(paul: Attending, visitor: Visitor) -> None:
    assert "For facilitators" in visitor.text("/")
    assert "For facilitators" not in paul.visitor.text("/steps/read-this")


def test_who_signed_in_is_known_to_every_process(lead: Lead, config: Config, app: Flask) -> None:
    leader = lead("maria")
    other = app_for(config).test_client()
    cookie = leader.client.get_cookie("workshop-8000")
    assert cookie
    other.set_cookie(cookie.key, cookie.value)
    assert other.get("/events").status_code == 200
