"""A fresh attendee in a fresh account for every test that asks for one."""

from pathlib import Path

import pytest

from tests.conftest import Account
from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.sandbox.server import Server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def aws(sandbox: Server) -> Aws:
    return Aws("eu-west-1", sandbox.sandbox.endpoint)


@pytest.fixture
def admin(account: Account) -> Keys:
    return Keys(account.root.access_key, account.root.secret_key)


@pytest.fixture
def attendee(account: Account) -> Attendee:
    return Attendee("paulf", account.id, "eu-west-1", "pg23")


@pytest.fixture
def lab(attendee: Attendee, aws: Aws, admin: Keys) -> Lab:
    keys = prepare(attendee, aws, admin, ROOT / "sample_app")
    return Lab(attendee, aws, keys)
