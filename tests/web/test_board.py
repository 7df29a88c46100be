"""The board as facilitators are answered: who may look, what is sent, what has changed since."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.room.crowd import gather
from tests.web.conftest import HTMX
from workshop.config import Backend
from workshop.console.guard import remembered
from workshop.guide import Guide
from workshop.models import BackendRow, EnrolmentRow, HandRow, HappeningRow, WorkerRow, now
from workshop.progress import Enrolled, Place
from workshop.room.event import Event
from workshop.room.order import ORDERS, SHOWS
from workshop.room.staff import Facilitator, Role, Staff
from workshop.room.story import Route
from workshop.room.timer import Timer

SLUG = "make-a-branch"
LIVE = re.compile(r'hx-get="(/events/\d+/(?:delta|screen)\?[^"]+)"')


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["engine"]
    return found


@pytest.fixture
def event(engine: Engine, guide: Guide) -> Event:
    # Of this crowd, no row tells another minute within the first seconds.
    return gather(engine, Route.of(guide.course), 30, minutes=7, seed=5)


class Looking:
    """A facilitator's browser."""

    def __init__(self, client: FlaskClient, event: Event) -> None:
        self.client = client
        self.event = event

    def get(self, path: str = "", **more: object) -> TestResponse:
        return self.client.get(f"/events/{self.event.id}{path}", **more)

    def text(self, path: str = "") -> str:
        answer = self.get(path)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def poll(self, page: str) -> TestResponse:
        """What the page asks for by itself, a second later."""
        found = LIVE.search(page)
        assert found
        return self.client.get(found[1].replace("&amp;", "&"), headers=HTMX)


Come = Callable[..., Looking]


@pytest.fixture
def come(app: Flask, event: Event) -> Come:
    """Signs somebody in who is this in the event (None: nothing)."""
    staff: Staff = app.extensions["staff"]

    def comes(role: Role | None = Role.FACILITATOR, login: str = "maria") -> Looking:
        who: Facilitator = staff.add(login, login.title(), "a good long one")
        staff.appoint(event.id, who.id, role)
        client = app.test_client()
        with client.session_transaction() as session:
            session.update(remembered(who))
        return Looking(client, event)

    return comes


@pytest.fixture
def people(guide: Guide, event: Event) -> list[Enrolled]:
    return guide.progress.of_event(event.id)


def settle(app: Flask) -> None:
    """Let a second pass, for the board."""
    for board in app.extensions["boards"]._boards.values():
        board._fresh = board._signed = float("-inf")


