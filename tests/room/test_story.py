"""What is folded from the record: where somebody is, since when, what fails, and what was not theirs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from workshop.room.story import Happening, Route, Stop, Story, covered, fold
from workshop.watch.standing import TELLING, Mark, marks

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROUTE = Route(
    (
        Stop("hello", "Hello", "Begin", 2),
        Stop("source", "Define the source", "Build", 4, ("There is a branch.", "It has a commit.")),
        Stop("build", "Define the build", "Build", 6, ("There is a project.",)),
        Stop("ship", "Ship it", "Ship", 8, ("It runs.",)),
    )
)
BRANCH, COMMIT = ROUTE.stops[1].claims


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


Row = tuple[float, str, str] | tuple[float, str, str, dict[str, str]]


def told(*rows: Row) -> Story:
    """A story of (minute, kind, slug, more)."""
    stories: dict[int, Story] = {}
    happened = [
        Happening(number, 1, at(row[0]), row[1], row[2], **(row[3] if len(row) > 3 else {}))
        for number, row in enumerate(rows, 1)
    ]
    fold(stories, happened, ROUTE)
    return stories[1]


def fails(claim: str, by: str = "attendee") -> dict[str, str]:
    return {"by": by, "claim": claim, "found": "not yet"}


WAITS = {"by": "attendee", "claim": COMMIT, "found": "waiting"}
HELD = {"by": "attendee"}


def test_somebody_is_at_the_step_they_last_opened_until_it_holds() -> None:
    story = told((0, "joined", ""), (1, "opened", "hello"))
    assert (story.joined, story.at()) == (at(0), "hello")
    story.add(Happening(9, 1, at(2), "opened", "build"))
    assert story.at() == "build"
    story.add(Happening(10, 1, at(3), "passed", "build", **HELD))
    assert story.at() == "ship"
    assert story.active == at(3)


def test_they_came_when_they_opened_it_or_passed_the_one_before() -> None:
    story = told(
        (0, "opened", "source"), (1, "opened", "build"), (5, "passed", "source"), (9, "passed", "build")
    )
    assert story.arrived("build") == at(5)
    assert story.took("build") == 240
    assert story.took("ship") is None


def test_looking_ahead_does_not_make_a_step_take_negative_time() -> None:
    story = told(
        (0, "opened", "build"), (3, "passed", "build"), (8, "opened", "source"), (9, "passed", "source")
    )
    assert story.took("build") == 180


def test_time_that_was_aws_s_is_not_theirs() -> None:
    story = told((0, "opened", "source"), (2, "unsure", "source", WAITS), (7, "passed", "source", HELD))
    assert (story.took("source"), story.waited("source", at(9))) == (120, 300)


def test_a_job_is_waited_for_until_it_ends() -> None:
    story = told((0, "opened", "build"), (1, "helped", "build"), (1, "begun", "build"))
    assert story.spent("build", at(6)) == 60
    story.add(Happening(9, 1, at(6), "ended", "build", found="refused"))
    assert story.spent("build", at(8)) == 180


def test_two_who_are_waited_for_at_once_are_waited_for_once() -> None:
    story = told(
        (0, "opened", "source"),
        (1, "unsure", "source", WAITS),
        (2, "helped", "source"),
        (3, "passed", "source", {"by": "helper"}),
        (4, "ended", "source"),
    )
    assert story.waited("source", at(9)) == 180
    assert story.mark("source") == Mark.HELPED


def test_absence_and_pauses_are_left_out_once() -> None:
    story = told((0, "opened", "build"), (2, "left", ""), (6, "back", ""), (10, "passed", "build", HELD))
    assert story.took("build") == 360
    assert story.took("build", [(at(5), at(7))]) == 300


def test_the_same_claim_that_fails_again_is_counted_also_when_nothing_new_was_found() -> None:
    story = told(
        (0, "looked", "source", fails(BRANCH)),
        (0, "tried", "source"),
        (1, "tried", "source"),
        (2, "looked", "source", fails(BRANCH, "watch")),
        (3, "tried", "source"),
    )
    assert (story.part("source").gap, story.part("source").again) == (BRANCH, 3)
    story.add(Happening(9, 1, at(4), "looked", "source", **fails(COMMIT)))
    assert (story.part("source").gap, story.part("source").again) == (COMMIT, 1)
    story.add(Happening(10, 1, at(5), "passed", "source"))
    assert (story.part("source").gap, story.part("source").again) == ("", 0)


def test_a_claim_is_mended_when_a_look_gets_past_it() -> None:
    story = told(
        (0, "looked", "source", fails(BRANCH)),
        (2, "looked", "source", fails(COMMIT)),
        (3, "looked", "source", fails(BRANCH)),
        (6, "passed", "source", HELD),
    )
    gaps = story.part("source").gaps
    assert (gaps[BRANCH].failed, gaps[BRANCH].fixed) == (at(0), at(2))
    assert (gaps[COMMIT].failed, gaps[COMMIT].fixed) == (at(2), at(6))


def test_who_has_done_every_task_has_finished_whatever_was_left_unread() -> None:
    rows: list[Row] = [(1, "passed", "source"), (2, "passed", "ship"), (3, "passed", "build")]
    assert told(*rows[:2]).finished is None
    whole = told(*rows)
    assert (whole.finished, whole.at()) == (at(3), None)
    lost = told(*rows, (4, "looked", "ship", fails("It runs.")))
    assert (lost.finished, lost.mark("ship"), lost.at()) == (at(3), Mark.LOST, "ship")


def test_what_is_started_over_is_as_if_it_had_never_been_done() -> None:
    story = told((0, "looked", "source", fails(BRANCH)), (1, "passed", "source"), (5, "undone", "source"))
    assert (story.mark("source"), story.part("source").passed) == (Mark.TODO, None)
    assert story.part("source").gaps[BRANCH].fixed == at(1)


def test_what_a_worker_or_a_facilitator_did_is_no_sign_of_life() -> None:
    story = told((0, "joined", ""), (5, "passed", "source", {"by": "helper"}), (6, "hand ended", ""))
    assert story.active == at(0)


def test_a_hand_is_up_until_it_is_ended() -> None:
    story = told((1, "hand raised", "source"), (2, "hand taken", "source"))
    assert (story.hand, story.hands) == (at(1), 1)
    story.add(Happening(9, 1, at(4), "hand ended", "source"))
    assert story.hand is None


def test_steps_that_an_event_leaves_out_are_not_told_of() -> None:
    story = told((0, "joined", ""), (1, "opened", "elsewhere"), (2, "passed", "elsewhere"))
    assert (story.parts, story.at()) == ({}, "hello")


def test_spans_that_overlap_are_counted_once() -> None:
    spans = [(at(5), at(9)), (at(1), at(3)), (at(2), at(6)), (at(8), at(99))]
    assert covered(spans, at(2), at(10)) == 480
    assert covered([], at(0), at(10)) == 0


KINDS = (*TELLING, "unsure", "opened", "tried", "hinted", "begun", "ended", "left", "back", "hand raised")
HAPPENED = st.builds(
    lambda minute, who, kind, slug, by, claim, found: Happening(
        0, who, at(minute), kind, slug, by, claim, found
    ),
    st.integers(0, 90),
    st.integers(1, 3),
    st.sampled_from(KINDS),
    st.sampled_from(["", "elsewhere", *ROUTE.places]),
    st.sampled_from(["attendee", "watch", "helper"]),
    st.sampled_from(["", BRANCH, COMMIT, "Of an older course."]),
    st.sampled_from(["", "not yet", "waiting", "unknown"]),
)


@given(st.lists(HAPPENED, max_size=40), st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=200, deadline=None)
def test_it_is_the_same_story_in_whatever_portions_it_is_told(rows: list[Happening], cuts: list[int]) -> None:
    rows = [row._replace(id=number) for number, row in enumerate(rows, 1)]
    whole: dict[int, Story] = {}
    fold(whole, rows, ROUTE)
    parts: dict[int, Story] = {}
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        fold(parts, rows[start:end], ROUTE)
    assert parts == whole


@given(st.lists(HAPPENED, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_marks_are_those_that_attendees_see(rows: list[Happening]) -> None:
    stories: dict[int, Story] = {1: Story(ROUTE)}
    mine = [row._replace(enrolment=1) for row in rows]
    fold(stories, mine, ROUTE)
    shown = marks((row.kind, row.slug) for row in mine if row.kind in TELLING)
    assert all(stories[1].mark(slug) == shown.get(slug, Mark.TODO) for slug in ROUTE.places)


@given(st.lists(HAPPENED, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_time_is_ever_negative(rows: list[Happening]) -> None:
    stories: dict[int, Story] = {}
    fold(stories, sorted(rows, key=lambda row: row.at), ROUTE)
    for story in stories.values():
        for slug in ROUTE.places:
            assert (story.took(slug) or 0) >= 0
            assert (story.spent(slug, at(90)) or 0) >= 0
            assert story.waited(slug, at(90)) >= 0
