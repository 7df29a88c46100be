"""A fresh attendee in a fresh account for every test that asks for one."""

from pathlib import Path

import pytest

from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def aws(sandbox) -> Aws:
    return Aws("eu-west-1", sandbox.sandbox.endpoint)


@pytest.fixture
def admin(account) -> Keys:
    return Keys(account.root.access_key, account.root.secret_key)


@pytest.fixture
def attendee(account) -> Attendee:
    return Attendee("paulf", account.id, "eu-west-1", "pg23")


@pytest.fixture
def lab(attendee, aws, admin) -> Lab:
    keys = prepare(attendee, aws, admin, ROOT / "sample_app")
    return Lab(attendee, aws, keys)
