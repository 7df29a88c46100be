"""Looks that nobody asked for: what they show, and what they cost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.web.conftest import Attending
from workshop.config import Config
from workshop.guide import Guide
from workshop.models import BudgetRow, connect, migrate, now
from workshop.progress import Mark
from workshop.watch.budget import A_MINUTE, AT_ONCE, Budget, filled, penalty
from workshop.watch.meter import metered
from workshop.watch.sights import Sights
from workshop.work.helping import Helper

LIVE = "/steps/make-a-branch/live?v=before"


def branch(paul: Attending, guide: Guide, name: str = "feature") -> None:
    lab = guide.lab_of(paul.enrolled)
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName=lab.repository, branchName="master")["branch"]["commitId"]
    codecommit.create_branch(repositoryName=lab.repository, branchName=name, commitId=tip)


def no_branch(paul: Attending, guide: Guide) -> None:
    lab = guide.lab_of(paul.enrolled)
    lab.client("codecommit").delete_branch(repositoryName=lab.repository, branchName="feature")


def test_a_step_turns_without_the_button(paul: Attending, guide: Guide) -> None:
    branch(paul, guide)
    answer = paul.visitor.press(LIVE).get_data(as_text=True)
    assert "All 3 hold." in answer
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.DONE


def test_who_has_not_asked_is_shown_what_holds_and_no_gap(paul: Attending) -> None:
    answer = paul.visitor.press(LIVE).get_data(as_text=True)
    assert "1 of 3 claims hold." in answer
    assert "Not yet: " not in answer


def test_a_gap_that_was_asked_about_shows_what_is_there_now(paul: Attending, guide: Guide) -> None:
    paul.visitor.press("/steps/make-a-branch/check")
    branch(paul, guide, "fature")
    paul.time_passes()
    assert "fature" in paul.visitor.press(LIVE).get_data(as_text=True)


def test_two_tabs_look_once(paul: Attending, guide: Guide) -> None:
    guide.watch.glance(paul.enrolled, "make-a-branch")
    with metered() as meter:
        guide.watch.glance(paul.enrolled, "make-a-branch")
    assert meter.calls == 0


def test_a_glance_asks_for_the_gap_alone(paul: Attending, guide: Guide) -> None:
    paul.visitor.press("/steps/make-a-branch/check")
    paul.time_passes()
    with metered() as meter:
        guide.watch.glance(paul.enrolled, "make-a-branch")
    assert meter.calls == 1


def test_without_budget_aws_is_not_asked(paul: Attending, guide: Guide) -> None:
    branch(paul, guide)
    Budget(paul.engine).spend(paul.enrolled.account, AT_ONCE)
    guide.watch.glance(paul.enrolled, "make-a-branch")
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.TODO


def test_who_pauses_it_is_looked_at_only_when_asked(paul: Attending, guide: Guide) -> None:
    branch(paul, guide)
    page = paul.visitor.press("/steps/make-a-branch/watch", on="0").get_data(as_text=True)
    assert "looks only when you ask" in page
    assert "/live" not in page
    paul.visitor.press(LIVE)
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.TODO


def test_work_that_was_undone_by_hand_is_found_on_return(
    paul: Attending, helper: Helper, guide: Guide
) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    no_branch(paul, guide)
    assert 'class="again"' not in paul.visitor.text("/steps/read-this")
    paul.time_passes(timedelta(hours=1))
    assert 'class="again"' in paul.visitor.text("/steps/read-this")
    steps = paul.visitor.press("/again?at=read-this").get_data(as_text=True)
    assert "Was done, no longer holds" in steps
    assert "It has master." in steps
    assert "This was done, and no longer holds." in paul.visitor.text("/steps/make-a-branch")
    assert paul.visitor.press("/again").status_code == 204


def test_a_step_that_holds_is_looked_at_seldom_and_on_return_at_once(
    paul: Attending, helper: Helper, guide: Guide
) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    no_branch(paul, guide)
    paul.time_passes(timedelta(seconds=30))
    paul.visitor.press(LIVE)
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.HELPED
    answer = paul.visitor.press(LIVE, back="1").get_data(as_text=True)
    assert "This was done, and no longer holds." in answer
    assert "It has master." in answer


def test_the_step_at_hand_changes_with_the_list(paul: Attending, helper: Helper, guide: Guide) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    no_branch(paul, guide)
    paul.time_passes(timedelta(hours=1))
    answer = paul.visitor.press("/again?at=make-a-branch")
    assert answer.headers["HX-Retarget"] == "#task"
    assert "This was done, and no longer holds." in answer.get_data(as_text=True)


def test_without_scripts_all_is_looked_at_again_with_one_click(
    paul: Attending, helper: Helper, guide: Guide
) -> None:
    helper.help(guide.do(paul.enrolled, "make-a-branch").id)
    no_branch(paul, guide)
    paul.time_passes(timedelta(hours=1))
    paul.visitor.get("/steps/read-this")
    assert paul.visitor.post("/again").location == "/steps/read-this#task"
    assert guide.states(paul.enrolled)["make-a-branch"] == Mark.LOST


def test_a_bucket_fills_with_time_and_never_over_its_brim() -> None:
    then = now()
    assert filled(0, then, then + timedelta(seconds=30)) == 20
    assert filled(-10, then, then + timedelta(seconds=15)) == 0
    assert filled(50, then, then + timedelta(hours=1)) == AT_ONCE


@pytest.mark.parametrize(("strikes", "seconds"), [(1, 15), (2, 30), (3, 60), (6, 300), (1000, 300)])
def test_who_is_throttled_waits_longer_each_time(strikes: int, seconds: int) -> None:
    assert penalty(strikes) == timedelta(seconds=seconds)


def test_throttling_stops_looks_until_it_is_over(paul: Attending, engine: Engine) -> None:
    budget = Budget(engine)
    budget.spend(paul.enrolled.account, 1, throttled=True)
    assert not budget.allows(paul.enrolled.account)


def test_a_page_that_merely_stands_open_is_looked_at_ever_less(paul: Attending, engine: Engine) -> None:
    sights = Sights(engine)
    for _ in range(12):
        sights.note(paul.enrolled.id, "make-a-branch", news=False)
    paul.time_passes(timedelta(seconds=20))
    assert not sights.turn(paul.enrolled.id, "make-a-branch")
    assert sights.turn(paul.enrolled.id, "make-a-branch", eager=True)


@pytest.fixture
def engine(paul: Attending) -> Engine:
    return paul.engine


def test_who_spends_at_once_spends_all_of_it(database: str, tmp_path: Path) -> None:
    migrate(Config(state=tmp_path, database_url=database))
    engine = connect(database)
    budget = Budget(engine)
    budget.spend("111122223333", 0)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: budget.spend("111122223333", 10), range(16)))
    with Session(engine) as session:
        row = session.get(BudgetRow, "111122223333")
        assert row
        came_in = (time.monotonic() - began) * A_MINUTE / 60
        assert AT_ONCE - 160 <= row.calls <= AT_ONCE - 160 + came_in
    engine.dispose()
