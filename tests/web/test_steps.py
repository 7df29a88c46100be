"""The page of a step: what is claimed, looked at, answered, and done."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.web.conftest import Attending
from workshop.guide import Guide
from workshop.progress import Mark
from workshop.work.helping import Helper

POLL = re.compile(r'hx-(?:get|post)="([^"]*\?v=\w+)" hx-trigger="every')


def test_claims_are_listed_before_the_first_look(paul: Attending) -> None:
    page = paul.visitor.text("/steps/make-a-branch")
    assert page.index("Your repository is there.") < page.index("It has a branch feature.")
    assert page.count("Not looked at") == 3


def test_a_page_shows_the_attendees_own_names(paul: Attending) -> None:
    page = paul.visitor.text("/steps/read-this")
    assert f"<code>{paul.enrolled.account}</code>" in page


def test_a_look_shows_evidence_gap_and_what_was_not_looked_at(paul: Attending) -> None:
    answer = paul.visitor.press("/steps/make-a-branch/check").get_data(as_text=True)
    assert f":{paul.enrolled.account}:pg23repo" in answer
    assert "It has master." in answer
    assert "Give me a hint" in answer
    assert answer.count("Not looked at") == 1
    assert "1 of 3 claims hold." in answer


def test_a_look_sees_what_was_done_by_hand(paul: Attending, guide: Guide) -> None:
    lab = guide.lab_of(paul.enrolled)
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName=lab.repository, branchName="master")["branch"]["commitId"]
    codecommit.create_branch(repositoryName=lab.repository, branchName="feature", commitId=tip)
    answer = paul.visitor.press("/steps/make-a-branch/check").get_data(as_text=True)
    assert "All 3 hold." in answer
    assert 'href="/steps/wait-for-it" autofocus' in answer
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.DONE


def test_without_scripts_a_look_leads_back_to_the_page(paul: Attending) -> None:
    answer = paul.visitor.post("/steps/make-a-branch/check")
    assert answer.status_code == 303
    assert "It has master." in paul.visitor.text(answer.location)


def test_waiting_says_for_what_since_when_and_looks_again_by_itself(paul: Attending, guide: Guide) -> None:
    answer = paul.visitor.press("/steps/wait-for-it/check").get_data(as_text=True)
    assert "It is on its way." in answer
    assert "2026-01-02T03:04:00+00:00" in answer
    again = POLL.search(answer)
    assert again
    paul.time_passes()
    assert paul.visitor.press(again[1]).status_code == 204
    guide.progress.answers(paul.enrolled.id)["came"] = "by post"
    paul.time_passes()
    turned = paul.visitor.press(again[1]).get_data(as_text=True)
    assert "by post" in turned
    seldom = POLL.search(turned)
    assert seldom, "what holds is looked at as well, in case it no longer does"
    assert paul.visitor.press(seldom[1]).status_code == 204


def test_what_aws_refuses_is_unknown_and_not_counted(paul: Attending) -> None:
    answer = paul.visitor.press("/steps/ask-aws/check").get_data(as_text=True)
    assert "AccessDenied" in answer
    assert "not authorized to perform: iam:ListUsers" in answer
    assert "does not count against you" in answer


def test_answers_are_kept_and_judged(paul: Attending) -> None:
    paul.visitor.get("/steps/answer")
    paul.visitor.press("/steps/answer/check", colour="green", word="<i>leaf</i>", unasked="x")
    page = paul.visitor.text("/steps/answer")
    assert "green, and &lt;i&gt;leaf&lt;/i&gt;" in page
    assert re.search(r'value="green" checked', page)


def test_reading_a_page_is_recorded_on_the_way_onwards(paul: Attending, guide: Guide) -> None:
    assert guide.states(paul.enrolled)["read-this"] == Mark.TODO
    answer = paul.visitor.post("/steps/read-this/read")
    assert answer.location == "/steps/make-a-branch"
    assert guide.states(paul.enrolled)["read-this"] == Mark.DONE


def test_a_step_with_claims_is_not_passed_by_reading(paul: Attending, guide: Guide) -> None:
    paul.visitor.post("/steps/make-a-branch/read")
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.TODO


def test_help_shows_its_lines_then_the_findings(paul: Attending, helper: Helper, guide: Guide) -> None:
    running = paul.visitor.press("/steps/make-a-branch/do").get_data(as_text=True)
    poll = POLL.search(running)
    assert poll
    assert "At work" in running
    job = guide.jobs.current(paul.enrolled.id)
    assert job
    helper.help(job.id)
    over = paul.visitor.poll(poll[1]).get_data(as_text=True)
    assert "Created the branch feature" in over
    assert "All 3 hold." in over
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.HELPED


def test_polling_is_silent_while_nothing_changes(paul: Attending) -> None:
    running = paul.visitor.press("/steps/take-long/do").get_data(as_text=True)
    poll = POLL.search(running)
    assert poll
    assert paul.visitor.poll(poll[1]).status_code == 204


def test_a_second_click_shows_the_running_job(paul: Attending, guide: Guide) -> None:
    paul.visitor.press("/steps/take-long/do")
    first = guide.jobs.current(paul.enrolled.id)
    paul.visitor.press("/steps/take-long/do")
    assert guide.jobs.current(paul.enrolled.id) == first


def test_another_step_waits_while_one_is_being_done(paul: Attending, guide: Guide) -> None:
    paul.visitor.press("/steps/take-long/do")
    page = paul.visitor.press("/steps/make-a-branch/do").get_data(as_text=True)
    assert "Being done for you: “Take long”" in page
    assert guide.jobs.last(paul.enrolled.id, "make-a-branch") is None


def test_a_click_is_kept_while_no_worker_runs(paul: Attending) -> None:
    page = paul.visitor.press("/steps/take-long/do").get_data(as_text=True)
    assert "The worker that does this is not running" in page


def test_help_that_aws_refuses_says_so_in_its_words(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "ask-aws").id)
    page = paul.visitor.text("/steps/ask-aws")
    assert "could not be done for you" in page
    assert "iam:CreateUser" in page


def test_help_that_needs_something_first_says_what(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "answer").id)
    assert "Nobody can choose for you." in paul.visitor.text("/steps/answer")


def test_a_bug_in_help_shows_a_reference_that_stands_in_the_log(
    paul: Attending, helper: Helper, guide: Guide, caplog: object
) -> None:
    helper.help(guide.do(paul.enrolled, "break-it").id)
    page = paul.visitor.text("/steps/break-it")
    job = guide.jobs.last(paul.enrolled.id, "break-it")
    assert job
    assert job.words in page
    assert "secret detail" not in page
    assert job.words in caplog.text  # type: ignore[attr-defined]


def test_doing_again_changes_nothing(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    assert "is there already" in paul.visitor.text("/steps/make-a-branch")


def test_one_attendee_never_sees_what_is_anothers(
    join: Callable[[str], Attending], helper: Helper, guide: Guide
) -> None:
    paul, ana = join("paulf"), join("anac")
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    hers = ana.visitor.text("/steps/make-a-branch") + ana.visitor.text("/terminal")
    assert paul.enrolled.account not in hers
    assert "Created the branch" not in hers
    assert guide.states(ana.enrolled)["make-a-branch"] == Mark.TODO
