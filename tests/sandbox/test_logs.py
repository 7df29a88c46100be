"""Searching logs: CloudWatch Logs' filter patterns, by a table and through the API."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.logs.pattern import compiled
from workshop.sandbox.logs.token import InvalidPattern

LINES = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[WARN] careful ARGUMENTS",
    '{"level": "error", "ms": 12.5, "tags": ["a", "b"], "user": {"name": "ann"}, "ok": true, "no": null}',
    '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534',
]
# By the examples of the user guide's page on filter pattern syntax.
CASES = [
    ("", [0, 1, 2, 3, 4]),
    ("ERROR", [0, 1]),
    ("ERROR REQUEST", [0, 1]),
    ('"BAD REQUEST"', [0]),
    ("?BAD ?ARGUMENTS", [0, 2]),
    ("ERROR -UNAUTHORIZED", [0]),
    ('ERROR -"BAD REQUEST"', [1]),
    ("-ERROR -WARN", [3, 4]),
    ("ERROR ?WARN", [0, 1]),
    ("%40[01]%", [0, 1]),
    ("error", [3]),
    ('{ $.level = "error" }', [3]),
    ('{ $.level = "err*" && $.ms > 12 }', [3]),
    ("{ $.ms > 13 }", []),
    ('{ ($.ms > 13) || ($.tags[1] = "b") }', [3]),
    ('{ $.user.name != "ann" }', []),
    ("{ $.ok IS TRUE }", [3]),
    ("{ $.no IS NULL }", [3]),
    ("{ $.nowhere NOT EXISTS }", [3]),
    ("{ $.nowhere EXISTS }", []),
    ("{ $.level = %^err% }", [3]),
    ("[ip, id, user, time, request, status = 404, bytes]", [4]),
    ("[ip, id, user, time, request, status = 4*, bytes > 2000]", []),
    ("[..., status = 404 || status = 410, bytes]", [4]),
    ("[ip, ..., bytes < 2000]", [4]),
]


@pytest.mark.parametrize(("pattern", "found"), CASES)
def test_a_pattern_finds_the_lines_that_aws_finds(pattern: str, found: list[int]) -> None:
    matches = compiled(pattern)
    assert [index for index, line in enumerate(LINES) if matches(line)] == found


@pytest.mark.parametrize("pattern", ["{ $.a = }", "{ $.a", "[a, b", '"open', "{ a = 1 }", "a(b", "%(%"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compiled(pattern)


def logged(account: Account, **streams: list[str]) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="g")
    now = int(time.time() * 1000)
    for stream, lines in streams.items():
        logs.create_log_stream(logGroupName="g", logStreamName=stream)
        events = [{"timestamp": now + place, "message": line} for place, line in enumerate(lines)]
        logs.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)


def test_a_search_goes_through_all_streams_by_pages(account: Account) -> None:
    logged(account, one=[f"line {n}" for n in range(5)], other=["line x", "noise"])
    pages = account.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName="g", filterPattern="line", PaginationConfig={"PageSize": 2})
    assert sorted(e["message"] for answer in found for e in answer["events"]) == [
        *(f"line {n}" for n in range(5)),
        "line x",
    ]


def test_a_search_keeps_to_the_streams_that_are_named(account: Account) -> None:
    logged(account, one=[json.dumps({"level": "error"})], other=[json.dumps({"level": "error"})])
    found = account.client("logs").filter_log_events(
        logGroupName="g", logStreamNamePrefix="o", filterPattern='{ $.level = "error" }'
    )
    assert {event["logStreamName"] for event in found["events"]} == {"one", "other"}
    only = account.client("logs").filter_log_events(logGroupName="g", logStreamNames=["one"])
    assert {event["logStreamName"] for event in only["events"]} == {"one"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"logGroupName": "g", "filterPattern": "{ $.a"}, "InvalidParameterException"),
        ({"logGroupName": "g", "nextToken": "nonsense"}, "InvalidParameterException"),
        ({"logGroupName": "none"}, "ResourceNotFoundException"),
        ({"logGroupName": "g", "logStreamNames": ["none"]}, "ResourceNotFoundException"),
    ],
)
def test_a_search_that_cannot_be_is_refused(account: Account, asked: dict[str, str], code: str) -> None:
    logged(account, one=["a line"])
    with pytest.raises(ClientError) as refused:
        account.client("logs").filter_log_events(**asked)
    assert refused.value.response["Error"]["Code"] == code


def test_a_resource_policy_that_says_nothing_locks_nobody_out(account: Account) -> None:
    logs = account.client("logs")
    with pytest.raises(ClientError) as refused:
        logs.put_resource_policy(policyName="p", policyDocument="{no")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    logs.create_log_group(logGroupName="g")


@pytest.mark.parametrize(
    ("operation", "asked", "says"),
    [
        ("create_log_group", {"logGroupName": "bad name!"}, "at 'logGroupName' failed .* pattern"),
        ("put_retention_policy", {"logGroupName": "g", "retentionInDays": 8}, "at 'retentionInDays'"),
        ("filter_log_events", {"logGroupName": "g", "limit": 10001}, "less than or equal to 10000"),
    ],
)
def test_what_the_model_forbids_is_refused(
    account: Account, operation: str, asked: dict[str, object], says: str
) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="g")
    with pytest.raises(ClientError, match=says) as refused:
        getattr(logs, operation)(**asked)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
