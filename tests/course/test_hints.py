"""Hints: to every gap several, from a nudge to nearly the answer, in every language; then the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import migrated
from tests.course.hints import gaps, in_english_only, number, samples
from workshop.config import HOME, Config
from workshop.course import load
from workshop.lab import Lab
from workshop.models import connect
from workshop.plan.hints import hints, open_next
from workshop.progress import Progress
from workshop.step import Finding, State, look

COURSE = load(HOME / "steps")


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    config = Config(state=tmp_path, secret="of this test")
    migrated(tmp_path)
    return Progress(connect(config.database), config.first_account)


@pytest.fixture
def at_first(lab: Lab) -> dict[str, Finding]:
    """The gap of each step in an account in which nothing has been done."""
    found = {step.slug: look(step, lab) for step in COURSE.steps}
    return {slug: one for slug, all_of_it in found.items() for one in all_of_it if one.state == State.NOT_YET}


@pytest.mark.parametrize(("place", "written"), [(place, number(given)) for place, given in gaps()])
def test_every_gap_has_several_hints(place: str, written: int) -> None:
    assert written >= 2, f"{place}: give a tuple, from a nudge to nearly the answer"


def test_every_hint_is_said_in_german() -> None:
    assert in_english_only(tuple(words for _, words in samples())) == []


def test_a_hint_in_english_only_is_found() -> None:
    new = "Nobody has said this before."
    assert in_english_only((new, "Release a change.")) == [new]


def test_hints_to_what_is_missing_at_first_know_its_names(at_first: dict[str, Finding], lab: Lab) -> None:
    told = {slug: " ".join(one.hints) for slug, one in at_first.items()}
    assert {slug for slug, one in at_first.items() if len(one.hints) < 2} == set()
    assert [slug for slug, words in told.items() if lab.prefix not in words and lab.handle not in words] == []
    assert in_english_only(tuple(words for one in at_first.values() for words in one.hints)) == []


def test_they_are_opened_one_by_one_and_the_answer_is_the_last(
    at_first: dict[str, Finding], progress: Progress
) -> None:
    paul = progress.enrol("paulf", "Paul Fischer")
    steps = [step for step in COURSE.steps if step.do and step.slug in at_first]
    assert len(steps) > 12
    for step in steps:
        gap = at_first[step.slug]
        for opened in range(len(gap.hints) + 1):
            known = hints(progress, paul, step, [gap])
            assert (known.shown, known.answer, known.more) == (gap.hints[:opened], False, True)
            open_next(progress, paul, step, [gap])
        known = hints(progress, paul, step, [gap])
        assert (known.shown, known.answer, known.more) == (gap.hints, True, False)
