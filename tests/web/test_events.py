"""Events as a facilitator makes, changes, runs and deletes them."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.room.test_events import at_once
from tests.web.conftest import Leader, Visitor, app_for
from workshop.config import Backend, Config
from workshop.guide import Guide
from workshop.models import connect, now
from workshop.room.event import Event, Phase
from workshop.room.invites import Invite, Invites
from workshop.room.staff import Role, Staff
from workshop.room.timer import Timer

Lead = Callable[..., Leader]


@pytest.fixture
def maria(lead: Lead) -> Leader:
    return lead("maria")


def shown(page: str) -> dict[str, object]:
    """The form as a browser would send it back."""
    page = page.partition('class="event-form"')[2]
    form: dict[str, object] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" not in said or said.get("type") in ("file",) or "disabled" in tag:
            continue
        if said.get("type") == "checkbox":
            if " checked" in tag:
                form.setdefault(said["name"], []).append(said.get("value", "on"))  # type: ignore[attr-defined]
        else:
            form[said["name"]] = said["value"]
    areas = re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)</textarea>', page)
    return form | dict(areas)


def make(leader: Leader, name: str = "PG23 meetup", **given: object) -> Event:
    form = shown(leader.text("/events/new")) | {"name": name} | given
    answer = leader.client.post("/events/new", data=form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    number = int(answer.location.split("/")[2])
    guide: Guide = leader.client.application.extensions["guide"]
    return guide.events.get(number)


def save(leader: Leader, event: Event, **given: object) -> tuple[int, str]:
    form = shown(leader.text(f"/events/{event.id}/settings")) | given
    answer = leader.client.post(f"/events/{event.id}/settings", data=form)
    return answer.status_code, answer.get_data(as_text=True)


def press(leader: Leader, event: Event, act: str, **form: str) -> int:
    leader.get(f"/events/{event.id}/control")
    return leader.post(f"/events/{event.id}/control/{act}", False, **form).status_code


def enter(app: Flask, event: Event, handle: str = "paulf") -> Visitor:
    visitor = Visitor(app)
    visitor.get(f"/e/{event.code}")
    assert visitor.post(f"/e/{event.code}", name="", handle=handle).status_code == 303
    return visitor


def test_an_event_takes_its_name_and_nothing_else(maria: Leader, guide: Guide) -> None:
    event = make(maria)
    assert (event.name, event.region, event.prefix, event.capacity) == (
        "PG23 meetup",
        "eu-west-1",
        "pg23",
        40,
    )
    assert event.chapters == ()
    assert event.phase(now()) == Phase.LOBBY
    assert event.ends - event.starts == timedelta(hours=3)


def test_who_makes_an_event_runs_it_and_nobody_else_sees_it(maria: Leader, lead: Lead) -> None:
    event = make(maria)
    assert "PG23 meetup" in maria.text("/events")
    ben, olga = lead("ben"), lead("olga", owner=True)
    assert "PG23 meetup" not in ben.text("/events")
    assert ben.get(f"/events/{event.id}/settings").status_code == 404
    assert "PG23 meetup" in olga.text("/events")


def test_the_wall_shows_code_address_and_a_code_for_cameras(maria: Leader) -> None:
    event = make(maria)
    page = maria.text(f"/events/{event.id}/code")
    assert f'class="huge" aria-label="Join code">{event.code}<' in page
    assert f"http://localhost/e/{event.code}" in page
    assert '<svg viewBox="0 0' in page
    assert 'fill="#fff"' in page
    assert "style=" not in page
    assert "works on this machine only" in page


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_lost(maria: Leader, guide: Guide) -> None:
    form = shown(maria.text("/events/new"))
    wrong = {
        "name": " ",
        "starts": "yesterday",
        "region": "Atlantis",
        "prefix": "PG 23",
        "capacity": "many",
        "welcome": "Sit <b>anywhere</b>",
        "invited": "ok\n9lives\nok\n",
        "chapters": [],
    }
    answer = maria.client.post("/events/new", data=form | wrong)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for words in (
        "Give the event a name",
        "not a date and a time",
        "not a region of AWS",
        "2 to 8 small letters",
        "How many people",
        "Line 2: “9lives”",
        "Line 3: “ok” stands there twice",
        "Choose at least one chapter",
        "7 things are not clear yet",
    ):
        assert words in page, words
    kept = shown(page)
    assert (kept["starts"], kept["region"], kept["capacity"]) == ("yesterday", "Atlantis", "many")
    assert "Sit &lt;b&gt;anywhere&lt;/b&gt;" in page
    assert guide.events.all() == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ends": "2020-01-01T10:00", "starts": "2020-01-01T09:00"}, "over already"),
        ({"starts": "2099-01-01T10:00", "ends": "2099-01-01T09:00"}, "ends before it starts"),
        ({"zone": "Mars/Olympus"}, "give the times in UTC"),
        ({"zone": "../../etc/passwd"}, "give the times in UTC"),
        ({"starts": "20266-11-28T14:00"}, "not a date"),
        ({"prefix": "sthree"}, "AWS takes no names"),
        ({"prefix": "p"}, "2 to 8 small"),
        ({"capacity": "0"}, "A number from 1"),
        ({"capacity": "9" * 30}, "A number from 1"),
        ({"name": "x" * 150}, "longer than 120"),
        ({"welcome": "x" * 2050}, "longer than 2000"),
        ({"invited_only": "on"}, "The list is empty"),
    ],
)
def test_bad_input_is_told_by_its_field(maria: Leader, given: dict[str, str], says: str) -> None:
    form = shown(maria.text("/events/new")) | {"name": "x"} | given
    answer = maria.client.post("/events/new", data=form)
    assert answer.status_code == 422
    assert says in answer.get_data(as_text=True)


def test_times_are_those_of_the_browsers_zone(maria: Leader) -> None:
    event = make(maria, zone="America/New_York", starts="2099-07-01T18:30", ends="2099-07-01T21:00")
    assert event.starts == datetime(2099, 7, 1, 22, 30, tzinfo=UTC)


def test_a_chapter_on_which_others_stand_is_not_left_out_by_mistake(maria: Leader, guide: Guide) -> None:
    titles = [chapter.title for chapter in guide.course.chapters]
    makes = [one.title for one in guide.course.chapters if any(step.do for step in one.steps)]
    kept = [title for title in titles if title != makes[0]]
    assert titles.index(makes[0]) < len(titles) - 1
    form = shown(maria.text("/events/new")) | {"name": "x", "chapters": kept}
    answer = maria.client.post("/events/new", data=form)
    assert answer.status_code == 422
    assert "Later chapters stand on what is made in" in answer.get_data(as_text=True)
    assert make(maria, chapters=kept, gaps="on").chapters == tuple(kept)


def test_a_gated_event_opens_chapter_by_chapter(maria: Leader, guide: Guide) -> None:
    event = make(maria, gated="on")
    titles = [chapter.title for chapter in guide.course.chapters]

    def opened() -> list[str]:
        return [title for title in titles if guide.events.get(event.id).opens(title)]

    assert opened() == titles[:1]
    press(maria, event, "next-chapter", chapter=titles[1])
    press(maria, event, "next-chapter", chapter=titles[1])
    assert opened() == titles[:2], "the second click of two opens no third one"
    press(maria, event, "chapter", chapter=titles[0], open="no")
    assert opened() == titles[1:2]
    press(maria, event, "all-chapters")
    assert opened() == titles
    assert press(maria, event, "chapter", chapter="nowhere", open="yes") == 422


def test_a_list_is_read_from_a_file_shown_and_kept(maria: Leader, config: Config) -> None:
    form = shown(maria.text("/events/new")) | {"name": "By invitation", "invited_only": "on"}
    file = {
        "invited_file": (io.BytesIO("Name;Handle\nAna Cruz;\nJürgen Ösil;joe\n".encode("cp1252")), "list.csv")
    }
    answer = maria.client.post("/events/new", data=form | file | {"act": "preview"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 people are invited" in page
    assert "Jürgen Ösil" in page
    staff: Staff = maria.client.application.extensions["staff"]
    assert "events.make" not in [deed.what for deed in staff.deeds()], "it has only been shown"
    again = maria.client.post("/events/new", data=shown(page))
    assert again.status_code == 303
    number = int(again.location.split("/")[2])
    invited = Invites(connect(config.database)).of(number)
    assert invited == [Invite("anac", "Ana Cruz"), Invite("joe", "Jürgen Ösil")]


def test_a_list_of_thousands_fits_and_what_is_too_much_is_told(maria: Leader) -> None:
    many = "\n".join(f"someone{n},Some One With A Longer Name {n}" for n in range(4000))
    assert make(maria, invited=many).id
    form = shown(maria.text("/events/new")) | {"name": "x", "invited": "x" * 600_000}
    answer = maria.client.post("/events/new", data=form)
    assert answer.status_code == 413
    assert "512 kilobytes" in answer.get_data(as_text=True)


def test_who_saves_over_somebody_elses_change_sees_both(maria: Leader, lead: Lead, guide: Guide) -> None:
    event = make(maria)
    mine = shown(maria.text(f"/events/{event.id}/settings")) | {"name": "Mine", "capacity": "50"}
    assert save(lead("olga", owner=True), event, name="Theirs")[0] == 303
    answer = maria.client.post(f"/events/{event.id}/settings", data=mine)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody else has changed this event meanwhile" in page
    rows = re.findall(r'<th scope="row"><b>(\w+)</b></th><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td>', page)
    assert rows == [("Name", "Theirs", "Mine"), ("Places", "40", "50")]
    assert guide.events.get(event.id).name == "Theirs"
    assert maria.client.post(f"/events/{event.id}/settings", data=shown(page)).status_code == 303
    assert (guide.events.get(event.id).name, guide.events.get(event.id).capacity) == ("Mine", 50)


def test_what_stands_in_names_stays_once_somebody_has_joined(app: Flask, maria: Leader, guide: Guide) -> None:
    event = make(maria)
    assert save(maria, event, prefix="xyz")[0] == 303
    before = shown(maria.text(f"/events/{event.id}/settings"))
    enter(app, event)
    status, page = save(maria, event, prefix="abc", region="eu-west-3")
    assert status == 422
    assert page.count("Somebody has joined, and what they make in AWS stands on this") == 2
    # Also for a form that was opened before they joined.
    answer = maria.client.post(f"/events/{event.id}/settings", data=before | {"prefix": "abc"})
    assert answer.status_code == 422
    assert guide.events.get(event.id).prefix == "xyz"
    assert "readonly" in maria.text(f"/events/{event.id}/settings")
    assert save(maria, event, name="Another")[0] == 303


def test_people_are_spread_over_what_is_chosen(config: Config) -> None:
    ways = (Backend(name="two", accounts=("1" * 12, "2" * 12)), Backend(name="three"))
    settings = config.model_copy(update={"backends": ways})
    app = app_for(settings)
    maria = Leader(app, "maria")
    maria.come()
    assert make(maria).backends == ()
    assert make(maria, backends=["two"], capacity="2").backends == ("two",)
    form = shown(maria.text("/events/new")) | {"name": "x", "backends": ["two"], "capacity": "3"}
    assert "hands out 2 accounts" in maria.client.post("/events/new", data=form).get_data(as_text=True)
    assert "Choose at least one AWS" in maria.client.post(
        "/events/new", data=form | {"backends": []}
    ).get_data(True)


def test_an_event_is_started_closed_opened_again_and_archived(maria: Leader, guide: Guide) -> None:
    event = make(maria)
    phases = []
    for act, form in (
        ("start", {}),
        ("close", {}),
        ("reopen", {"hours": "2"}),
        ("close", {}),
        ("archive", {}),
    ):
        assert press(maria, event, act, **form) == 303
        phases.append(guide.events.get(event.id).phase(now()))
    assert phases == [Phase.OPEN, Phase.OVER, Phase.OPEN, Phase.OVER, Phase.ARCHIVED]
    assert "Archived" in maria.text("/events")


def test_a_button_answers_with_the_panel_and_without_scripts_with_the_page(maria: Leader) -> None:
    event = make(maria)
    page = f"/events/{event.id}/control"
    maria.get(page)
    answer = maria.press(f"{page}/start")
    assert answer.get_data(as_text=True).lstrip().startswith("<section")
    assert "Live" in answer.get_data(as_text=True)
    stood = maria.client.post(
        f"{page}/start",
        data={"csrf_token": maria.token},
        headers={"Referer": f"http://localhost/events/{event.id}/settings"},
    )
    assert stood.location == f"/events/{event.id}/settings"
    assert maria.poll(page).get_data(as_text=True).lstrip().startswith("<section")


def test_the_clock_is_set_paused_lengthened_and_taken_away(maria: Leader, guide: Guide) -> None:
    event = make(maria)

    def timer() -> Timer:
        return guide.events.get(event.id).timer

    assert press(maria, event, "timer", minutes="10") == 303
    assert timer().running
    assert 598 < timer().left(now()) <= 600
    press(maria, event, "timer/pause")
    press(maria, event, "timer/pause")
    assert not timer().running
    press(maria, event, "timer/more")
    assert 895 < timer().left(now()) <= 900
    press(maria, event, "timer/start")
    assert timer().running
    press(maria, event, "timer/clear")
    assert not timer().set
    for minutes in ("0", "", "x", "99999"):
        assert press(maria, event, "timer", minutes=minutes) == 422


def test_a_new_code_lets_nobody_in_by_the_old_one(app: Flask, maria: Leader, guide: Guide) -> None:
    event = make(maria)
    press(maria, event, "code", code=event.code)
    fresh = guide.events.get(event.id).code
    assert fresh != event.code
    press(maria, event, "code", code=event.code)
    assert guide.events.get(event.id).code == fresh, "the second click of two makes no third code"
    assert Visitor(app).get(f"/e/{event.code}").status_code == 404


def test_helpers_are_appointed_by_their_login(maria: Leader, lead: Lead, app: Flask) -> None:
    event, ben = make(maria), lead("ben")
    page = f"/events/{event.id}/staff"
    maria.get(page)
    answer = maria.post(page, login="nobody", role="observer")
    assert answer.status_code == 404
    assert "Nobody has this login" in answer.get_data(as_text=True)
    assert maria.post(page, login=" BEN ", role="observer").status_code == 303
    assert "Ben" in maria.text(page)
    assert ben.get(f"/events/{event.id}/settings").status_code == 200
    assert "Save" not in ben.text(f"/events/{event.id}/settings")
    assert ben.post(page, login="ben", role="facilitator").status_code == 403
    maria.get(page)
    maria.post(page, login="ben", role="")
    assert ben.get(page).status_code == 404
    staff: Staff = app.extensions["staff"]
    assert staff.role(maria.who, event.id) == Role.FACILITATOR


def test_a_deleted_event_can_be_had_back_for_a_minute(app: Flask, maria: Leader, guide: Guide) -> None:
    event = make(maria)
    attendee = enter(app, event)
    page = maria.text(f"/events/{event.id}/delete")
    assert "one person: name, progress" in page
    wrong = maria.post(f"/events/{event.id}/delete", name="something else")
    assert wrong.status_code == 422
    assert "That is not its name" in wrong.get_data(as_text=True)
    assert guide.events.get(event.id).deleted is None
    answer = maria.post(f"/events/{event.id}/delete", name=" pg23  Meetup ")
    assert answer.location == f"/events/{event.id}/deleted"
    assert "data-until" in maria.text(answer.location)
    assert attendee.get("/resume").location.startswith("/?next=")
    assert "Just deleted" in maria.text("/events")
    assert maria.get(f"/events/{event.id}/settings").location == answer.location
    assert maria.post(f"/events/{event.id}/control/start").location == answer.location
    maria.get(answer.location)
    assert maria.post(f"/events/{event.id}/undelete", follow=True).status_code == 200
    assert guide.events.get(event.id).deleted is None


def test_after_the_minute_it_is_too_late(app: Flask, maria: Leader, guide: Guide, config: Config) -> None:
    event = make(maria)
    guide.events.delete(event.id)
    guide.events._update(event.id, deleted=now() - timedelta(seconds=61))
    page = f"/events/{event.id}/deleted"
    assert "is gone for good" in maria.text(page)
    answer = maria.post(f"/events/{event.id}/undelete")
    assert answer.status_code == 409
    assert "is gone for good" in answer.get_data(as_text=True)


def test_every_change_is_on_record_with_who_and_what(maria: Leader, lead: Lead, guide: Guide) -> None:
    event = make(maria)
    press(maria, event, "start", reason="all are  here")
    press(maria, event, "timer", minutes="0")
    olga = lead("olga", owner=True)
    page = maria.text(f"/events/{event.id}/log")
    assert "made the event" in page
    assert "started the event" in page
    assert "all are here" in page
    assert "set the timer" not in page, "what was refused changed nothing"
    sheet = maria.text(f"/events/{event.id}/log.csv")
    assert "Maria,control.start" in sheet
    assert "Maria" not in maria.text(f"/events/{event.id}/log?who=Olga").partition("<tbody>")[2]
    assert maria.get("/staff/log").status_code == 403
    assert "started the event" in olga.text("/staff/log?what=control.start")


def test_what_is_known_of_a_deed_is_told_in_words(maria: Leader, staff: Staff, guide: Guide) -> None:
    event, step = make(maria), guide.course.steps[0]
    press(maria, event, "chapter", chapter=guide.course.chapters[0].title, open="yes")
    staff.record(None, "attendees.help", event.id, step=step.slug, kind="catch up")
    staff.record(None, "events.appoint", event.id, login="ben", role="observer")
    page = html.unescape(maria.text(f"/events/{event.id}/log"))
    assert f"the step: {step.title}, what to do: Do all before it" in page
    german = {"Accept-Language": "de"}
    page = html.unescape(maria.get(f"/events/{event.id}/log", headers=german).get_data(as_text=True))
    assert re.search(r"das Kapitel: \w+, ist offen: ja", page)
    assert "der Anmeldename: ben, die Rolle: Beobachtung" in page


def test_what_a_spreadsheet_would_compute_is_quoted(maria: Leader) -> None:
    event = make(maria)
    press(maria, event, "start", reason='=HYPERLINK("http://evil")')
    assert "'=HYPERLINK" in maria.text(f"/events/{event.id}/log.csv")


def test_two_facilitators_who_click_at_once_lose_nothing(maria: Leader, lead: Lead, guide: Guide) -> None:
    event, olga = make(maria), lead("olga", owner=True)
    for one in (maria, olga):
        one.get(f"/events/{event.id}/control")
    press(maria, event, "timer", minutes="10")
    pair = (maria, olga)
    panel = f"/events/{event.id}/control"
    assert at_once(2, lambda n: pair[n].post(f"{panel}/timer/more")) == []
    assert guide.events.get(event.id).timer.seconds == 1200
    assert at_once(2, lambda n: pair[n].post(f"{panel}/start")) == []
    assert guide.events.get(event.id).phase(now()) == Phase.OPEN
