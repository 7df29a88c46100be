"""What a report says first, in sentences: the one thing that each of its parts comes to."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.language.tongue import digits, gettext, ngettext, told
from workshop.room.report import Report, Stage

ENOUGH = 3  # of whom something has to be true before it is called a finding


def findings(report: Report) -> list[str]:
    """The sentences, the most telling first; none where nobody has begun."""
    if not report.begun:
        return []
    parts = (_how_far, _where_left, _longest, _what_failed, _own_hand, _hands)
    return [sentence for part in parts for sentence in part(report)]


def _how_far(report: Report) -> Iterator[str]:
    many = len(report.finishers)
    yield ngettext(
        "Of the one person who began, %(finished)s finished.",
        "Of %(num)s people who began, %(finished)s finished (%(share)s %%).",
        report.begun,
        finished=digits(many),
        share=digits(round(100 * many / report.begun)),
    )
    half = report.half
    if half and many * 2 < report.begun:
        yield gettext("Half of them got to the end of step %(number)s, %(title)s.", **_named(half))


def _where_left(report: Report) -> Iterator[str]:
    stage = report.hardest
    if stage and stage.lost >= ENOUGH:
        yield gettext(
            "Most were left behind at step %(number)s, %(title)s: %(lost)s of the %(reached)s who came to it"
            " did not pass it.",
            lost=digits(stage.lost),
            reached=digits(stage.reached),
            **_named(stage),
        )


def _longest(report: Report) -> Iterator[str]:
    stage = report.longest
    if stage and stage.took and stage.took.many >= ENOUGH:
        yield gettext(
            "Step %(number)s, %(title)s, took longest: %(middle)s min at the median, and more than"
            " %(high)s min for a quarter. It is meant to take %(meant)s min.",
            middle=_minutes(stage.took.middle),
            high=_minutes(stage.took.high),
            meant=digits(stage.stop.minutes),
            **_named(stage),
        )


def _what_failed(report: Report) -> Iterator[str]:
    worst = report.failed[0] if report.failed else None
    if worst is None or worst.people < ENOUGH:
        return
    said = gettext(
        "What failed most was “%(claim)s” in step %(number)s: for %(people)s of %(of)s.",
        claim=told(worst.claim),
        number=worst.number,
        people=digits(worst.people),
        of=digits(worst.of),
    )
    if worst.seconds is not None:
        minutes = _minutes(worst.seconds)
        said += " " + gettext("Half of them had mended it after %(minutes)s min.", minutes=minutes)
    yield said


def _own_hand(report: Report) -> Iterator[str]:
    if report.own_share is None:
        return
    said = gettext("%(share)s %% of what was done, people did by themselves.", share=digits(report.own_share))
    most = report.most_helped
    if most and most.helped >= ENOUGH:
        said += " " + gettext(
            "Most often done for them was step %(number)s, %(title)s: for %(helped)s.",
            helped=digits(most.helped),
            **_named(most),
        )
    yield said


def _hands(report: Report) -> Iterator[str]:
    if not report.help.raised:
        return
    said = ngettext(
        "One hand was raised.",
        "%(num)s hands were raised, by %(people)s people.",
        report.help.raised,
        people=digits(report.help.people),
    )
    if report.help.waited:
        said += " " + gettext(
            "Half of them waited for less than %(minutes)s min.", minutes=_minutes(report.help.waited.middle)
        )
    yield said


def _named(stage: Stage) -> dict[str, object]:
    return {"number": stage.number, "title": gettext("“%(title)s”", title=told(stage.stop.title))}


def _minutes(seconds: float) -> str:
    """Minutes, with a decimal where there are few."""
    minutes = seconds / 60
    return digits(round(minutes, 1) if minutes < 10 else round(minutes))
