"""The facilitators' side of helping: the queue, a person's page and view, acts for one and for many."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.event import listen, remove
from sqlalchemy.orm import Session

from tests.web.conftest import Attending, Visitor, app_for, appointed, configured, signed_in
from workshop.config import Backend, Config
from workshop.guide import Guide
from workshop.jobs import Kind, Outcome
from workshop.lab import Lab
from workshop.models import (
    BudgetRow,
    DeliveryRow,
    EnrolmentRow,
    HandRow,
    HappeningRow,
    JobRow,
    NoteRow,
    PresenceRow,
)
from workshop.progress import Mark, Place
from workshop.room.event import Event
from workshop.room.hands import Hands
from workshop.room.notes import Notes
from workshop.room.staff import Facilitator, Role, Staff
from workshop.sandbox.server import Server
from workshop.step import Finding, State
from workshop.watch.budget import AT_ONCE, Budget
from workshop.work.helping import Helper

SECRET = "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
Come = Callable[..., Attending]


@dataclass
class Desk:
    """A facilitator's browser at an event."""

    visitor: Visitor
    event: Event

    def at(self, path: str) -> str:
        return f"/events/{self.event.id}{path}"

    def text(self, path: str) -> str:
        return self.visitor.text(self.at(path))

    def post(self, path: str, **form: str) -> tuple[int, str]:
        """The status, and the page that follows."""
        self.visitor.get(self.at("/queue"))
        token = self.visitor.token or "none"
        answer = self.visitor.client.post(self.at(path), data={"csrf_token": token, **form})
        if answer.status_code == 303:
            return 303, self.visitor.text(answer.location)
        return answer.status_code, answer.get_data(as_text=True)


@pytest.fixture
def desk(app: Flask, event: Event, maria: Facilitator) -> Desk:
    return open_desk(app, event, maria)


def open_desk(app: Flask, event: Event, who: Facilitator) -> Desk:
    desk = Desk(signed_in(app, who), event)
    desk.text("/words")  # a form, and with it the token
    return desk


@pytest.fixture
def jonas(app: Flask, event: Event, staff: Staff) -> Desk:
    return open_desk(app, event, appointed(staff, event, "Jonas", Role.FACILITATOR))


@pytest.fixture
def hands(app: Flask) -> Hands:
    return Hands(app.extensions["engine"])


@pytest.fixture
def notes(app: Flask) -> Notes:
    return Notes(app.extensions["engine"])


def raised(hands: Hands, who: Attending, message: str = "It fails.") -> int:
    assert who.enrolled.event
    return hands.put_up(who.enrolled.event, who.enrolled.id, "make-a-branch", message, []).id


# -- The queue


def test_the_queue_shows_who_waits_where_with_what(come: Come, desk: Desk) -> None:
    paul = come()
    paul.visitor.get("/steps/make-a-branch")
    paul.visitor.post("/steps/make-a-branch/check")
    paul.visitor.get("/hand")
    paul.visitor.post("/hand?at=make-a-branch", message="It <fails>.")
    page = desk.text("/queue")
    for words in (
        "Paulf",
        "Make a branch",
        "It &lt;fails&gt;.",
        "It has a branch feature.",
        "It has master.",
    ):
        assert words in page
    poll = re.search(r'hx-get="([^"]*/queue\?v=[^"]*)"', page)
    assert poll
    assert desk.visitor.poll(poll[1]).status_code == 204
    paul.visitor.post("/hand/lower")
    assert "No hand is raised." in desk.visitor.poll(poll[1]).get_data(as_text=True)


def test_who_comes_second_is_told_who_has_gone_there(
    come: Come, hands: Hands, desk: Desk, jonas: Desk
) -> None:
    hand = raised(hands, come())
    assert "You are on the way to paulf." in desk.post(f"/hands/{hand}/take")[1]
    status, page = jonas.post(f"/hands/{hand}/take")
    assert status == 409
    assert "Maria has gone there already." in page
    assert "paulf waits again." in desk.post(f"/hands/{hand}/release")[1]
    assert jonas.post(f"/hands/{hand}/take")[0] == 303


def test_a_hand_is_resolved_with_what_has_helped(come: Come, hands: Hands, desk: Desk, staff: Staff) -> None:
    hand = raised(hands, come())
    status, page = desk.post(f"/hands/{hand}/resolve", outcome="magic")
    assert status == 422
    assert "Say what has helped" in page
    assert desk.post(f"/hands/{hand}/resolve", outcome="together")[0] == 303
    assert desk.post(f"/hands/{hand}/resolve", outcome="shown")[0] == 409
    assert hands.get(desk.event.id, hand).outcome == "together"
    told = staff.deeds(desk.event.id)[0]
    assert (told.who, told.details["outcome"]) == ("Maria", "together")


