"""A sandbox that others than this machine reach, by a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Account, free_port
from tests.sandbox.functions import ECHO, function, request
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings
from workshop.visit import NoAnswer, visit

PUBLIC = "https://aws.example.org"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    server = Server(Settings(state=tmp_path, port=free_port(), public_url=PUBLIC))
    server.start()
    yield Account(server)
    server.stop()


def test_what_is_shown_to_attendees_begins_with_the_public_name(account: Account) -> None:
    repository = account.client("codecommit").create_repository(repositoryName="r")["repositoryMetadata"]
    assert repository["cloneUrlHttp"] == f"{PUBLIC}/v1/repos/r"
    api = account.client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")
    assert api["ApiEndpoint"] == f"https://{api['ApiId']}.execute-api.aws.example.org"


def test_a_function_answers_under_the_public_name(account: Account) -> None:
    function(account, {"index.mjs": ECHO})
    client = account.client("lambda")
    url = client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
    client.add_permission(
        FunctionName="f",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    host = url.removeprefix("https://").rstrip("/")
    assert host.endswith(".lambda-url.aws.example.org")
    assert request(account, host, "/there").json["rawPath"] == "/there"
    endpoint = account.server.sandbox.endpoint
    assert visit(url + "there", endpoint, PUBLIC).status == 200
    with pytest.raises(NoAnswer, match="not an address"):
        visit("https://aws.example.org.evil.example/", endpoint, PUBLIC)
