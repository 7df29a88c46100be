"""Bad input and bad days: a clear message where the attendee stands, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import free_port
from tests.web.conftest import HTMX, Attending, Visitor, app_for
from workshop.config import Config
from workshop.guide import Guide
from workshop.jobs import Outcome
from workshop.lab import Keys
from workshop.vault import Vault
from workshop.work.helping import Helper


@pytest.mark.parametrize("token", [None, "forged", ""])
def test_a_form_without_its_token_changes_nothing_and_says_so(
    paul: Attending, guide: Guide, token: str | None
) -> None:
    form = {} if token is None else {"csrf_token": token}
    answer = paul.visitor.client.post("/steps/take-long/do", data=form)
    assert answer.status_code == 400
    assert "no longer valid" in answer.get_data(as_text=True)
    assert guide.jobs.current(paul.enrolled.id) is None


def test_a_form_from_a_session_that_ended_says_to_join_again(visitor: Visitor) -> None:
    answer = visitor.client.post("/steps/take-long/do")
    assert answer.status_code == 401
    assert "Your session has ended" in answer.get_data(as_text=True)


def test_a_tab_that_is_left_behind_is_told_and_stops_asking(paul: Attending) -> None:
    paul.visitor.post("/leave")
    answer = paul.visitor.poll("/pipeline")
    assert answer.status_code == 286
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "left in another tab" in answer.get_data(as_text=True)


def test_a_page_that_is_not_there_is_one_of_the_house(paul: Attending) -> None:
    for path in ("/nowhere", "/steps/nowhere", "/steps/..%2f..%2fetc"):
        answer = paul.visitor.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.get_data(as_text=True)


def test_a_button_opened_as_an_address_explains_itself(paul: Attending) -> None:
    answer = paul.visitor.get("/steps/take-long/do")
    assert answer.status_code == 405
    assert "Use the buttons" in answer.get_data(as_text=True)


def test_a_bug_is_an_apology_with_a_reference_and_a_traceback_in_the_log(
    paul: Attending, caplog: pytest.LogCaptureFixture
) -> None:
    answer = paul.visitor.press("/steps/break-it/check")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert answer.headers["HX-Retarget"] == "#notice"
    assert "that was our mistake" in page
    assert "secret detail" not in page
    reference = page.split("<code>")[1].split("</code>")[0]
    assert reference in caplog.text
    assert "ZeroDivisionError: secret detail" in caplog.text


def test_too_large_a_form_is_refused(paul: Attending) -> None:
    answer = paul.visitor.post("/steps/answer/check", word="x" * 70_000)
    assert answer.status_code == 413
    assert "64 kilobytes" in answer.get_data(as_text=True)


def test_a_foreign_name_for_this_machine_opens_nothing(app: Flask) -> None:
    assert app.test_client().get("/", headers={"Host": "evil.example"}).status_code == 400
    german = {"Host": "evil.example", "Accept-Language": "de"}
    told = app.test_client().get("/", headers=german).get_data(as_text=True)
    assert told == "Das ist nicht die Adresse des Workshops.\n"


def test_every_answer_carries_the_policies(visitor: Visitor) -> None:
    answer = visitor.get("/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture
def without_aws(config: Config) -> Flask:
    return app_for(config.model_copy(update={"endpoint_url": f"http://127.0.0.1:{free_port()}"}))


def test_without_aws_preparing_says_so_and_tries_again_by_itself(without_aws: Flask) -> None:
    visitor = Visitor(without_aws)
    visitor.join()
    visitor.get("/prepare")
    answer = visitor.press("/prepare", next="read-this").get_data(as_text=True)
    assert "cannot be prepared yet" in answer
    assert 'hx-trigger="load delay:3s' in answer
    assert visitor.post("/prepare").status_code == 503


def test_without_aws_pages_can_be_read_and_looks_say_what_is_wrong(
    config: Config, join: Callable[[str], Attending], without_aws: Flask
) -> None:
    join("paulf")
    visitor = Visitor(without_aws)
    visitor.join("paulf")
    visitor.post("/join", handle="paulf", again="paulf")
    visitor.get("/steps/read-this")
    assert visitor.get("/steps/answer").status_code == 200
    answer = visitor.press("/steps/make-a-branch/check").get_data(as_text=True)
    assert "<code>EndpointConnectionError</code>" in answer
    assert "does not count against you" in answer
    assert visitor.get("/terminal").status_code == 503
    panel = visitor.poll("/pipeline").get_data(as_text=True)
    assert "cannot be seen at the moment" in panel
    assert 'data-pace="5 ' in panel


def test_an_account_that_was_started_afresh_is_prepared_again(paul: Attending, guide: Guide) -> None:
    paul.visitor.post("/steps/read-this/read")
    stale = Vault("a secret of this test").seal(Keys("AKIAIOSFODNN7EXAMPLE", "nothing"))
    guide.progress.keep_keys(paul.enrolled.id, stale, again=False)
    answer = paul.visitor.press("/steps/make-a-branch/check").get_data(as_text=True)
    assert "1 of 3 claims hold." in answer
    assert paul.visitor.poll("/pipeline").headers["HX-Refresh"] == "true"
    page = paul.visitor.text("/steps/make-a-branch")
    assert "has been prepared afresh" in page
    assert "1 of 7 done" in page  # what was read stays read


def test_a_job_in_an_account_that_was_started_afresh_prepares_it_and_goes_on(
    paul: Attending, guide: Guide, helper: Helper, sandbox: Any
) -> None:
    root = sandbox.sandbox.sessions.root(paul.enrolled.account)
    lab = guide.lab_of(paul.enrolled)
    iam = sandbox.sandbox.clients.client("iam", root, lab.region)
    iam.delete_role_policy(RoleName=lab.role, PolicyName=lab.role)
    iam.delete_role(RoleName=lab.role)
    asked = guide.do(paul.enrolled, "make-a-branch")
    helper.help(asked.id)
    job = guide.jobs.get(asked.id)
    assert job
    assert job.outcome == Outcome.DONE, job
    assert "prepared again" in paul.visitor.text("/steps/make-a-branch")


def test_the_theme_is_kept_without_scripts(paul: Attending) -> None:
    answer = paul.visitor.post("/theme", theme="dark")
    assert answer.status_code == 303
    assert 'data-theme="dark"' in paul.visitor.text("/steps/read-this")


def test_health_tells_of_the_worker(app: Flask) -> None:
    assert app.test_client().get("/healthz").get_json() == {"web": True, "worker": False}


def test_htmx_gets_a_notice_and_browsers_get_a_page(paul: Attending) -> None:
    page = paul.visitor.get("/nowhere").get_data(as_text=True)
    notice = paul.visitor.client.get("/nowhere", headers=HTMX).get_data(as_text=True)
    assert "<!doctype html>" in page
    assert "<!doctype html>" not in notice
