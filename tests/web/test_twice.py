"""Everything that changes something, done by two at the same moment: as if one had come after the other.

`ACTS` says for each address what two people send there. A new address without an entry fails here.
What both have left behind has to be what they leave in one order or in the other: nothing that one of
them did is lost, and nothing is there twice that is there once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.web.conftest import LEADERS, app_for, configured
from tests.web.test_certificate import finish
from tests.web.test_roles import tried
from tests.web.twice import Act, Field, Twice, World
from workshop.access import MOST_OPEN
from workshop.jobs import Kind
from workshop.models import DeliveryRow, FacilitatorRow, NoteRow, SightRow, now
from workshop.progress import Place
from workshop.room.hands import Hands
from workshop.room.hooks import MOST, Hooks
from workshop.room.notes import Notes
from workshop.room.timer import Timer
from workshop.room.welcome import Welcome
from workshop.step import Finding, State
from workshop.vault import NEWS, Vault

MINUTE = timedelta(minutes=1)
WORDS = ("The first says so.", "The second says so.")
PEOPLE = ["{enrolment}", "{other}"]
WHY = "It is too late for more"
ANOTHER = "another good long one"
FORM: dict[str, Field] = {
    "name": ("Mine", "Yours"),
    "chapters": ["Begin", "Middle", "End"],
    "invited": ("ann", "bob\ncleo"),
}


# -- What has to be there before


def lobby(world: World) -> None:
    world.change(starts=now() + 10 * MINUTE)


def closed(world: World) -> None:
    world.change(closed=now(), archived=now())


def deleted(world: World) -> None:
    world.change(deleted=now())


def gated(world: World) -> None:
    world.change(gated=True)


def one_place(world: World) -> None:
    world.change(capacity=2)


def running(world: World) -> None:
    world.guide.events.set_timer(world.event.id, lambda _, at: Timer(600, 0.0, at))


def paused(world: World) -> None:
    world.guide.events.set_timer(world.event.id, lambda _, __: Timer(600))


def prepared(world: World) -> None:
    world.guide.labs.open(world.paul)


def hand(world: World) -> Mapping[str, Any]:
    up = Hands(world.engine).put_up(world.event.id, world.paul.id, "", "Help", [])
    return {"hand": up.id}


def taken(world: World) -> Mapping[str, Any]:
    known = hand(world)
    Hands(world.engine).take(world.event.id, known["hand"], world.owners[0].id)
    return known


def banner(world: World) -> None:
    Notes(world.engine).banner(world.event.id, world.owners[0].id, "Lunch")


def note(world: World) -> Mapping[str, Any]:
    Notes(world.engine).write(world.event.id, world.owners[0].id, "Well done", [world.paul.id])
    return _note(world)


def offer(world: World) -> Mapping[str, Any]:
    Notes(world.engine).offer(world.event.id, world.owners[0].id, world.paul.id, "make-a-branch", "do")
    return _note(world)


def _note(world: World) -> Mapping[str, Any]:
    with Session(world.engine) as session:
        return {"note": session.scalar(select(NoteRow.id).where(NoteRow.enrolment == world.paul.id))}


def other(world: World) -> Mapping[str, Any]:
    """Somebody else in the event."""
    place = Place(world.event.id, 90, tuple(world.config.ways.values()))
    return {"other": world.guide.progress.enrol("annab", "Anna B", place).id}


def hook(world: World) -> Mapping[str, Any]:
    return {"hook": _hooks(world).add(world.event.id, "http://127.0.0.1/news", ("hand.raised",)).id}


def hooks(world: World) -> None:
    """As many as there may be, but one."""
    for _ in range(MOST - 1):
        hook(world)


def _hooks(world: World) -> Hooks:
    return Hooks(world.engine, Vault(world.config.secret_key, NEWS))


def given_up(world: World) -> Mapping[str, Any]:
    """A delivery that has not arrived."""
    known = hook(world)
    made = _hooks(world).get(world.event.id, known["hook"])
    assert made
    _hooks(world).test(made, {"timestamp": now().isoformat()})
    (delivery,) = _hooks(world).deliveries(made.id)
    world.do(
        update(DeliveryRow).where(DeliveryRow.id == delivery.id).values(status=500, tries=10, ended=now())
    )
    return {"delivery": delivery.id}


def link(world: World) -> Mapping[str, Any]:
    made, token = world.access.make(world.paul.id, 24, once=True)
    return {"token": token, "number": made.id}


def links(world: World) -> None:
    """As many as may be open, but one."""
    for _ in range(MOST_OPEN - 1):
        world.access.make(world.paul.id, 24)


def job(world: World) -> None:
    world.guide.jobs.ask(world.paul.id, "make-a-branch", Kind.CATCH_UP)


def gap(world: World) -> None:
    """The last look, a minute ago, found a gap; there is one thing to say about it."""
    prepared(world)
    step = world.guide.course.step("make-a-branch")
    found = [Finding(claim, State.NOT_YET, "nothing") for claim in step.claims]
    world.guide.progress.looked(world.paul.id, step.slug, found)
    _a_minute_ago(world)


def done(world: World) -> None:
    """A step was done, and not looked at for an hour."""
    prepared(world)
    step = world.guide.course.step("make-a-branch")
    found = [Finding(claim, State.PASSED) for claim in step.claims]
    world.guide.progress.looked(world.paul.id, step.slug, found)
    _a_minute_ago(world, 60)


def _a_minute_ago(world: World, minutes: int = 1) -> None:
    mine = update(SightRow).where(SightRow.enrolment == world.paul.id)
    world.do(mine.values(at=now() - minutes * MINUTE))


def question(world: World) -> Mapping[str, Any]:
    prepared(world)
    return {"slug": "answer"}


def first_page(_world: World) -> Mapping[str, Any]:
    return {"slug": "read-this"}


def finished(world: World) -> None:
    finish(world.guide, world.paul)


def ownerless(world: World) -> Mapping[str, Any]:
    world.do(update(FacilitatorRow).values(owner=False))
    return {"token": Welcome(world.staff, world.config.secret_key).first()}


def welcome(world: World) -> Mapping[str, Any]:
    return {"token": Welcome(world.staff, world.config.secret_key).choose(world.spare)}


def owning(world: World) -> None:
    world.staff.set_owner(world.spare.id, True)


def ended(world: World) -> None:
    world.staff.end(world.spare.id)


# Who is quicker finds it there, and so may the other one: both did it, and the record says so of both.
NOTED = frozenset({"audits"})
TRIED = frozenset({"attempts"})  # a try of the old password, by whoever came when it was old no more
PASSWORD: dict[str, Field] = {"password": (ANOTHER, f"{ANOTHER} 2"), "again": (ANOTHER, f"{ANOTHER} 2")}
FIRST: dict[str, Field] = {"login": ("ann{number}", "bob{number}"), "name": ("Ann", "Bob")}
JOIN: dict[str, Field] = {"name": ("Anna B", "Anton B"), "handle": "annab{number}"}

# What two people do, by endpoint; what follows a colon is another case of the same.
ACTS: dict[str, Act] = {
    "language": Act({"language": ("de", "en")}, who="strangers"),
    "theme": Act({"theme": ("dark", "light")}, who="strangers"),
    # -- At the doors
    "door.join": Act(JOIN, who="strangers"),
    "door.join_event": Act(JOIN, who="strangers"),
    "door.join_event: the last place": Act(JOIN | {"handle": ("annab", "antonb")}, one_place, "strangers"),
    "door.leave": Act(who="tabs"),
    "elsewhere.enter": Act(ready=link, who="strangers"),
    "staff.enter": Act({"login": "spare{number}", "password": LEADERS}, who="strangers"),
    "staff.enter: wrong": Act({"login": "spare{number}", "password": "no"}, who="strangers"),
    "staff.sign_out": Act(),
    "staff.become_first": Act(FIRST | PASSWORD, ownerless, "strangers"),
    "staff.choose": Act(PASSWORD, welcome, "strangers"),
    "staff.change_password": Act({"old": LEADERS} | PASSWORD, who="owner", not_told=TRIED),
    # -- An attendee, in two tabs
    "lobby.prepare": Act(ready=lobby, who="tabs"),
    "attend.prepare": Act(who="tabs"),
    "attend.check": Act(ready=gap, who="tabs"),
    "attend.check: answers": Act({"colour": "green", "word": "x"}, question, "tabs"),
    "attend.read": Act(ready=first_page, who="tabs"),
    "attend.renew": Act(ready=prepared, who="tabs"),
    "elsewhere.make": Act({"hours": "24"}, who="tabs"),
    "elsewhere.make: the last": Act({"hours": "24"}, links, "tabs"),
    "elsewhere.revoke": Act(ready=link, who="tabs"),
    "elsewhere.pasted": Act({"pasted": "hello"}, prepared, "tabs"),
    "aid.do": Act(ready=prepared, who="tabs"),
    "aid.ask_first": Act(ready=prepared, who="tabs"),
    "aid.start_over": Act(ready=prepared, who="tabs"),
    "aid.catch_up": Act(ready=prepared, who="tabs"),
    "aid.stop": Act(ready=job, who="tabs"),
    "aid.hint": Act(ready=gap, who="tabs"),
    "aid.live": Act(ready=gap, who="tabs"),
    "aid.watch": Act({"on": ("1", "0")}, prepared, "tabs"),
    "aid.again": Act(ready=done, who="tabs"),
    "support.put_up": Act({"message": WORDS}, who="tabs"),
    "support.lower": Act(ready=hand, who="tabs"),
    "support.read": Act(ready=note, who="tabs"),
    "support.answer": Act({"answer": "accept"}, offer, "tabs"),
    "support.answer: both": Act({"answer": ("accept", "decline")}, offer, "tabs"),
    "diploma.issue": Act({"name": ("Paul", "Fischer")}, finished, "tabs"),
    # -- Two owners, about an event
    "events.make": Act(FORM),
    "events.change": Act(FORM | {"version": "{version}"}),
    "events.appoint": Act({"login": "spare{number}", "role": ("facilitator", "observer")}),
    "events.appoint: and not": Act({"login": "spare{number}", "role": ("facilitator", "")}),
    "events.delete": Act({"name": "Here"}, not_told=NOTED),
    "events.undelete": Act(ready=deleted),
    "control.start": Act(ready=lobby),
    "control.close": Act(),
    "control.reopen": Act({"hours": "2"}, closed),
    "control.archive": Act(),
    "control.new_code": Act({"code": "{code}"}),
    "control.gate": Act({"chapter": "Begin", "open": ("yes", "no")}),
    "control.open_next": Act({"chapter": "Begin"}, gated, not_told=NOTED),
    "control.open_all": Act(ready=gated),
    "control.set_timer": Act({"minutes": ("10", "20")}),
    "control.start_timer": Act(ready=paused),
    "control.pause_timer": Act(ready=running),
    "control.lengthen_timer": Act(ready=running),
    "control.clear_timer": Act(ready=running),
    "helping.take": Act(ready=hand),
    "helping.release": Act(ready=taken),
    "helping.resolve": Act({"outcome": ("shown", "together")}, hand),
    "helping.say": Act({"words": WORDS}),
    "helping.say: again": Act({"words": WORDS}, banner),
    "helping.withdraw": Act(ready=banner),
    "hooks.add": Act({"url": "http://127.0.0.1/x", "kinds": ["hand.raised"]}),
    "hooks.add: the last": Act({"url": "http://127.0.0.1/x", "kinds": ["hand.raised"]}, hooks),
    "hooks.test": Act(ready=hook),
    "hooks.remove": Act(ready=hook, not_told=NOTED),
    "hooks.retry": Act(ready=given_up),
    # -- Two owners, about people
    "crowd.note": Act({"words": WORDS, "person": PEOPLE}, other),
    "crowd.catch_up": Act({"slug": "answer", "reason": WHY, "person": PEOPLE}, other),
    "attendees.note": Act({"words": WORDS}),
    "attendees.help": Act({"slug": ("make-a-branch", "take-long"), "kind": "do"}),
    "attendees.help: again": Act({"slug": ("make-a-branch", "take-long"), "kind": "do"}, offer),
    "attendees.help: now": Act({"slug": "make-a-branch", "kind": "do", "how": "now", "reason": WHY}),
    "attendees.withdraw": Act(ready=offer),
    "attendees.reset": Act({"reason": WHY}),
    "attendees.device": Act({"out": "1"}),
    "attendees.device: the last": Act(ready=links),
    "attendees.remove": Act({"reason": WHY, "handle": "paulf"}, prepared, not_told=NOTED),
    "people.add": Act({"login": "new{number}", "name": ("New", "Newer")}),
    "people.add: again": Act({"login": "spare{number}", "name": ("New", "Newer")}, ended),
    "people.link": Act(),
    "people.end": Act(not_told=NOTED),
    "people.own": Act(),
    "people.disown": Act(ready=owning),
}


@pytest.fixture
def twice(database: str, tmp_path: Path, sandbox: Any) -> Iterator[Twice]:
    changed = {"database_url": database, "hooks_to_private": True, "account_removal": "true"}
    config = configured(tmp_path / "state", sandbox).model_copy(update=changed)
    app = app_for(config)
    app.config["WTF_CSRF_ENABLED"] = False  # that a form needs its token is tried in test_roles.py
    yield Twice(app, config)
    app.extensions["engine"].dispose()


def test_two_at_once_leave_what_one_after_the_other_leaves(twice: Twice) -> None:
    wrong = [(case, *found) for case, act in ACTS.items() for found in differing(twice, case, act)]
    assert wrong == []


def differing(twice: Twice, case: str, act: Act) -> Iterator[tuple[object, ...]]:
    """What should not be so: an answer that is an error of ours, or what neither order leaves behind."""
    endpoint = case.partition(":")[0]
    in_turn, at_once = twice.in_turn(endpoint, act), twice.at_once(endpoint, act)
    answers = in_turn.status + at_once.status
    if max(answers) >= 500:
        yield ("answers", answers)
    # Which of two is the first is for nobody to say: the other order is as good.
    if at_once.rows != in_turn.rows and at_once.rows != twice.in_turn(endpoint, act, (1, 0)).rows:
        yield ("left", at_once - in_turn)


def test_everything_that_changes_something_is_tried(twice: Twice) -> None:
    posted = {rule.endpoint for rule, method in tried(twice.app) if method == "POST"}
    said = {case.partition(":")[0] for case in ACTS}
    assert posted - said == set(), "say in ACTS what two people do there"
    assert said - posted == set(), "these are gone"
