"""Catching up: from wherever somebody is to wherever they want to be."""

from collections.abc import Callable

from tests.course.conftest import ROOT
from workshop.course import load
from workshop.lab import Lab
from workshop.plan.catch_up import Caught, How, ahead, catch_up
from workshop.step import look, passed
from workshop.walk import difference, fingerprint

COURSE = load(ROOT / "steps")


def caught(lab: Lab, slug: str, cancelled: Callable[[], bool] = lambda: False) -> list[Caught]:
    """All that is told on the way."""
    return list(catch_up(COURSE, lab, slug, lab.say, cancelled))


def test_from_nothing_to_the_last_step_by_way_of_every_other(lab: Lab) -> None:
    last = COURSE.steps[-1]
    done: list[str] = []
    for one in catch_up(COURSE, lab, last.slug, lab.say):
        # Where it would have ended for somebody who wanted to be at this step.
        if one.how in (How.BEGUN, How.HELD):
            assert done == [step.slug for step in ahead(COURSE, one.step.slug)]
            assert passed(list(one.findings)) == (one.how == How.HELD)
        if one.how in (How.DONE, How.HELD):
            assert passed(list(one.findings)), one
            done.append(one.step.slug)
    for step in ahead(COURSE, last.slug):
        assert passed(look(step, lab)), step.slug


def test_what_holds_already_is_left_alone(lab: Lab) -> None:
    caught(lab, "review-and-create")
    before = fingerprint(lab)
    again = caught(lab, "review-and-create")
    assert {one.how for one in again} == {How.HELD}
    assert difference(before, fingerprint(lab)) == []


def test_it_ends_between_two_steps_when_asked_to(lab: Lab) -> None:
    went = caught(lab, "review-and-create", cancelled=lambda: "pipeline-name" in lab.answers)
    assert [(one.step.slug, one.how) for one in went[-3:]] == [
        ("name-the-pipeline", How.BEGUN),
        ("name-the-pipeline", How.DONE),
        ("define-the-source", How.CANCELLED),
    ]
    assert "source-branch" not in lab.answers


def test_it_ends_at_what_cannot_be_made_to_hold(lab: Lab) -> None:
    caught(lab, "define-the-build")
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName=lab.repository, branchName=lab.branch)["branch"]["commitId"]
    codecommit.delete_file(
        repositoryName=lab.repository, branchName=lab.branch, filePath="buildspec.yml", parentCommitId=tip
    )
    last = caught(lab, "review-and-create")[-1]
    assert (last.step.slug, last.how) == ("define-the-source", How.MISSED)
    assert "buildspec.yml not found" in last.findings[-1].saw
    assert not lab.client("codebuild").batch_get_projects(names=[lab.name("build")])["projects"]


def test_work_undone_by_hand_is_done_again(lab: Lab) -> None:
    caught(lab, "observe-the-failure")
    lab.client("codepipeline").delete_pipeline(name=lab.name("pipeline"))
    done = [one.step.slug for one in caught(lab, "observe-the-failure") if one.how == How.DONE]
    assert done == ["review-and-create"]
