"""What tests of functions and APIs share: packages, functions ready to run, requests as they are sent."""

from __future__ import annotations

import base64
import http.client
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import Account

LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
ECHO = "export const handler = async (event) => ({statusCode: 200, body: JSON.stringify(event)});"


def package(files: Mapping[str, str | bytes]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def function(
    account: Account, files: Mapping[str, str | bytes], *, runtime: str = "nodejs24.x", **settings: Any
) -> str:
    """Make the function `f` under a role that may write logs; its ARN."""
    role = settings.pop("Role", None) or account.role("function-role", "lambda.amazonaws.com", LOGS)
    defaults = {"FunctionName": "f", "Handler": "app.handler" if "python" in runtime else "index.handler"}
    made = account.client("lambda").create_function(
        **{**defaults, "Role": role, "Runtime": runtime, "Code": {"ZipFile": package(files)}, **settings}
    )
    arn: str = made["FunctionArn"]
    return arn


@dataclass(frozen=True)
class Outcome:
    """What an invocation brought: the JSON answer, the error's kind (None: no error), the log's end."""

    answer: Any
    error: str | None
    log: str


def invoke(account: Account, event: Any = None, **settings: Any) -> Outcome:
    """Invoke `f` and wait."""
    payload = json.dumps(event or {}).encode()
    call = {"FunctionName": "f", "LogType": "Tail", "Payload": payload, **settings}
    result = account.client("lambda").invoke(**call)
    log = base64.b64decode(result["LogResult"]).decode()
    return Outcome(json.loads(result["Payload"].read()), result.get("FunctionError"), log)


@dataclass(frozen=True)
class Reply:
    """An HTTP response; header names in lower case, all values of a name."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    account: Account,
    host: str,
    path: str,
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Reply:
    """Send a request as it stands, to this sandbox under any host name."""
    connection = http.client.HTTPConnection("127.0.0.1", account.server.sandbox.settings.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in [("Host", host), *(headers or [])]:
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    answer = connection.getresponse()
    found: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        found.setdefault(name.lower(), []).append(value)
    content = answer.read()
    connection.close()
    return Reply(answer.status, found, content)


def let_apis_invoke(account: Account, source: str = "*") -> None:
    """Permit APIs of the account, or one, to invoke `f`."""
    account.client("lambda").add_permission(
        FunctionName="f",
        StatementId=f"apis-{abs(hash(source))}",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:eu-west-1:{account.id}:{source}",
    )