# -- Who may


def test_an_observer_looks_and_does_nothing(
    app: Flask, come: Come, hands: Hands, event: Event, staff: Staff, guide: Guide
) -> None:
    paul = come()
    hand, who = raised(hands, paul), f"/people/{paul.enrolled.id}"
    observer = open_desk(app, event, appointed(staff, event, "Olga", Role.OBSERVER))
    for path in ("/queue", "/words", "/people", who, f"{who}/steps/make-a-branch"):
        assert observer.visitor.get(observer.at(path)).status_code == 200
    observer.visitor.token = paul.visitor.token
    acts = ["/words", "/words/withdraw", "/people/note", "/people/catch-up"]
    acts += [f"/hands/{hand}/{act}" for act in ("take", "release", "resolve")]
    acts += [f"{who}/{act}" for act in ("note", "help", "withdraw", "reset", "device", "remove")]
    with_token = {"csrf_token": token_of(observer)}
    for act in acts:
        answer = observer.visitor.client.post(
            observer.at(act), data=with_token | {"how": "now", "reason": "because I may"}
        )
        assert answer.status_code == 403, act
    assert guide.jobs.of(paul.enrolled.id) == []
    assert hands.queue(event.id)[0].taker is None


def token_of(desk: Desk) -> str:
    """The token of the page; an observer's pages have the forms of language and theme."""
    desk.visitor.get(desk.at("/queue"))
    return desk.visitor.token


def test_somebody_of_another_event_is_not_to_be_had_under_this_one(
    app: Flask, come: Come, make_event: Callable[..., Event], desk: Desk, hands: Hands, guide: Guide
) -> None:
    other = make_event(name="Another")
    anna = come("annab", event=other)
    who = f"/people/{anna.enrolled.id}"
    for path in (who, f"{who}/steps/make-a-branch", f"{who}/steps/make-a-branch/task", f"{who}/pipeline"):
        answer = desk.visitor.get(desk.at(path))
        assert answer.status_code == 404
        assert "annab" not in answer.get_data(as_text=True)
    for act in ("note", "help", "withdraw", "reset", "device", "remove"):
        assert desk.post(f"{who}/{act}", words="Hello", reason="because", how="now")[0] == 404
    hand = raised(hands, anna)
    assert desk.post(f"/hands/{hand}/take")[0] == 409
    desk.post("/people/note", person=str(anna.enrolled.id), words="Hello")
    assert guide.progress.by_id(anna.enrolled.id)
    assert Notes(app.extensions["engine"]).to(anna.enrolled.id) == []
    assert desk.visitor.get(f"/events/{other.id}{who}").status_code == 404


# -- The list of people


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    listen(engine, "before_cursor_execute", note)
    yield asked
    remove(engine, "before_cursor_execute", note)


def test_the_list_asks_as_much_for_thirty_people_as_for_three(app: Flask, desk: Desk, guide: Guide) -> None:
    engine, asked = app.extensions["engine"], {}
    for people in (3, 30):
        for number in range(len(guide.progress.of_event(desk.event.id)), people):
            who = guide.progress.enrol(f"p{number}", "", Place(desk.event.id, 40, (Backend(),)))
            guide.progress.looked(who.id, "make-a-branch", passed_findings(guide))
            guide.progress.record(who.id, "read", "read-this")
        with statements(engine) as fresh:
            page = desk.text("/people")
        with statements(engine) as again:
            assert desk.text("/people").count(f'2<span class="muted"> / {len(guide.course.steps)}') == people
        assert page.count('name="person"') == people
        asked[people] = (len(fresh), len(again))
    assert asked[3] == asked[30]
    assert asked[30][0] == asked[30][1] + 1, "what is known already is not read again"


# -- Their page, and what they see


def test_a_persons_page_tells_their_story(come: Come, desk: Desk, hands: Hands) -> None:
    paul = come()
    paul.visitor.get("/steps/make-a-branch")
    paul.visitor.post("/steps/make-a-branch/check")
    raised(hands, paul)
    page = desk.text(f"/people/{paul.enrolled.id}")
    for words in (
        "Joined",
        "Opened “Make a branch”",
        "“Make a branch” does not hold yet: It has a branch feature.",
        "It has master.",
        "Raised a hand at “Make a branch”",
    ):
        assert words in page
    poll = re.search(r'hx-get="([^"]*/people/\d+\?v=[^"]*)"', page)
    assert poll
    assert desk.visitor.poll(poll[1]).status_code == 204


