"""Every address with every role: who is let in, and who is refused so that nothing changes.

`WHO` says for each endpoint who may. A new address without an entry fails here; so does one that lets
in anybody else. An address with a new kind of argument wants a line in `World.values` as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.web.conftest import Leader, Visitor, app_for, configured
from workshop.console.ledger import WORDS
from workshop.guide import Guide
from workshop.models import Base, EventRow, connect, now
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.staff import Role, Staff

ROLES = ("stranger", "attendee", "guest", "alone", "observer", "facilitator", "other", "owner")
EVERYBODY = frozenset(ROLES)
NOBODY = frozenset[str]()
ATTENDEES = frozenset({"attendee", "guest", "alone"})  # of this event, of another one, of none
HELPED = ATTENDEES - {"alone"}
LOOK = frozenset({"observer", "facilitator", "owner"})
CHANGE = LOOK - {"observer"}
STAFF = LOOK | {"other"}
OWNERS = frozenset({"owner"})

# Who may, by endpoint.
GROUPS: dict[frozenset[str], str] = {
    EVERYBODY: """
        static language theme favicon healthz readyz
        door.home door.suggestion door.join door.find_event door.event door.join_event door.leave
        elsewhere.ask elsewhere.enter diploma.confirm
        staff.sign_in staff.enter staff.sign_out staff.set_up staff.become_first staff.welcome staff.choose
        staff.oidc staff.oidc_back
    """,
    NOBODY: "metrics",  # but with its token
    ATTENDEES: """
        lobby.wait lobby.prepare
        attend.resume attend.preparing attend.prepare attend.step attend.task attend.check attend.read
        attend.panel attend.terminal attend.renew
        elsewhere.access elsewhere.make elsewhere.revoke elsewhere.pasted
        evidence.runs evidence.run evidence.changes evidence.artifact evidence.log evidence.permission
        aid.plan aid.do aid.ask_first aid.over aid.start_over aid.ahead aid.catch_up aid.stop aid.hint
        aid.live aid.watch aid.again
        support.news diploma.mine diploma.issue
    """,
    HELPED: "support.hand support.put_up support.lower support.read support.answer",
    STAFF: "staff.password staff.change_password events.all events.new events.make",
    LOOK: """
        events.code events.settings events.staff events.doom events.deleted
        control.panel record.of_event record.of_event_as_csv hooks.all
        board.board board.delta board.screen helping.queue helping.words
        crowd.all crowd.batch attendees.one onlooker.step onlooker.task onlooker.panel
        report.page report.steps report.people report.record
    """,
    CHANGE: """
        events.change events.appoint events.delete events.undelete
        control.start control.close control.reopen control.archive control.new_code control.gate
        control.open_next control.open_all control.set_timer control.start_timer control.pause_timer
        control.lengthen_timer control.clear_timer
        helping.take helping.release helping.resolve helping.say helping.withdraw crowd.note crowd.catch_up
        attendees.note attendees.help attendees.withdraw attendees.reset attendees.device attendees.remove
        hooks.add hooks.test hooks.remove hooks.retry
    """,
    OWNERS: """
        people.all people.add people.link people.end people.own people.disown
        record.everywhere record.everywhere_as_csv
    """,
}
WHO = {endpoint: who for who, named in GROUPS.items() for endpoint in named.split()}
# Also for those who may, there is nothing at the address that is tried here, or AWS does not show it.
NOT_THERE = {"elsewhere.ask", "elsewhere.enter", "evidence.run", "evidence.changes", "evidence.artifact"}
NOT_THERE |= {"evidence.log", "aid.ask_first", "events.appoint", "door.find_event", "diploma.confirm"}
NOT_THERE |= {"support.read", "support.answer", "hooks.test", "hooks.remove", "hooks.retry"}
NOT_THERE |= {"crowd.catch_up", "attendees.help"}  # without saying which step
# Where those are sent who may not: to a door. (There are some for whom that is no refusal.)
DOORS = ("/", "/?next=", "/staff/sign-in")
OUT = {
    "door.leave",
    "staff.enter",
    "staff.sign_out",
    "staff.oidc",
    "staff.oidc_back",
    "language",
    "theme",
    "readyz",
}
METHODS = ("GET", "POST")


@dataclass
class World:
    """Two events and people of every role, in one database."""

    app: Flask
    engine: Engine
    event: Event
    visitors: dict[str, Visitor]
    spare: int
    attendee: int

    def values(self) -> dict[str, Any]:
        """What to put into addresses."""
        return {
            "event": self.event.id,
            "code": self.event.code,
            "person": self.spare,
            "enrolment": self.attendee,
            "slug": "make-a-branch",
            **dict.fromkeys(("note", "hook", "delivery", "hand"), 7),
            "filename": "favicon.svg",
            **dict.fromkeys(("token", "number", "run", "action", "name", "build", "batch"), "x"),
        }

    def address(self, rule: Rule) -> str:
        missing = rule.arguments - self.values().keys()
        assert not missing, f"{rule}: say in World.values what to put for {missing}"
        adapter = self.app.url_map.bind("localhost")
        wanted = {key: value for key, value in self.values().items() if key in rule.arguments}
        return adapter.build(rule.endpoint, wanted, method="GET" if "GET" in (rule.methods or ()) else "POST")

    def browser(self, role: str) -> tuple[FlaskClient, str]:
        """A copy of their browser: what happens in it leaves theirs as it is."""
        visitor, copy = self.visitors[role], self.app.test_client()
        for cookie in visitor.client._cookies.values():  # type: ignore[union-attr]
            copy.set_cookie(cookie.key, cookie.value)
        return copy, visitor.token

    def ask(self, role: str, rule: Rule, method: str, token: bool = True) -> TestResponse:
        client, known = self.browser(role)
        data = {"csrf_token": known} if token else {}
        answer = client.open(self.address(rule), method=method, data=data if method == "POST" else None)
        answer.close()
        return answer

    def restore(self) -> None:
        """The event as it was, whatever has been done to it."""
        as_it_was = {"closed": None, "archived": None, "deleted": None, "starts": now() - timedelta(hours=1)}
        with Session(self.engine) as session:
            session.execute(
                update(EventRow).where(EventRow.id == self.event.id).values(**as_it_was, code=self.event.code)
            )
            session.commit()

    def contents(self) -> dict[str, list[Any]]:
        with self.engine.connect() as connection:
            return {
                name: list(connection.execute(select(table))) for name, table in Base.metadata.tables.items()
            }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, sandbox: Any) -> Iterator[World]:
    config = configured(tmp_path_factory.mktemp("roles"), sandbox)
    app = app_for(config)
    guide: Guide = app.extensions["guide"]
    staff: Staff = app.extensions["staff"]
    here, there = (guide.events.make(_draft(name)) for name in ("Here", "There"))
    visitors: dict[str, Visitor] = {"stranger": Visitor(app)}
    for role, event in (("attendee", here), ("guest", there), ("alone", None)):
        visitors[role] = _attend(app, event)
    leaders = {role: Leader(app, role, owner=role == "owner") for role in ROLES[4:]}
    staff.appoint(here.id, leaders["observer"].who.id, Role.OBSERVER)
    staff.appoint(here.id, leaders["facilitator"].who.id, Role.FACILITATOR)
    staff.appoint(there.id, leaders["other"].who.id, Role.FACILITATOR)
    for leader in leaders.values():
        leader.come()
    spare = staff.add("spare", "Spare", "a good long one")
    visitors["stranger"].get("/")
    engine = connect(config.database)
    attendee = guide.progress.by_handle("paulf", here.id)
    assert attendee
    yield World(app, engine, here, visitors | leaders, spare.id, attendee.id)
    engine.dispose()


def _draft(name: str) -> Draft:
    hour = timedelta(hours=1)
    return Draft(name, now() - hour, now() + 5 * hour, region="eu-west-1", prefix="abc", capacity=90)


def _attend(app: Flask, event: Event | None) -> Visitor:
    visitor = Visitor(app)
    if event:
        visitor.get(f"/e/{event.code}")
        visitor.post(f"/e/{event.code}", name="Paul Fischer", handle="paulf")
    else:
        visitor.join("paulf")
    visitor.get("/prepare")
    assert visitor.post("/prepare").status_code == 303
    visitor.get("/steps/read-this")
    return visitor


def tried(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address with every method that it takes; what only shows comes first."""
    for method in METHODS:
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()):
                yield rule, method


