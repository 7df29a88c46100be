"""The panel of the attendee's own pipeline."""

from __future__ import annotations

import time

import pytest

from tests.web.conftest import Attending
from workshop.config import HOME, Config
from workshop.course import load
from workshop.guide import Guide
from workshop.insight.pipeline import PAUSES, Line, Panel, excerpt, panel

NPM = ["npm test", "ok 1", "not ok 2 - greets", "1..2", "later"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([], ()),
        (["all is well"], (Line("all is well"),)),
        (
            ["one", "two", "three", "An error occurred (AccessDenied)", "four", "five"],
            (
                Line("two"),
                Line("three"),
                Line("An error occurred (AccessDenied)", True),
                Line("four"),
            ),
        ),
        (NPM, (Line("npm test"), Line("ok 1"), Line("not ok 2 - greets", True), Line("1..2"))),
    ],
)
def test_the_lines_that_tell_the_fault_are_found(lines: list[str], shown: tuple[Line, ...]) -> None:
    assert excerpt(lines) == shown


def test_before_there_is_a_pipeline_the_panel_says_so_and_stays_still(paul: Attending) -> None:
    page = paul.visitor.poll("/pipeline").get_data(as_text=True)
    assert "Once you have created it" in page
    version = page.split("?v=")[1].split('"')[0]
    assert paul.visitor.poll(f"/pipeline?v={version}").status_code == 204


def test_a_run_that_fails_shows_commit_stages_and_the_failing_lines(
    paul: Attending, guide: Guide, config: Config
) -> None:
    lab = guide.lab_of(paul.enrolled)
    course = load(HOME / "steps")
    for slug in ("define-the-build", "review-and-create"):
        do = course.step(slug).do
        assert do
        do(lab)
    seen = _when_still(lab)
    assert seen.pipeline
    source, build = seen.pipeline.stages
    assert seen.pipeline.run
    assert seen.pipeline.run.message == "Initial commit"
    assert (source.status, build.status) == ("Succeeded", "Failed")
    assert any(line.fault and "AccessDenied" in line.words for line in build.actions[0].log)
    page = paul.visitor.poll("/pipeline").get_data(as_text=True)
    assert "AccessDenied" in page
    assert f'data-pace="{" ".join(map(str, PAUSES))}"' in page


def _when_still(lab: object) -> Panel:
    last = time.monotonic() + 90
    while time.monotonic() < last:
        seen = panel(lab)  # type: ignore[arg-type]
        if seen.pipeline and seen.pipeline.status in ("Failed", "Succeeded"):
            return seen
        time.sleep(0.3)
    raise AssertionError("the run did not come to an end")