def test_their_view_is_what_they_see_without_anything_to_press(come: Come, desk: Desk) -> None:
    paul = come()
    paul.visitor.get("/steps/make-a-branch")
    paul.visitor.post("/steps/make-a-branch/check")
    theirs = paul.visitor.text("/steps/make-a-branch")
    view = desk.text(f"/people/{paul.enrolled.id}/steps/make-a-branch")
    assert "You see what <b>paulf</b> sees" in view
    for words in (
        "It has a branch feature.",
        "It has master.",
        "Make a branch",
        "create-branch",
    ):
        assert words in theirs
        assert words in view
    assert "<fieldset disabled>" in view
    assert f'href="/events/{desk.event.id}/people/{paul.enrolled.id}/steps/read-this"' in view
    main = view[view.index('<div class="shell">') :]
    assert 'href="/steps/' not in main
    assert "/terminal" not in main
    polls = re.findall(r'hx-(?:get|post)="([^"]*)"[^>]*hx-trigger="(?:load|every)', main)
    assert polls
    assert all(poll.startswith(f"/events/{desk.event.id}/people/") for poll in polls)


def test_a_step_that_asks_shows_what_they_answered(come: Come, desk: Desk) -> None:
    paul = come()
    paul.visitor.get("/steps/answer")
    paul.visitor.post("/steps/answer/check", colour="red", word="whale")
    view = desk.text(f"/people/{paul.enrolled.id}/steps/answer")
    assert 'value="whale"' in view
    assert re.search(r'value="red" checked', view)


def test_looking_on_leaves_no_trace_with_them(app: Flask, come: Come, desk: Desk) -> None:
    paul = come()
    with Session(app.extensions["engine"]) as session:
        counted = (
            select(func.count()).select_from(HappeningRow),
            select(PresenceRow.seen, PresenceRow.slug),
            select(EnrolmentRow.keys),
        )
        before = [list(session.execute(query)) for query in counted]
        who = f"/people/{paul.enrolled.id}"
        for path in ("/steps/read-this", "/steps/make-a-branch", "/steps/answer", "/pipeline"):
            assert desk.visitor.get(desk.at(who + path)).status_code == 200
        desk.visitor.poll(desk.at(f"{who}/steps/make-a-branch/task"))
        session.expire_all()
        session.rollback()
        assert [list(session.execute(query)) for query in counted] == before


def test_opening_their_view_is_on_record(come: Come, desk: Desk, staff: Staff) -> None:
    paul = come()
    desk.text(f"/people/{paul.enrolled.id}/steps/make-a-branch")
    told = staff.deeds(desk.event.id)[0]
    assert (told.who, told.enrolment) == ("Maria", paul.enrolled.id)


def test_their_pipeline_is_looked_at_within_the_budget_of_their_account(
    app: Flask, come: Come, desk: Desk
) -> None:
    paul = come()
    budget = Budget(app.extensions["engine"])
    panel = desk.at(f"/people/{paul.enrolled.id}/pipeline")
    assert "Source" in desk.visitor.poll(panel).get_data(as_text=True)
    with Session(app.extensions["engine"]) as session:
        row = session.get(BudgetRow, paul.enrolled.account)
        assert row
        assert row.calls < AT_ONCE
    budget.spend(paul.enrolled.account, AT_ONCE)
    assert "goes first" in desk.visitor.poll(panel).get_data(as_text=True)


def test_the_view_of_an_account_that_is_not_prepared_says_so_and_prepares_nothing(
    come: Come, desk: Desk, guide: Guide
) -> None:
    paul = come(prepared=False)
    answer = desk.visitor.get(
        desk.at(f"/people/{paul.enrolled.id}/steps/make-a-branch"), follow_redirects=True
    )
    assert "not prepared yet" in answer.get_data(as_text=True)
    assert not guide.labs.ready(guide.progress.by_id(paul.enrolled.id) or paul.enrolled)


# -- Doing it for them


