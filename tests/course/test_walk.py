"""The whole course, walked by "Do it for me" and by hand."""

from pathlib import Path

import pytest

from workshop.course import load, render
from workshop.lab import Lab
from workshop.step import Step
from workshop.walk import Walked, difference, fingerprint, walk

STEPS = Path(__file__).parents[2] / "steps"


def test_every_step_holds_for_a_fresh_attendee(lab: Lab) -> None:
    course = load(STEPS)
    went: list[Walked] = []
    assert walk(course, lab, went.append), f"{went[-1].step.slug}: {went[-1].trouble}"
    assert [one.step.slug for one in went] == [step.slug for step in course.steps]


@pytest.mark.parametrize("step", load(STEPS).steps, ids=lambda step: step.slug)
def test_every_page_can_be_rendered_before_anything_is_there(step: Step, lab: Lab) -> None:
    text = render(step, lab)
    assert "{{" not in text
    assert "zq" not in text
    assert step.minutes > 0


def test_a_fingerprint_names_what_changed(lab: Lab) -> None:
    before = fingerprint(lab)
    lab.answers["pipeline-name"] = "x"
    assert difference(before, fingerprint(lab)) == ["answers"]
