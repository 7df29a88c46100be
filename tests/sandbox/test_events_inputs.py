"""What targets are given of an event, and when schedules are due: as tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workshop.sandbox.events.inputs import text_for
from workshop.sandbox.events.schedule import matches, period

EVENT = {
    "id": "1",
    "detail-type": "Change",
    "source": "aws.codecommit",
    "resources": ["arn:1"],
    "detail": {"commitId": "abc", "quote": 'say "hi"', "n": 3, "list": [{"x": 1}], "flag": True},
}
RULE = "arn:aws:events:eu-west-1:111122223333:rule/r"


def transformer(template: str, **paths: str) -> dict[str, Any]:
    return {"InputTransformer": {"InputTemplate": template, "InputPathsMap": paths}}


REVISION = '{"sourceRevisions":[{"actionName":"Source","revisionType":"COMMIT_ID","revisionValue":<rev>}]}'
INPUTS: dict[str, tuple[dict[str, Any], Any]] = {
    "the whole event": ({}, EVENT),
    "a constant": ({"Input": '{"a": 1}'}, {"a": 1}),
    "a part": ({"InputPath": "$.detail"}, EVENT["detail"]),
    "a part that is not there": ({"InputPath": "$.nothing"}, None),
    "an element of a list": ({"InputPath": "$.detail.list[0].x"}, 1),
    "the revision for a pipeline": (
        transformer(REVISION, rev="$.detail.commitId"),
        {"sourceRevisions": [{"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": "abc"}]},
    ),
    "text within quotes": (transformer('{"m": "commit <c>!"}', c="$.detail.commitId"), {"m": "commit abc!"}),
    "quotes within quotes": (transformer('{"m": "<q>"}', q="$.detail.quote"), {"m": 'say "hi"'}),
    "a number": (transformer('{"n": <n>, "b": <b>}', n="$.detail.n", b="$.detail.flag"), {"n": 3, "b": True}),
    "an object": (transformer('{"o": <o>}', o="$.detail.list"), {"o": [{"x": 1}]}),
    "a string": (transformer('"Commit <c>"', c="$.detail.commitId"), "Commit abc"),
    "what is missing": (transformer('{"m": <m>, "t": "<m>"}', m="$.detail.nope"), {"m": None, "t": ""}),
    "the rule": (transformer('{"r": "<aws.events.rule-name>"}'), {"r": "r"}),
    "the event": (transformer('{"e": <aws.events.event.json>}'), {"e": EVENT}),
}


@pytest.mark.parametrize("case", INPUTS)
def test_what_a_target_gets(case: str) -> None:
    target, expected = INPUTS[case]
    assert json.loads(text_for(target, EVENT, RULE, "2026-07-04T14:25:40Z")) == expected


# 4 July 2026 is a Saturday, the first of the month.
SATURDAY = datetime(2026, 7, 4, 14, 25, tzinfo=UTC)
SCHEDULES = {
    "cron(25 14 * * ? *)": True,
    "cron(26 14 * * ? *)": False,
    "cron(*/5 * * * ? *)": True,
    "cron(0/10 * * * ? *)": False,
    "cron(25 12-15 ? * SAT *)": True,
    "cron(25 14 ? * MON-FRI *)": False,
    "cron(25 14 4 7 ? 2026)": True,
    "cron(25 14 4 JUN,JUL ? *)": True,
    "cron(25 14 ? * 7#1 *)": True,
    "cron(25 14 ? * 7#2 *)": False,
    "cron(25 14 ? * 7L *)": False,
    "cron(25 14 L * ? *)": False,
    "cron(25 14 3W * ? *)": False,
    "cron(bad)": False,
    "rate(5 minutes)": False,
}


@pytest.mark.parametrize("expression", SCHEDULES)
def test_when_a_cron_expression_is_due(expression: str) -> None:
    assert matches(expression, SATURDAY) is SCHEDULES[expression]


def test_the_working_day_nearest_to_a_saturday_is_the_friday() -> None:
    assert matches("cron(25 14 4W * ? *)", SATURDAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(12 hours)", timedelta(hours=12)),
        ("rate(7 days)", timedelta(days=7)),
        ("cron(0 1 * * ? *)", None),
    ],
)
def test_the_period_of_a_rate(expression: str, expected: timedelta | None) -> None:
    assert period(expression) == expected
