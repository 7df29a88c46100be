"""Facilitators: who gets in, what they are where, and what is kept of what they did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from tests.room.test_events import Clock, at_once, draft
from workshop.room.attempts import Attempts, pause
from workshop.room.events import Events
from workshop.room.staff import Facilitator, LastOwner, LoginTaken, NotTheFirst, Role, Staff, WeakPassword
from workshop.room.welcome import NotWelcome, Welcome

PASSWORD = "a good long one"


@pytest.fixture
def staff(engine: Engine) -> Staff:
    return Staff(engine, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def maria(staff: Staff) -> Facilitator:
    return staff.add("Maria@Example.org", "Maria", PASSWORD)


def test_the_right_password_opens_and_is_nowhere_to_be_read(
    staff: Staff, maria: Facilitator, engine: Engine
) -> None:
    assert staff.sign_in(" maria@example.ORG", PASSWORD) == maria
    assert staff.sign_in("maria@example.org", PASSWORD + "!") is None
    assert staff.sign_in("nobody", PASSWORD) is None
    with engine.connect() as connection:
        kept = connection.scalar(text("SELECT password FROM facilitators"))
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_a_password_costs_what_rfc_9106_asks_unless_something_else_is_said(engine: Engine) -> None:
    Staff(engine).add("maria@example.org", "Maria", PASSWORD)
    with engine.connect() as connection:
        kept = connection.scalar(text("SELECT password FROM facilitators"))
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "x" * 300, ""])
def test_a_weak_password_is_refused(staff: Staff, password: str) -> None:
    with pytest.raises(WeakPassword):
        staff.add("ana", "Ana", password)


def test_a_login_is_given_once(staff: Staff, maria: Facilitator) -> None:
    with pytest.raises(LoginTaken):
        staff.add("MARIA@example.org", "Another", PASSWORD)


def test_who_signs_in_elsewhere_has_no_password_that_opens(staff: Staff) -> None:
    added = staff.add("ola", "Ola", subject="https://id.example|42")
    assert staff.by_subject("https://id.example|42") == added
    assert staff.sign_in("ola", "") is None


def test_another_password_and_an_end_put_browsers_out(staff: Staff, maria: Facilitator) -> None:
    staff.change_password(maria.id, "another good one")
    changed = staff.by_id(maria.id)
    assert changed
    assert changed.stamp != maria.stamp
    staff.end(maria.id)
    assert staff.by_id(maria.id) is None
    assert staff.sign_in(maria.login, "another good one") is None


def test_what_one_is_differs_from_event_to_event(staff: Staff, maria: Facilitator, engine: Engine) -> None:
    one, two = (Events(engine).make(draft()).id for _ in range(2))
    owner = staff.add("owner", "Olga", PASSWORD, owner=True)
    staff.appoint(one, maria.id, Role.OBSERVER)
    assert (staff.role(maria, one), staff.role(maria, two)) == (Role.OBSERVER, None)
    assert staff.role(owner, two) == Role.FACILITATOR
    assert at_once(2, lambda _: staff.appoint(one, maria.id, Role.FACILITATOR)) == []
    assert staff.of_event(one) == [(maria, Role.FACILITATOR)]
    staff.appoint(one, maria.id, None)
    assert staff.events_of(maria) == set()


def test_what_was_done_is_kept_with_its_reason(staff: Staff, maria: Facilitator) -> None:
    staff.record(maria, "did for", event=7, enrolment=3, reason="asked in the room", slug="fix-the-build")
    staff.record(None, "set up")
    newest, only = staff.deeds()[0], staff.deeds(event=7)
    assert newest.what == "set up"
    assert [(one.who, one.what, one.enrolment, one.reason) for one in only] == [
        ("Maria", "did for", 3, "asked in the room")
    ]


def test_of_two_who_would_be_first_at_once_one_is(staff: Staff) -> None:
    assert staff.ownerless()
    raised = at_once(4, lambda n: staff.first(f"owner{n}", "", PASSWORD))
    assert [type(error) for error in raised] == [NotTheFirst] * 3
    assert [one.owner for one in staff.all()] == [True]
    assert not staff.ownerless()


def test_two_owners_who_end_each_other_at_once_leave_one(staff: Staff) -> None:
    pair = [staff.add(name, name, PASSWORD, owner=True).id for name in ("ana", "ben")]
    raised = at_once(2, lambda n: staff.end(pair[n]))
    assert [type(error) for error in raised] == [LastOwner]
    (left,) = staff.all()
    with pytest.raises(LastOwner):
        staff.set_owner(left.id, False)
    staff.set_owner(staff.invite("cleo", "Cleo").id, True)
    staff.set_owner(left.id, False)
    assert [one.login for one in staff.all() if one.owner] == ["cleo"]


def test_who_is_invited_chooses_a_password_once(staff: Staff) -> None:
    welcome = Welcome(staff, "a secret")
    invited = staff.invite("new@example.org", "New")
    assert staff.sign_in("new@example.org", "") is None
    token = welcome.choose(invited)
    who = welcome.open_choose(token)
    chosen: list[Facilitator | None] = []
    assert at_once(3, lambda n: chosen.append(staff.choose_password(who, f"{PASSWORD} {n}"))) == []
    assert len([one for one in chosen if one]) == 1
    with pytest.raises(NotWelcome, match="It has been used"):
        welcome.open_choose(token)


def test_who_has_ended_can_be_let_in_again_but_not_by_the_old_password(staff: Staff) -> None:
    staff.add("owner", "Olga", PASSWORD, owner=True)
    maria = staff.add("maria", "Maria", PASSWORD)
    with pytest.raises(LoginTaken):
        staff.invite("maria", "Maria")
    staff.end(maria.id)
    again = staff.invite("Maria ", "Maria M.")
    assert (again.id, again.name) == (maria.id, "Maria M.")
    assert staff.sign_in("maria", PASSWORD) is None


@pytest.mark.parametrize("token", ["", "x", "WyJvd25lciJd.aSk.forged"])
def test_a_forged_link_opens_nothing(staff: Staff, token: str) -> None:
    welcome = Welcome(staff, "a secret")
    with pytest.raises(NotWelcome):
        welcome.open_first(token)
    with pytest.raises(NotWelcome):
        welcome.open_choose(token)
    with pytest.raises(NotWelcome):
        welcome.open_choose(welcome.first())
    with pytest.raises(NotWelcome):
        welcome.open_first(Welcome(staff, "another").first())


def test_a_login_that_is_tried_in_vain_has_to_wait_longer_and_longer(engine: Engine) -> None:
    clock = Clock()
    attempts = Attempts(engine, "a secret", clock)
    assert [attempts.begin("maria").total_seconds() for _ in range(6)] == [0, 0, 0, 0, 0, 5]
    assert attempts.begin("nobody@example.org").total_seconds() == 0
    clock.at += timedelta(seconds=5)
    assert [attempts.begin(" MARIA").total_seconds() for _ in range(2)] == [0, 10]
    attempts.forget("maria")
    assert attempts.begin("maria").total_seconds() == 0
    assert pause(40) == timedelta(minutes=5)
    clock.at += timedelta(hours=2)
    assert attempts.begin("maria").total_seconds() == 0


def test_many_tries_at_once_are_all_counted(engine: Engine) -> None:
    attempts = Attempts(engine, "a secret")
    waits: list[float] = []
    assert at_once(12, lambda _: waits.append(attempts.begin("maria").total_seconds())) == []
    assert waits.count(0) == 5


def test_what_was_typed_as_a_login_is_nowhere_to_be_read(engine: Engine) -> None:
    Attempts(engine, "a secret").begin(PASSWORD)
    with engine.connect() as connection:
        assert PASSWORD not in str(connection.execute(text("SELECT * FROM attempts")).all())