def test_help_is_offered_and_done_when_it_is_accepted(
    come: Come, desk: Desk, notes: Notes, guide: Guide, helper: Helper
) -> None:
    paul = come()
    who = f"/people/{paul.enrolled.id}"
    assert (
        "It is done as soon as paulf accepts."
        in desk.post(f"{who}/help", slug="make-a-branch", how="offer")[1]
    )
    assert guide.jobs.of(paul.enrolled.id) == []
    form = re.search(r'action="(/offers/[^"]+)"', paul.visitor.text("/steps/make-a-branch"))
    assert form
    paul.visitor.post(html.unescape(form[1]), answer="accept")
    (job,) = guide.jobs.of(paul.enrolled.id)
    helper.help(job.id)
    assert guide.progress.mark(paul.enrolled.id, "make-a-branch") == Mark.HELPED
    page = desk.text(who)
    assert "Maria had “Make a branch” done for them" in page
    assert "with their consent" in page
    paul.visitor.get("/steps/make-a-branch/over")
    assert paul.visitor.post("/steps/make-a-branch/over").status_code == 303


def test_without_asking_it_needs_a_reason_that_is_logged_and_that_they_see(
    come: Come, desk: Desk, guide: Guide, staff: Staff
) -> None:
    paul = come()
    who = f"/people/{paul.enrolled.id}"
    for reason in ("", "  x  ", SECRET):
        status, page = desk.post(f"{who}/help", slug="make-a-branch", how="now", reason=reason)
        assert status == 422
        assert 'role="alert"' in page
    assert guide.jobs.of(paul.enrolled.id) == []
    assert desk.post(f"{who}/help", slug="make-a-branch", how="now", reason="came late")[0] == 303
    (job,) = guide.jobs.of(paul.enrolled.id)
    assert (job.by, job.reason) == ("Maria", "came late")
    assert "Maria has this done for you. “came late”" in paul.visitor.text("/steps/make-a-branch")
    told = staff.deeds(desk.event.id)[0]
    assert (told.who, told.enrolment, told.reason) == ("Maria", paul.enrolled.id, "came late")


def test_one_thing_at_a_time(come: Come, desk: Desk, guide: Guide) -> None:
    paul = come()
    guide.jobs.ask(paul.enrolled.id, "make-a-branch")
    status, page = desk.post(
        f"/people/{paul.enrolled.id}/help", slug="take-long", how="now", reason="came late"
    )
    assert status == 409
    assert "“Make a branch” is being done for them: one thing at a time." in page
    assert len(guide.jobs.of(paul.enrolled.id)) == 1


def test_an_offer_can_be_taken_back(come: Come, desk: Desk, notes: Notes, event: Event) -> None:
    paul = come()
    who = f"/people/{paul.enrolled.id}"
    desk.post(f"{who}/help", slug="make-a-branch", how="offer")
    assert "taken back" in desk.post(f"{who}/withdraw")[1]
    assert notes.standing(event.id, paul.enrolled.id) == []
    assert "answered meanwhile" in desk.post(f"{who}/withdraw")[1]


def test_all_who_are_behind_are_caught_up_and_the_page_says_how_far(
    come: Come, desk: Desk, guide: Guide
) -> None:
    people = [come(handle) for handle in ("paulf", "annab", "berta")]
    guide.progress.looked(people[2].enrolled.id, "make-a-branch", passed_findings(guide))
    guide.jobs.ask(people[1].enrolled.id, "take-long")
    form = {"slug": "wait-for-it", "who": "behind"}
    assert desk.post("/people/catch-up", **form, reason="no")[0] == 422
    status, page = desk.post("/people/catch-up", **form, reason="we start chapter two")
    assert status == 303
    assert "0 of 1 have come to an end" in page
    assert "being done for them already: annab." in page
    (job,) = guide.jobs.of(people[0].enrolled.id)
    assert (job.kind, job.reason) == (Kind.CATCH_UP, "we start chapter two")
    assert guide.jobs.of(people[2].enrolled.id) == []
    poll = re.search(r'hx-get="([^"]*/batches/[^"]*)"', page)
    assert poll
    assert desk.visitor.poll(html.unescape(poll[1])).status_code == 204
    guide.jobs.end(job.id, Outcome.NOT_YET)
    told = desk.visitor.poll(html.unescape(poll[1])).get_data(as_text=True)
    assert "1 of 1" in told
    assert "did not work out for:" in told
    assert "hx-get" not in told


