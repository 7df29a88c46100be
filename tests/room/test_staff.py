"""Facilitators: who gets in, what they are where, and what is kept of what they did."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from tests.room.test_events import at_once, draft
from workshop.room.events import Events
from workshop.room.staff import Facilitator, LoginTaken, Role, Staff, WeakPassword

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
