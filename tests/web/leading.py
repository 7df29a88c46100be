"""Somebody who is signed in as a facilitator, of whatever role, in one event."""

from __future__ import annotations

from flask import Flask

from tests.web.conftest import Visitor
from workshop.console.guard import remembered
from workshop.room.staff import Facilitator, LoginTaken, Role, Staff

PASSWORD = "a good long one"


def leader(app: Flask, event: int, role: Role | None = Role.FACILITATOR, login: str = "maria") -> Visitor:
    """A visitor who has this role in the event; None for none at all."""
    staff: Staff = app.extensions["staff"]
    who = _known(staff, login)
    if role:
        staff.appoint(event, who.id, role)
    visitor = Visitor(app)
    with visitor.client.session_transaction() as session:
        session.update(remembered(who))
    return visitor


def _known(staff: Staff, login: str) -> Facilitator:
    try:
        return staff.add(login, login.title(), PASSWORD)
    except LoginTaken:
        found = staff.by_login(login)
        assert found
        return found
