"""Stack policies, as a table of cases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workshop.sandbox.cloudformation.protection import denial
from workshop.sandbox.cloudformation.state import Resource

DATABASE = Resource("Db", "AWS::DynamoDB::Table", "CREATE_COMPLETE", datetime.now(UTC))
ALL = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}


def deny(**more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": "Update:*"} | more


@pytest.mark.parametrize(
    ("statements", "action", "denied"),
    [
        ([ALL], "Update:Modify", False),
        ([], "Update:Modify", True),
        ([{**ALL, "Action": "Update:Delete"}], "Update:Modify", True),
        ([ALL, deny(Resource="LogicalResourceId/Db")], "Update:Modify", True),
        ([ALL, deny(Resource="LogicalResourceId/Other")], "Update:Modify", False),
        ([ALL, deny(Resource=["LogicalResourceId/X", "LogicalResourceId/D*"])], "Update:Modify", True),
        ([ALL, deny(Action=["Update:Replace"], Resource="*")], "Update:Modify", False),
        ([ALL, deny(Action=["Update:Replace"], Resource="*")], "Update:Replace", True),
        ([ALL, deny(NotResource="LogicalResourceId/Db")], "Update:Modify", False),
        (
            [ALL, deny(Condition={"StringEquals": {"ResourceType": ["AWS::DynamoDB::Table"]}})],
            "Update:Delete",
            True,
        ),
        (
            [ALL, deny(Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}})],
            "Update:Delete",
            False,
        ),
    ],
)
def test_a_policy_allows_or_denies(statements: list[Any], action: str, denied: bool) -> None:
    assert (denial(json.dumps({"Statement": statements}), action, DATABASE) is not None) == denied


def test_without_a_policy_everything_is_allowed() -> None:
    assert denial(None, "Update:Delete", DATABASE) is None
