"""One client for everybody: each call under the keys of who makes it, and under nobody else's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import NoCredentialsError

from tests.conftest import REGION, Account
from workshop.lab import Aws, Keys, Session
from workshop.sandbox.server import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def aws(sandbox: Server) -> Aws:
    return Aws(REGION, sandbox.sandbox.endpoint)


@pytest.fixture
def people(sandbox: Server, aws: Aws) -> dict[str, Session]:
    accounts = [Account(sandbox) for _ in range(4)]
    return {one.id: aws.session(Keys(one.root.access_key, one.root.secret_key)) for one in accounts}


def test_many_who_speak_at_once_are_each_heard_as_themselves(people: dict[str, Session]) -> None:
    asked = list(people) * 15
    with ThreadPoolExecutor(8) as threads:
        heard = threads.map(
            lambda account: people[account].client("sts").get_caller_identity()["Account"], asked
        )
        assert list(heard) == asked


def test_pages_that_are_asked_for_later_are_asked_for_by_the_same(people: dict[str, Session]) -> None:
    for account, session in people.items():
        for number in range(3):
            session.client("iam").create_role(
                RoleName=f"of-{account}-{number}", AssumeRolePolicyDocument=json.dumps(TRUST)
            )
    pages = {
        account: iter(
            session.client("iam").get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1})
        )
        for account, session in people.items()
    }
    for _ in range(3):  # by turns
        for account, mine in pages.items():
            (role,) = next(mine)["Roles"]
            assert role["RoleName"].startswith(f"of-{account}-")


def test_nobody_speaks_with_the_keys_of_who_spoke_last(aws: Aws, people: dict[str, Session]) -> None:
    for session in people.values():
        session.client("sts").get_caller_identity()
    with pytest.raises(NoCredentialsError):
        aws.shared("sts").get_caller_identity()
