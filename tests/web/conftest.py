"""A real app with a database of its own, and visitors who use it as browsers without scripts do."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.conftest import NUMBERS, migrated
from workshop.app import create_app
from workshop.config import Config
from workshop.console.guard import remembered
from workshop.guide import Guide
from workshop.models import SightRow, connect, now
from workshop.progress import Enrolled
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.staff import Facilitator, Role, Staff
from workshop.work.helping import Helper

SMALL_COURSE = Path(__file__).parent / "small_course"
ACCOUNTS = 300  # that people of one test may get, at most
HTMX = {"HX-Request": "true"}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def config(tmp_path: Path, sandbox: Any) -> Config:
    return configured(tmp_path, sandbox)


def configured(folder: Path, sandbox: Any) -> Config:
    """Settings with the session's sandbox as AWS, and account numbers that nobody else uses."""
    first = next(NUMBERS)
    migrated(folder)
    return Config(
        state=folder,
        secret="a secret of this test",
        endpoint_url=sandbox.sandbox.endpoint,
        account_credentials=_credentials(folder / "credentials", sandbox, first),
        first_account=first,
        course=SMALL_COURSE,
    )


def _credentials(file: Path, sandbox: Any, first: int) -> str:
    """A command that prints what `workshop sandbox credentials` does, in less than a tenth of the time."""
    lines = []
    for account in range(first, first + ACCOUNTS):
        root = sandbox.sandbox.sessions.root(str(account))
        keys = {"Version": 1, "AccessKeyId": root.access_key, "SecretAccessKey": root.secret_key}
        lines.append(f"{account} {json.dumps(keys)}\n")
    file.write_text("".join(lines))
    return f'sed -n "s/^{{account}} //p" {file}'


def any_account(sandbox: Any) -> str:
    """The command of `make run`, which knows every account."""
    return f"{sys.executable} -m workshop.sandbox.identity.root {{account}} {sandbox.sandbox.settings.state}"


class Compiled(BytecodeCache):
    """Templates that were compiled for one app serve the next."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def app_for(config: Config) -> Flask:
    """An app that compiles no template twice, and whose passwords cost less than they should."""
    made = create_app(config, CHEAP)
    made.jinja_env.bytecode_cache = COMPILED
    return made


@pytest.fixture
def app(config: Config) -> Flask:
    return app_for(config)


@pytest.fixture
def guide(app: Flask) -> Guide:
    found: Guide = app.extensions["guide"]
    return found


class Visitor:
    """Somebody with a browser: keeps cookies, and sends the token that stands in the last page."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        found = TOKEN.search(answer.get_data(as_text=True))
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, follow: bool = False, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **form}, follow_redirects=follow)

    def press(self, path: str, **form: str) -> TestResponse:
        """What a button does where there are scripts."""
        return self.client.post(path, data=form, headers={**HTMX, "X-CSRFToken": self.token})

    def poll(self, path: str) -> TestResponse:
        return self.client.get(path, headers=HTMX)

    def text(self, path: str) -> str:
        return self.get(path).get_data(as_text=True)

    def join(self, handle: str = "paulf", name: str = "Paul Fischer") -> TestResponse:
        self.get("/")
        return self.post("/join", name=name, handle=handle)


LEADERS = "a good long one"  # the password of every facilitator here


class Leader(Visitor):
    """Somebody with a browser who runs events."""

    def __init__(self, app: Flask, login: str, owner: bool = False) -> None:
        super().__init__(app)
        staff: Staff = app.extensions["staff"]
        self.login = login
        self.who = staff.by_login(login) or staff.add(login, login.title(), LEADERS, owner=owner)

    def come(self, wanted: str = "") -> TestResponse:
        """Sign in."""
        self.get("/staff/sign-in")
        answer = self.post("/staff/sign-in", login=self.login, password=LEADERS, next=wanted)
        self.get("/events")
        return answer


@pytest.fixture
def lead(app: Flask) -> Callable[..., Leader]:
    """Lets somebody be a facilitator, and signs them in."""

    def leads(login: str, owner: bool = False) -> Leader:
        leader = Leader(app, login, owner)
        assert leader.come().status_code == 303
        return leader

    return leads


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@dataclass
class Attending:
    """A visitor who has joined, and their place in the record."""

    visitor: Visitor
    enrolled: Enrolled
    engine: Engine

    def time_passes(self, by: timedelta = timedelta(minutes=1)) -> None:
        """All looks at their work are so much longer ago."""
        with Session(self.engine) as session:
            for sight in session.scalars(select(SightRow).where(SightRow.enrolment == self.enrolled.id)):
                sight.at -= by
            session.commit()


@pytest.fixture
def join(app: Flask, guide: Guide, config: Config) -> Callable[[str], Attending]:
    """Lets somebody join, and prepares their account."""

    engine = connect(config.database)

    def joined(handle: str) -> Attending:
        visitor = Visitor(app)
        visitor.join(handle)
        visitor.get("/prepare")
        assert visitor.post("/prepare").status_code == 303
        enrolled = guide.progress.by_handle(handle)
        assert enrolled
        visitor.get("/steps/read-this")
        return Attending(visitor, enrolled, engine)

    return joined


@pytest.fixture
def paul(join: Callable[[str], Attending]) -> Attending:
    return join("paulf")


@pytest.fixture
def helper(guide: Guide) -> Helper:
    """Does jobs at once, in place of a worker."""
    return Helper(guide.course, guide.progress, guide.labs, guide.jobs)


@pytest.fixture
def make_event(guide: Guide) -> Callable[..., Event]:
    """Makes events that have begun, unless something else is said."""

    def made(**given: Any) -> Event:
        hour = timedelta(hours=1)
        plain = Draft("PG23 meetup", now() - hour, now() + hour, "eu-west-1", "abc", 40)
        return guide.events.make(replace(plain, **given))

    return made


@pytest.fixture
def event(make_event: Callable[..., Event]) -> Event:
    return make_event()


@pytest.fixture
def come(app: Flask, guide: Guide, event: Event) -> Callable[..., Attending]:
    """Lets somebody join the event, and prepares their account."""

    def came(handle: str = "paulf", event: Event = event, prepared: bool = True) -> Attending:
        visitor = Visitor(app)
        visitor.get(f"/e/{event.code}")
        visitor.post(f"/e/{event.code}", name=handle.title(), handle=handle)
        if prepared:
            visitor.get("/prepare")
            assert visitor.post("/prepare").status_code == 303
            visitor.get("/steps/read-this")
        enrolled = guide.progress.by_handle(handle, event.id)
        assert enrolled
        return Attending(visitor, enrolled, app.extensions["engine"])

    return came


@pytest.fixture
def staff(app: Flask) -> Staff:
    """The facilitators, with passwords that cost less than they should."""
    return Staff(app.extensions["engine"], CHEAP)


@pytest.fixture
def maria(staff: Staff, event: Event) -> Facilitator:
    """A facilitator of the event."""
    return appointed(staff, event, "Maria", Role.FACILITATOR)


def appointed(staff: Staff, event: Event, name: str, role: Role) -> Facilitator:
    who = staff.add(name.lower(), name, "correct horse battery")
    staff.appoint(event.id, who.id, role)
    return who


def signed_in(app: Flask, who: Facilitator) -> Visitor:
    """The browser of a facilitator."""
    visitor = Visitor(app)
    with visitor.client.session_transaction() as cookie:
        cookie.update(remembered(who))
    return visitor
