"""Help that says first what it does: plans, hints, catching up, starting over."""

from __future__ import annotations

from tests.web.conftest import Attending
from workshop.guide import Guide
from workshop.jobs import Kind, Outcome
from workshop.progress import Mark
from workshop.work.helping import Helper


def branches(paul: Attending, guide: Guide) -> list[str]:
    lab = guide.lab_of(paul.enrolled)
    found = lab.client("codecommit").list_branches(repositoryName=lab.repository)["branches"]
    return sorted(str(name) for name in found)


def test_the_plan_shows_each_change_with_its_command_and_changes_nothing(
    paul: Attending, guide: Guide
) -> None:
    plan = paul.visitor.poll("/steps/make-a-branch/plan").get_data(as_text=True)
    assert "What will be done for you" in plan
    assert "aws codecommit create-branch" in plan
    assert "--branch-name feature" in plan
    assert branches(paul, guide) == ["master"]
    assert guide.jobs.current(paul.enrolled.id) is None


def test_without_scripts_the_plan_is_a_page_whose_button_does_it(paul: Attending, guide: Guide) -> None:
    assert 'action="/steps/make-a-branch/plan"' in paul.visitor.text("/steps/make-a-branch")
    page = paul.visitor.text("/steps/make-a-branch/plan")
    assert "<!doctype html>" in page
    assert 'action="/steps/make-a-branch/do"' in page
    assert paul.visitor.post("/steps/make-a-branch/do").location == "/steps/make-a-branch#task"
    assert guide.jobs.current(paul.enrolled.id)


def test_who_does_it_themselves_keeps_the_commands_in_sight(paul: Attending) -> None:
    plan = paul.visitor.poll("/steps/make-a-branch/plan?myself=1").get_data(as_text=True)
    assert "aws codecommit create-branch" in plan
    assert "Do it</button>" not in plan


def test_the_page_keeps_what_was_done(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    page = paul.visitor.text("/steps/make-a-branch")
    assert page.index("What was done for you") < page.index("aws codecommit create-branch")
    (deed,) = guide.jobs.deeds(paul.enrolled.id, "make-a-branch")
    assert (deed.kind, "--branch-name feature" in deed.command) == ("create", True)


def test_a_plan_that_needs_something_first_says_what(paul: Attending) -> None:
    plan = paul.visitor.poll("/steps/answer/plan").get_data(as_text=True)
    assert "Nobody can choose for you." in plan
    assert "Catch me up to here" in plan


def test_one_click_is_remembered_and_taken_back(paul: Attending, helper: Helper, guide: Guide) -> None:
    first = paul.visitor.press("/steps/make-a-branch/do", straight="1").get_data(as_text=True)
    helper.help(guide.jobs.current(paul.enrolled.id).id)  # type: ignore[union-attr]
    assert 'formaction="/steps/make-a-branch/do"' in first
    assert 'formaction="/steps/take-long/do"' in paul.visitor.text("/steps/take-long")
    paul.visitor.post("/steps/take-long/ask-first")
    assert 'formaction="/steps/take-long/do"' not in paul.visitor.text("/steps/take-long")


def test_hints_come_one_at_a_time_and_the_last_is_the_answer(paul: Attending) -> None:
    asked = paul.visitor.press("/steps/make-a-branch/check").get_data(as_text=True)
    assert "Create feature" not in asked
    one = paul.visitor.press("/steps/make-a-branch/hint").get_data(as_text=True)
    assert "Create feature &lt;b&gt;from&lt;/b&gt; master." in one
    assert "Show me the answer" in one
    assert "create-branch" not in one
    answer = paul.visitor.press("/steps/make-a-branch/hint").get_data(as_text=True)
    assert "aws codecommit create-branch" in answer
    assert "/hint" not in answer


def test_what_fails_the_same_way_three_times_offers_help_by_itself(paul: Attending) -> None:
    pages = [paul.visitor.press("/steps/make-a-branch/check").get_data(as_text=True) for _ in range(3)]
    assert ["failed the same way three times" in page for page in pages] == [False, False, True]


def test_catching_up_does_all_that_comes_before(paul: Attending, helper: Helper, guide: Guide) -> None:
    guide.progress.answers(paul.enrolled.id)["came"] = "by post"
    page = paul.visitor.text("/steps/ask-aws")
    assert "2 earlier steps are not done yet." in page
    assert "Make a branch" in paul.visitor.poll("/steps/ask-aws/catch-up").get_data(as_text=True)
    running = paul.visitor.press("/steps/ask-aws/catch-up").get_data(as_text=True)
    assert "0 of 2" in running
    helper.help(guide.jobs.current(paul.enrolled.id).id)  # type: ignore[union-attr]
    assert branches(paul, guide) == ["feature", "master"]
    states = guide.states(paul.enrolled)
    assert (states["make-a-branch"], states["wait-for-it"]) == (Mark.HELPED, Mark.DONE)
    assert guide.jobs.last(paul.enrolled.id, "ask-aws").outcome == Outcome.DONE  # type: ignore[union-attr]
    assert "create-branch" in paul.visitor.text("/steps/make-a-branch")


def test_catching_up_stops_between_steps_when_asked(paul: Attending, helper: Helper, guide: Guide) -> None:
    job = guide.help(paul.enrolled, "ask-aws", Kind.CATCH_UP)
    stopping = paul.visitor.press("/steps/ask-aws/stop").get_data(as_text=True)
    assert "Stopping after this step" in stopping
    helper.help(job.id)
    assert branches(paul, guide) == ["master"]
    assert "Stopped before “Make a branch”" in paul.visitor.text("/steps/ask-aws")


def test_starting_over_says_first_what_it_takes_away(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    guide.progress.answers(paul.enrolled.id)["whole"] = "yes"  # later steps are looked at, too
    words = paul.visitor.poll("/steps/make-a-branch/over").get_data(as_text=True)
    assert "aws codecommit delete-branch" in words
    assert branches(paul, guide) == ["feature", "master"]
    paul.visitor.press("/steps/make-a-branch/over")
    helper.help(guide.jobs.current(paul.enrolled.id).id)  # type: ignore[union-attr]
    assert branches(paul, guide) == ["master"]
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.TODO


def test_what_makes_nothing_cannot_be_started_over(paul: Attending) -> None:
    words = paul.visitor.poll("/steps/take-long/over").get_data(as_text=True)
    assert "makes nothing that could be taken away" in words
