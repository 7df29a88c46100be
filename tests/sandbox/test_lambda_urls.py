"""Function URLs: a function answers HTTP without an API (verified against AWS's developer guide)."""

from __future__ import annotations

from typing import Any

from tests.conftest import Account
from tests.sandbox.functions import ECHO, Reply, function, request


def opened(account: Account, auth_type: str = "NONE", **settings: Any) -> str:
    """A public URL of a function with these settings; its host."""
    function(account, {"index.mjs": ECHO}, **settings)
    client = account.client("lambda")
    url = client.create_function_url_config(FunctionName="f", AuthType=auth_type)["FunctionUrl"]
    client.add_permission(
        FunctionName="f",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    host: str = url.removeprefix("http://").rstrip("/")
    return host


def _ask(account: Account, host: str, path: str = "/") -> Reply:
    return request(account, host, path)


def test_a_public_url_gives_the_function_the_request(account: Account) -> None:
    event = _ask(account, opened(account), "/a%20b?q=1").json
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/a%20b", "q=1")
    assert event["requestContext"]["domainName"].endswith(".lambda-url.localhost")


def test_a_url_without_permission_is_closed(account: Account) -> None:
    host = opened(account)
    account.client("lambda").remove_permission(FunctionName="f", StatementId="public")
    assert (_ask(account, host).status, _ask(account, host).json) == (403, {"message": "Forbidden"})


def test_a_url_for_known_callers_is_closed_to_others(account: Account) -> None:
    assert _ask(account, opened(account, "AWS_IAM")).status == 403


def test_a_deleted_url_is_closed(account: Account) -> None:
    host = opened(account)
    account.client("lambda").delete_function_url_config(FunctionName="f")
    assert _ask(account, host).status == 403


def test_urls_are_listed(account: Account) -> None:
    host = opened(account)
    listed = account.client("lambda").list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]
    assert [one["FunctionUrl"] for one in listed] == [f"http://{host}/"]