@pytest.mark.parametrize("archived", [False, True])
def test_when_the_event_is_over_nothing_is_done_for_anybody(
    come: Come, desk: Desk, guide: Guide, notes: Notes, staff: Staff, event: Event, archived: bool
) -> None:
    paul = come()
    guide.events.close(event.id)
    if archived:
        guide.events.archive(event.id)
    who, why = f"/people/{paul.enrolled.id}", {"reason": "came late"}
    asked = [
        (f"{who}/help", {"slug": "make-a-branch", "how": "now"}),
        (f"{who}/help", {"slug": "take-long", "how": "now", "kind": "catch up"}),
        (f"{who}/help", {"slug": "make-a-branch", "how": "offer"}),
        (f"{who}/reset", {}),
        ("/people/catch-up", {"slug": "wait-for-it", "who": "behind"}),
    ]
    for path, form in asked:
        status, page = desk.post(path, **form, **why)
        assert (status, "The event is over: nothing is changed" in page) == (409, True), path
    assert guide.jobs.of(paul.enrolled.id) == []
    assert notes.standing(event.id, paul.enrolled.id) == []
    assert [one.what for one in staff.deeds(event.id)] == []
    assert desk.post(f"{who}/remove", handle="paulf", **why)[0] == 303


def test_when_the_event_is_over_there_is_nothing_to_press(come: Come, desk: Desk, guide: Guide) -> None:
    who, people = f"/people/{come().enrolled.id}", "/people"
    buttons = ("Do it now", "Offer it", "Empty the account", "Do all earlier steps for them")
    there = desk.text(who) + desk.text(people)
    assert [one for one in buttons if one not in there] == []
    guide.events.close(desk.event.id)
    there = desk.text(who) + desk.text(people)
    assert [one for one in (*buttons, "Reset the account") if one in there] == []
    assert "Take them out" in there
    assert "Send it" in there


def passed_findings(guide: Guide) -> list[Finding]:
    return [Finding(claim, State.PASSED) for claim in guide.course.step("make-a-branch").claims]


# -- Words


def test_a_note_goes_to_those_chosen_and_only_to_them(
    come: Come, desk: Desk, notes: Notes, event: Event
) -> None:
    paul, anna = come(), come("annab")
    assert "Choose at least one person" in desk.post("/people/note", words="Hello")[1]
    assert desk.post("/people/note", person=str(paul.enrolled.id), words=" ")[0] == 422
    assert "Sent to one person." in desk.post("/people/note", person=str(paul.enrolled.id), words="Hello")[1]
    assert "Hello" in paul.visitor.text("/steps/read-this")
    assert "Hello" not in anna.visitor.text("/steps/read-this")
    assert "read by 0 of 1" in desk.text("/words")


def test_a_banner_is_said_to_all_and_withdrawn(come: Come, desk: Desk) -> None:
    paul = come()
    assert desk.post("/words", words="")[0] == 422
    assert desk.post("/words", words=f"use {SECRET}")[0] == 422
    assert "All see it" in desk.post("/words", words="Lunch at noon.")[1]
    assert "Lunch at noon." in paul.visitor.text("/steps/read-this")
    assert "It is withdrawn." in desk.post("/words/withdraw")[1]
    assert "Lunch at noon." not in paul.visitor.text("/steps/read-this")


# -- Reset, another device, out


@pytest.fixture
def config(tmp_path_factory: pytest.TempPathFactory, sandbox: Server) -> Config:
    """Accounts can be emptied, by the sandbox's own command."""
    config = configured(tmp_path_factory.mktemp("state"), sandbox)
    settings = sandbox.sandbox.settings
    erase = (
        f"{sys.executable} -m workshop sandbox erase --account {{account}}"
        f" --state {settings.state} --port {settings.port}"
    )
    return config.model_copy(update={"account_removal": erase})


def test_a_reset_empties_the_account_and_says_so_to_its_attendee(
    come: Come, desk: Desk, guide: Guide, helper: Helper
) -> None:
    paul = come()
    lab = guide.lab_of(paul.enrolled)
    guide.jobs.end(guide.jobs.ask(paul.enrolled.id, "take-long").id, Outcome.DONE)
    done = guide.jobs.ask(paul.enrolled.id, "make-a-branch")
    helper.help(done.id)
    assert "feature" in branches(lab)
    who = f"/people/{paul.enrolled.id}"
    assert desk.post(f"{who}/reset", reason="")[0] == 422
    assert "is being emptied" in desk.post(f"{who}/reset", reason="wrong account")[1]
    assert "Maria has your account emptied" in paul.visitor.text("/steps/make-a-branch")
    job = guide.jobs.current(paul.enrolled.id)
    assert job
    assert job.kind == Kind.RESET
    helper.help(job.id)
    ended = guide.jobs.get(job.id)
    assert ended
    assert (ended.outcome, ended.words) == (Outcome.DONE, "")
    anew = guide.progress.by_id(paul.enrolled.id)
    assert anew
    assert branches(guide.lab_of(anew)) == ["master"]
    assert guide.progress.mark(anew.id, "make-a-branch") == Mark.LOST
    page = paul.visitor.text("/steps/make-a-branch")
    assert "Maria has had your account emptied" in page
    assert "wrong account" in page