class Rows(HTMLParser):
    """The rows of a page's table: handle and cells; and which are not shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.cells: dict[str, int] = {}
        self._row = self._hidden = self._link = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr":
            self._row, self._hidden = "data-o" in given, "hidden" in given
        self._link = self._row and tag == "a"
        if tag == "td" and self._row:
            self.cells[self._handle] = self.cells.get(self._handle, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "tbody":
            self._row = False

    def handle_data(self, data: str) -> None:
        if self._link:
            self._handle, self._link = data, False
            if not self._hidden:
                self.shown.append(data)


@pytest.mark.parametrize("path", ["", "/delta", "/screen", "/queue"])
def test_who_has_no_business_there_learns_nothing(app: Flask, event: Event, come: Come, path: str) -> None:
    assert app.test_client().get(f"/events/{event.id}{path}").status_code == 303
    stranger = come(None, "eve")
    assert stranger.get(path).status_code == 404
    assert stranger.client.get(f"/events/{event.id + 99}{path}").status_code == 404
    observer = come(Role.OBSERVER, "olga")
    assert observer.get(path).status_code in (200, 204)


def test_an_attendee_is_no_facilitator(app: Flask, event: Event) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["ticket"] = f"ticket-{event.id}-0"
    assert client.get(f"/events/{event.id}").status_code == 303


def test_the_board_has_a_row_for_each_and_a_cell_for_each_step(
    come: Come, people: list[Enrolled], guide: Guide
) -> None:
    rows = Rows(come().text())
    assert rows.shown == sorted(one.handle for one in people)
    assert set(rows.cells.values()) == {len(guide.course.steps)}


def test_silence_while_nothing_changes_and_then_only_what_did(
    app: Flask, come: Come, people: list[Enrolled], guide: Guide
) -> None:
    leader = come()
    page = leader.text()
    assert leader.poll(page).status_code == 204
    guide.progress.record(people[3].id, "undone", SLUG)
    settle(app)
    answer = leader.poll(page)
    delta = answer.get_data(as_text=True)
    assert Rows(delta).shown == [people[3].handle]
    assert 'hx-swap-oob="innerHTML:#feed"' in delta
    assert f"{people[3].handle} started “Make a branch” over" in delta
    assert "innerHTML:#alerts" not in delta
    assert len(delta) < 12_000
    assert leader.poll(delta).status_code == 204


def test_who_joins_is_sent_and_who_is_gone_is_named(
    app: Flask, come: Come, engine: Engine, guide: Guide
) -> None:
    leader = come()
    page = leader.text()
    zoe = guide.progress.enrol("zoe9", "Zoe", Place(leader.event.id, 99, (Backend(),)))
    settle(app)
    delta = leader.poll(page).get_data(as_text=True)
    assert Rows(delta).shown == ["zoe9"]
    with Session(engine) as session:
        session.execute(delete(HappeningRow).where(HappeningRow.enrolment == zoe.id))
        session.execute(delete(EnrolmentRow).where(EnrolmentRow.id == zoe.id))
        session.commit()
    settle(app)
    assert f'data-keys="p{zoe.id}"' in leader.poll(delta).get_data(as_text=True)


def test_an_event_that_was_changed_is_loaded_anew(come: Come, guide: Guide) -> None:
    leader = come()
    page = leader.text()
    guide.events.close(leader.event.id)
    answer = leader.poll(page)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")
    assert "It is over" in leader.text()


def test_without_scripts_the_address_says_what_is_wanted(come: Come) -> None:
    leader = come()
    for sort in ORDERS:
        everybody = Rows(leader.text(f"?sort={sort}")).shown
        assert len(everybody) == 30
        for show in SHOWS:
            chosen = Rows(leader.text(f"?sort={sort}&show={show}")).shown
            assert chosen == [one for one in everybody if one in chosen]
            assert (chosen == everybody) == (show == "all")


def test_people_are_found_by_a_part_of_their_name_and_at_their_step(
    come: Come, people: list[Enrolled]
) -> None:
    leader = come()
    name = people[5].name
    found = Rows(leader.text(f"?q={name.upper().replace(' ', '+')}")).shown
    assert found == sorted(one.handle for one in people if one.name == name)
    assert Rows(leader.text("?q=%3Cscript%3E&sort=nonsense&show=&at=nowhere")).shown == []
    at = Rows(leader.text(f"?at={SLUG}")).shown
    assert 0 < len(at) < 30


def test_names_are_on_the_screen_only_when_a_facilitator_asks_for_them(
    come: Come, people: list[Enrolled]
) -> None:
    leader, observer = come(), come(Role.OBSERVER, "olga")

    def named(page: str) -> bool:
        return any(one.handle in page or one.name in page for one in people)

    assert not named(leader.text("/screen"))
    assert named(leader.text("/screen?names=yes"))
    assert not named(observer.text("/screen?names=yes"))
    assert "Show names" not in observer.text("/screen")
    assert leader.event.code in leader.text("/screen")


def test_the_screen_is_polled_and_shows_the_timer(app: Flask, come: Come, guide: Guide) -> None:
    leader = come()
    page = leader.text("/screen")
    assert leader.poll(page).status_code == 204
    guide.events.set_timer(leader.event.id, lambda _, at: Timer(900).started(at))
    settle(app)
    part = leader.poll(page).get_data(as_text=True)
    assert "<html" not in part
    assert 'data-left="9' in part or 'data-left="8' in part


def test_the_queue_names_the_hands_that_are_up(come: Come, people: list[Enrolled], engine: Engine) -> None:
    with Session(engine) as session:
        session.execute(delete(HandRow))
        session.add(HandRow(event=people[0].event, enrolment=people[0].id, slug=SLUG, message="<b>Help</b>"))
        session.commit()
    queue = come().text("/queue")
    assert people[0].handle in queue
    assert "&lt;b&gt;Help" in queue


def test_an_empty_room_says_how_to_fill_it(app: Flask, come: Come, guide: Guide) -> None:
    empty = gather(app.extensions["engine"], Route.of(guide.course), 0)
    staff: Staff = app.extensions["staff"]
    leader = come()
    who = staff.by_login("maria")
    assert who
    staff.appoint(empty.id, who.id, Role.OBSERVER)
    page = Looking(leader.client, empty).text()
    assert f"The code is {empty.code}" in page
    assert "Nothing has failed yet" in page


def test_what_does_not_answer_stands_on_the_board_until_it_does(
    app: Flask, come: Come, engine: Engine
) -> None:
    leader = come()
    page = leader.text()
    assert "No worker is running" in page
    with Session(engine) as session:
        session.add(WorkerRow(id="w", host="h", pid=1, seen=now()))
        session.add(BackendRow(name="", seen=now(), down=now()))
        session.commit()
    settle(app)
    down = leader.poll(page).get_data(as_text=True)
    assert "No worker is running" not in down
    assert "The AWS has not answered since" in down
    assert "Everybody is in it" in down
