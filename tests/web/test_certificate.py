"""The certificate: for those who have finished, under a name, once; and confirmed to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.room.test_events import at_once
from tests.web.conftest import Attending, Visitor, app_for
from tests.web.test_event_door import Make, enter, make  # noqa: F401 - a fixture
from workshop.config import Config
from workshop.guide import Guide
from workshop.models import connect
from workshop.progress import Enrolled
from workshop.room.certificate import Certificates, NoCertificate
from workshop.step import Finding, State

ADDRESS = re.compile(r'href="http://localhost(/certificate/[^"]+)"')


def finish(guide: Guide, enrolled: Enrolled, by_help: int = 0, leave_out: int = 0) -> None:
    """Every task of their course holds; the first ones were done for them."""
    tasks = [step for step in guide.course_of(enrolled).steps if step.checks]
    for place, step in enumerate(tasks[: len(tasks) - leave_out]):
        if place < by_help:
            guide.progress.record(enrolled.id, "helped", step.slug)
        guide.progress.looked(enrolled.id, step.slug, [Finding(one, State.PASSED) for one in step.claims])


def issued(visitor: Visitor, name: str = "Paul Fischer") -> str:
    """The address that confirms a certificate that is issued now."""
    visitor.get("/certificate")
    assert visitor.post("/certificate", name=name).status_code == 303
    found = ADDRESS.search(visitor.text("/certificate"))
    assert found
    return found[1]


def test_who_has_not_finished_is_told_what_is_missing(paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled, leave_out=2)
    page = paul.visitor.text("/certificate")
    assert "2 tasks are left" in page
    missing = [step for step in guide.course.steps if step.checks][-2:]
    assert all(f"/steps/{step.slug}" in page for step in missing)
    assert paul.visitor.post("/certificate", name="Paul").status_code == 303
    assert "2 tasks are left" in paul.visitor.text("/certificate")


def test_who_has_finished_is_led_to_it(paul: Attending, guide: Guide) -> None:
    last = guide.course.steps[-1].slug
    assert 'href="/certificate"' not in paul.visitor.text(f"/steps/{last}")
    finish(guide, paul.enrolled)
    assert 'href="/certificate"' in paul.visitor.text(f"/steps/{last}")


def test_it_is_issued_under_the_name_that_was_looked_over(paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    page = paul.visitor.text("/certificate")
    assert 'value="Paul Fischer"' in page
    assert ADDRESS.search(page) is None
    address = issued(paul.visitor, "  Dr. Paul   Fischer ")
    assert "Dr. Paul Fischer" in paul.visitor.text("/certificate")
    paul.visitor.post("/certificate", name="Somebody Else")
    assert "Somebody Else" not in paul.visitor.text("/certificate")
    assert "Dr. Paul Fischer" in paul.visitor.text(address)


def test_without_a_name_one_is_asked_for(join: Callable[[str], Attending], app: Flask, guide: Guide) -> None:
    nameless = Visitor(app)
    nameless.get("/")
    nameless.post("/join", name="", handle="anac")
    ana = guide.progress.by_handle("anac")
    assert ana
    finish(guide, ana)
    nameless.get("/certificate")
    answer = nameless.post("/certificate", name="   ")
    assert answer.status_code == 422
    assert "type yours" in answer.get_data(as_text=True)
    assert "Ana Cruz" in nameless.text(issued(nameless, "Ana Cruz"))


def test_whoever_has_its_address_sees_that_it_is_genuine(app: Flask, paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    address, stranger = issued(paul.visitor), Visitor(app)
    page = stranger.text(address)
    assert "This certificate is genuine" in page
    assert "Paul Fischer" in page
    assert "paulf" in page
    forged = stranger.get(address[:-2] + ("aa" if not address.endswith("aa") else "bb"))
    assert forged.status_code == 404
    assert "No certificate is confirmed here" in forged.get_data(as_text=True)


def test_before_it_is_issued_nothing_is_confirmed(config: Config, paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    certificates = Certificates(connect(config.database), guide.course, config.secret_key)
    with pytest.raises(NoCertificate):
        certificates.confirmed(certificates.token(paul.enrolled))
    other = Certificates(connect(config.database), guide.course, "another secret")
    issued(paul.visitor)
    with pytest.raises(NoCertificate):
        certificates.confirmed(other.token(paul.enrolled))


def test_at_an_event_its_chapters_are_enough_and_its_name_is_told(
    visitor: Visitor,
    make: Make,  # noqa: F811
    guide: Guide,
    app: Flask,
) -> None:
    event = make(chapters=(guide.course.chapters[0].title,))
    enter(visitor, event)
    paul = guide.progress.by_handle("paulf", event.id)
    assert paul
    finish(guide, paul)
    guide.events.close(event.id)  # and it can still be had
    address = issued(visitor)
    page = visitor.text("/certificate")
    assert "PG23 meetup" in page
    assert guide.course.chapters[1].title not in page
    guide.events.delete(event.id)
    assert Visitor(app).get(address).status_code == 404


@pytest.mark.parametrize(("helped", "words"), [(0, "by their own hand"), (1, " of "), (6, "holds")])
def test_help_is_not_held_against_anybody(paul: Attending, guide: Guide, helped: int, words: str) -> None:
    finish(guide, paul.enrolled, by_help=helped)
    page = paul.visitor.text("/certificate")
    said = re.sub(r"\s+", " ", page.partition('class="own">')[2].partition("</p>")[0])
    assert words in said
    assert ("own hand" in said) is (helped < 3)


def test_of_two_names_at_once_one_counts_for_both(config: Config, paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    certificates = Certificates(connect(config.database), guide.course, config.secret_key)
    assert at_once(4, lambda n: certificates.issue(paul.enrolled, f"Name {n}")) == []
    token = certificates.token(paul.enrolled)
    first = certificates.confirmed(token)
    certificates.issue(paul.enrolled, "Later")
    assert certificates.confirmed(token) == first


def test_a_name_cannot_become_markup(paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    address = issued(paul.visitor, "<script>alert(1)</script>")
    assert "<script>alert" not in paul.visitor.text(address)


def test_who_has_not_joined_has_none(visitor: Visitor) -> None:
    assert visitor.get("/certificate").location == "/?next=/certificate"


def test_another_app_confirms_the_same(config: Config, paul: Attending, guide: Guide) -> None:
    finish(guide, paul.enrolled)
    address: Any = issued(paul.visitor)
    assert Visitor(app_for(config)).get(address).status_code == 200
