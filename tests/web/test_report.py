"""The report's page and its files: who may have them, and whether they say what the record says."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from tests.room.crowd import gather
from tests.web.conftest import Visitor
from tests.web.leading import leader
from workshop.config import Backend, Config
from workshop.guide import Guide
from workshop.models import EnrolmentRow, HappeningRow, connect, now
from workshop.progress import Place
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.export import FORMAT, harmless
from workshop.room.past import stories
from workshop.room.staff import Role
from workshop.room.story import Route

HOUR = timedelta(hours=1)
FILES = ("export.csv", "people.csv", "export.json")


@pytest.fixture
def engine(config: Config) -> Engine:
    return connect(config.database)


@pytest.fixture
def event(engine: Engine, guide: Guide) -> Event:
    """Thirty people, who have been at it for twenty minutes."""
    return gather(engine, Route.of(guide.course), 30, minutes=20)


@pytest.fixture
def maria(app: Flask, event: Event) -> Visitor:
    return leader(app, event.id)


@pytest.fixture
def observer(app: Flask, event: Event) -> Visitor:
    return leader(app, event.id, Role.OBSERVER, "ola")


def rows(who: Visitor, event: Event, file: str) -> list[dict[str, str]]:
    answer = who.get(f"/events/{event.id}/{file}")
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    text = answer.get_data().decode("utf-8-sig")
    assert text.partition("\n")[0].endswith("\r")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_page_tells_what_the_record_says(maria: Visitor, event: Event) -> None:
    page = maria.text(f"/events/{event.id}/report")
    assert "Of 30 people who began" in page
    assert "How far people got" in page
    assert page.count('class="bar-row"') > 5
    assert "style=" not in page


def test_an_event_without_anybody_has_a_report(app: Flask, guide: Guide) -> None:
    empty = guide.events.make(Draft("Nobody", now(), now() + HOUR, "eu-west-1", "abc", 3))
    maria = leader(app, empty.id)
    assert "Nobody has begun yet" in maria.text(f"/events/{empty.id}/report")
    assert rows(maria, empty, "people.csv") == []
    assert json.loads(maria.text(f"/events/{empty.id}/export.json"))["happenings"] == []


def test_who_has_no_business_there_gets_nothing(app: Flask, event: Event) -> None:
    stranger = leader(app, event.id, None, "stranger")
    for path in ("report", *FILES):
        assert stranger.get(f"/events/{event.id}/{path}").status_code == 404


def test_an_observer_is_told_no_names(
    observer: Visitor, maria: Visitor, event: Event, engine: Engine
) -> None:
    with Session(engine) as session:
        names = set(session.scalars(select(EnrolmentRow.name).where(EnrolmentRow.event == event.id)))
        someone = session.scalars(select(EnrolmentRow.id).where(EnrolmentRow.event == event.id)).first()
        session.add(HappeningRow(enrolment=someone, kind="certified", details={"name": "Ana Cruz-Weber"}))
        session.commit()
    for path in ("report", *FILES):
        page = observer.text(f"/events/{event.id}/{path}")
        assert not [name for name in {*names, "Cruz-Weber"} if name in page], path
    assert "Cruz-Weber" in maria.text(f"/events/{event.id}/export.json")
    assert {row["name"] for row in rows(maria, event, "people.csv")} == names


def test_a_row_a_person_agrees_with_the_record(
    maria: Visitor, event: Event, engine: Engine, guide: Guide
) -> None:
    told = stories(engine, Route.of(guide.course), event.id)
    found = rows(maria, event, "people.csv")
    assert [int(row["id"]) for row in found] == sorted(told)
    for row in found:
        story = told[int(row["id"])]
        assert int(row["steps_done"]) == story.done()
        assert bool(row["finished"]) is (story.finished is not None)
        assert int(row["by_themselves"]) + int(row["done_for_them"]) == int(row["tasks_done"])
        assert int(row["looks"]) == sum(part.looks for part in story.parts.values())


def test_a_row_a_person_and_step_agrees_with_the_record(
    maria: Visitor, event: Event, engine: Engine, guide: Guide
) -> None:
    found = rows(maria, event, "export.csv")
    assert len(found) == 30 * len(guide.course.steps)
    with Session(engine) as session:
        passed = session.scalar(
            select(func.count(func.distinct(HappeningRow.enrolment.concat("/").concat(HappeningRow.slug))))
            .join(EnrolmentRow, EnrolmentRow.id == HappeningRow.enrolment)
            .where(EnrolmentRow.event == event.id, HappeningRow.kind.in_(("passed", "read")))
        )
    assert sum(bool(row["passed"]) for row in found) == passed
    assert {row["how"] for row in found if row["passed"]} <= {"read", "by themselves", "done for them"}
    for row in found:
        if row["passed"] and row["opened"]:
            assert datetime.fromisoformat(row["passed"]) >= datetime.fromisoformat(row["opened"])


def test_the_whole_record_is_in_the_json(maria: Visitor, event: Event, engine: Engine) -> None:
    answer = maria.get(f"/events/{event.id}/export.json")
    assert "Content-Length" not in answer.headers
    assert f'filename="{event.code}-record.json"' in answer.headers["Content-Disposition"]
    whole = json.loads(answer.get_data())
    assert whole["format"] == FORMAT
    assert whole["event"]["code"] == event.code
    with Session(engine) as session:
        kept = session.execute(
            select(HappeningRow.id, HappeningRow.kind, HappeningRow.slug, HappeningRow.claim)
            .join(EnrolmentRow, EnrolmentRow.id == HappeningRow.enrolment)
            .where(EnrolmentRow.event == event.id)
            .order_by(HappeningRow.id)
        ).all()
    sent = [(one["id"], one["kind"], one["step"], one["claim"]) for one in whole["happenings"]]
    assert sent == [tuple(row) for row in kept]
    assert len(whole["people"]) == 30
    secrets = {"ticket", "keys"}
    assert not [one for one in whole["people"] if secrets & set(one)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+49 40", "'+49 40"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("Paul = Fischer", "Paul = Fischer"),
        ("", ""),
        (-2, -2),
        (None, None),
    ],
)
def test_no_spreadsheet_takes_a_name_for_a_formula(typed: Any, kept: Any) -> None:
    assert harmless(typed) == kept


def test_names_of_every_kind_come_back_as_they_were(maria: Visitor, event: Event, guide: Guide) -> None:
    names = ['Ana "Ace" Cruz', "Weber, Jörg; Dr.", "王小明", "two\nlines", '=HYPERLINK("http://evil")']
    place = Place(event.id, 100, (Backend(),))
    for number, name in enumerate(names):
        guide.progress.enrol(f"odd{number}", name, place)
    found = {row["handle"]: row["name"] for row in rows(maria, event, "people.csv")}
    assert [found[f"odd{number}"] for number in range(4)] == names[:4]
    assert found["odd4"] == "'" + names[4]