def refused(answer: TestResponse) -> bool:
    to_a_door = (answer.location or "x").split("&")[0]
    sent_away = any(to_a_door == door or (door != "/" and to_a_door.startswith(door)) for door in DOORS)
    return answer.status_code in (401, 403, 404) or (answer.status_code in (302, 303) and sent_away)


def test_of_every_address_is_said_who_may(world: World) -> None:
    there = {rule.endpoint for rule in world.app.url_map.iter_rules()}
    assert there - WHO.keys() == set(), "say in GROUPS who may"
    assert WHO.keys() - there == set(), "these are gone"
    methods = {method for rule in world.app.url_map.iter_rules() for method in rule.methods or ()}
    assert methods <= {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_not_is_refused_and_nothing_changes(world: World, role: str) -> None:
    before, wrong = world.contents(), []
    for rule, method in tried(world.app):
        if role in WHO[rule.endpoint]:
            continue
        answer = world.ask(role, rule, method)
        if not refused(answer) or world.contents() != before:
            wrong.append((rule.endpoint, method, answer.status_code, answer.location))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_who_may_is_let_in(world: World, role: str) -> None:
    wrong = []
    for rule, method in tried(world.app):
        if role not in WHO[rule.endpoint]:
            continue
        answer = world.ask(role, rule, method)
        excused = (answer.status_code in (403, 404) and rule.endpoint in NOT_THERE) or rule.endpoint in OUT
        if (answer.status_code >= 500 or refused(answer)) and not excused:
            wrong.append((rule.endpoint, method, answer.status_code, answer.location))
        world.restore()
    assert wrong == []


def test_no_form_is_taken_without_its_token(world: World) -> None:
    before, wrong = world.contents(), []
    for rule, method in tried(world.app):
        for role in WHO[rule.endpoint] if method == "POST" else ():
            answer = world.ask(role, rule, method, token=False)
            if answer.status_code not in (400, 401) or world.contents() != before:
                wrong.append((rule.endpoint, role, answer.status_code))
    assert wrong == []


def test_an_address_that_nobody_guards_is_found(world: World) -> None:
    """The test above can fail: what lets everybody in is not refused to a stranger."""
    (home,) = (rule for rule in world.app.url_map.iter_rules() if rule.endpoint == "door.home")
    assert not refused(world.ask("stranger", home, "GET"))
    (settings,) = (rule for rule in world.app.url_map.iter_rules() if rule.endpoint == "events.settings")
    assert refused(world.ask("stranger", settings, "GET"))
    assert refused(world.ask("guest", settings, "GET"))


def test_every_change_by_a_facilitator_has_words(world: World) -> None:
    posted = {rule.endpoint for rule, method in tried(world.app) if method == "POST"}
    theirs = {endpoint for endpoint in posted if WHO[endpoint] and WHO[endpoint] <= STAFF}
    assert theirs - WORDS.keys() == set(), "say in workshop/console/ledger.py what it does"
