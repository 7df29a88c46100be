"""A call, written as the AWS CLI takes it."""

import json
import subprocess
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workshop.plan.command import Unsayable, command

SESSION = botocore.session.get_session()
TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=40)


def model(service: str, operation: str) -> Any:
    return SESSION.get_service_model(service).operation_model(operation)


def words(line: str) -> list[str]:
    """What a shell hands to `aws`."""
    script = f"aws() {{ printf '%s\\0' \"$@\"; }}\n{line}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    return ran.stdout.decode().split("\0")[:-1]


@settings(max_examples=60, deadline=None)
@given(TEXT)
def test_any_text_reaches_the_cli_as_it_is(text: str) -> None:
    given = words(command(model("sts", "DecodeAuthorizationMessage"), {"EncodedMessage": text}))
    if given[2] == "--cli-input-json":
        assert json.loads(given[3]) == {"EncodedMessage": text}
    else:
        value = " ".join(given[2:]).removeprefix("--encoded-message").removeprefix("=").removeprefix(" ")
        assert value == text or json.loads(value) == json.loads(text)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_reach_the_cli_as_they_are(blob: bytes) -> None:
    line = command(model("kinesis", "PutRecord"), {"StreamName": "s", "Data": blob, "PartitionKey": "k"})
    ran = subprocess.run(["bash", "-c", f"aws() {{ cat; }}\n{line}"], capture_output=True, check=True)
    assert ran.stdout == blob


@pytest.mark.parametrize(
    ("service", "operation", "params", "line"),
    [
        ("iam", "CreateRole", {"RoleName": "r"}, "aws iam create-role --role-name r"),
        ("s3", "CreateBucket", {"Bucket": "b"}, "aws s3api create-bucket --bucket b"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "aws lambda invoke --function-name f /dev/stdout"),
        (
            "events",
            "RemoveTargets",
            {"Rule": "r", "Ids": ["a", "b c"], "Force": True},
            "aws events remove-targets --rule r --ids a 'b c' --force",
        ),
        (
            "events",
            "RemoveTargets",
            {"Rule": "r", "Ids": ["-a"], "Force": False},
            """aws events remove-targets --rule r --ids '["-a"]' --no-force""",
        ),
        (
            "codepipeline",
            "DeleteCustomActionType",
            {"category": "Test", "provider": "p", "version": "1"},
            "aws codepipeline delete-custom-action-type --cli-input-json"
            """ '{"category": "Test", "provider": "p", "version": "1"}'""",
        ),
        (
            "cloudformation",
            "CreateStack",
            {"StackName": "s", "TemplateURL": "https://x/y"},
            "aws cloudformation create-stack --cli-input-json"
            """ '{"StackName": "s", "TemplateURL": "https://x/y"}'""",
        ),
    ],
)
def test_a_call_is_written_as_people_write_it(
    service: str, operation: str, params: dict[str, Any], line: str
) -> None:
    assert command(model(service, operation), params).replace(" \\\n ", "") == line


def test_bytes_within_a_structure_cannot_be_said_to_both_versions() -> None:
    files = [{"filePath": "a", "fileContent": b"a"}]
    with pytest.raises(Unsayable):
        command(model("codecommit", "CreateCommit"), {"repositoryName": "r", "putFiles": files})