def branches(lab: Lab) -> list[str]:
    found = lab.client("codecommit").list_branches(repositoryName=lab.repository)["branches"]
    return sorted(found)


def test_where_accounts_cannot_be_emptied_nothing_is_done(
    app: Flask, config: Config, come: Come, event: Event, maria: Facilitator, guide: Guide
) -> None:
    paul = come()
    another = app_for(config.model_copy(update={"account_removal": ""}))
    desk = open_desk(another, event, maria)
    status, page = desk.post(f"/people/{paul.enrolled.id}/reset", reason="wrong account")
    assert status == 409
    assert "No way to empty accounts is configured" in page
    assert guide.jobs.of(paul.enrolled.id) == []


def test_another_device_comes_in_once_and_the_old_one_is_out(app: Flask, come: Come, desk: Desk) -> None:
    paul = come()
    page = desk.post(f"/people/{paul.enrolled.id}/device", out="1")[1]
    assert "<svg" in page
    link = re.search(r"<code>(http[^<]+/go-on/[^<]+)</code>", page)
    assert link
    assert link[1] not in desk.text(f"/people/{paul.enrolled.id}")
    path = urlsplit(html.unescape(link[1])).path
    phone, thief = Visitor(app), Visitor(app)
    phone.get(path)
    thief.get(path)
    assert phone.post(path).status_code == 303
    assert thief.post(path).status_code == 410
    assert "as <b>paulf</b>" in phone.text("/steps/read-this")
    assert paul.visitor.get("/steps/read-this").status_code == 303


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This address is that of this machine alone"),
        ("de", "Diese Adresse ist nur die dieses Rechners"),
    ],
)
def test_beside_a_code_that_no_telephone_can_follow_it_is_said(
    come: Come, desk: Desk, language: str, words: str
) -> None:
    who, said = desk.at(f"/people/{come().enrolled.id}"), {"Accept-Language": language}
    assert words not in desk.visitor.get(who, headers=said).get_data(as_text=True)
    desk.visitor.post(f"{who}/device")
    assert words in desk.visitor.get(who, headers=said).get_data(as_text=True)


def test_who_is_taken_out_frees_the_handle_and_leaves_nothing_behind(
    app: Flask, come: Come, desk: Desk, hands: Hands, notes: Notes, guide: Guide, staff: Staff
) -> None:
    maria = staff.all()[0]
    paul, anna = come(), come("annab")
    raised(hands, paul)
    raised(hands, anna)
    notes.write(desk.event.id, maria.id, "Hello", [paul.enrolled.id, anna.enrolled.id])
    job = guide.jobs.ask(paul.enrolled.id, "make-a-branch")
    who = f"/people/{paul.enrolled.id}"
    sure = {"reason": "joined twice", "handle": "paulf"}
    assert desk.post(f"{who}/remove", **sure)[0] == 409
    guide.jobs.end(job.id, Outcome.DONE)
    assert desk.post(f"{who}/remove", reason="joined twice", handle="annab")[0] == 422
    assert desk.post(f"{who}/remove", reason="", handle="paulf")[0] == 422
    assert desk.post(f"{who}/remove", **sure)[0] == 303
    with Session(app.extensions["engine"]) as session:
        theirs = (HappeningRow.enrolment, HandRow.enrolment, NoteRow.enrolment, EnrolmentRow.id)
        for column in (*theirs, JobRow.enrolment, PresenceRow.enrolment):
            assert session.scalar(select(func.count()).where(column == paul.enrolled.id)) == 0
        for column in theirs:
            assert session.scalar(select(func.count()).where(column == anna.enrolled.id))
        assert session.scalar(select(func.count()).select_from(DeliveryRow)) == 0
    told = staff.deeds(desk.event.id)[0]
    assert (told.reason, told.details["handle"]) == ("joined twice", "paulf")
    assert "as <b>" not in paul.visitor.get("/steps/read-this", follow_redirects=True).get_data(as_text=True)
    assert come("paulf").enrolled.id != paul.enrolled.id
