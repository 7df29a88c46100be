"""The ways to name a function (verified against AWS's API reference, FunctionName)."""

from __future__ import annotations

import pytest

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.names import parse

HERE = ("111122223333", "eu-west-1")
ARN = "arn:aws:lambda:us-east-1:444455556666:function:f"
NAMES = {
    "f": (*HERE, "f", None),
    "f:live": (*HERE, "f", "live"),
    "444455556666:function:f": ("444455556666", "eu-west-1", "f", None),
    ARN: ("444455556666", "us-east-1", "f", None),
    f"{ARN}:$LATEST": ("444455556666", "us-east-1", "f", "$LATEST"),
    f"{ARN}:7": ("444455556666", "us-east-1", "f", "7"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_a_name_means_a_function(name: str) -> None:
    found = parse(name, *HERE)
    assert (found.account, found.region, found.name, found.qualifier) == NAMES[name]


@pytest.mark.parametrize("name", ["", "a b", "f:", "x" * 65, "arn:aws:s3:::f", "f:live:more"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(AwsError, match="Member must satisfy regular expression pattern"):
        parse(name, *HERE)


def test_two_qualifiers_must_be_one() -> None:
    assert parse("f:live", *HERE, "live").qualifier == "live"
    with pytest.raises(AwsError, match="derived qualifier"):
        parse("f:live", *HERE, "other")
