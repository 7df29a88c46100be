"""boto3 clients inside the sandbox: how its services meet each other, as somebody, and may be refused."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.core.request import Request

from workshop.sandbox.call import AwsError, Credentials, Principal

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

ONCE = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


class Clients:
    """Credentials for roles, and in-process clients that act under them.

    A client made here goes through the whole AWS API (parse, authorise, perform) but not
    through a socket or a signature: whom it acts for is handed over as a value.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._session = boto3.session.Session(
            aws_access_key_id="in-process", aws_secret_access_key="in-process", region_name="us-east-1"
        )
        self._lock = threading.Lock()
        self._client = functools.lru_cache(maxsize=256)(self._make)

    def assume(self, role_arn: str, session_name: str, service: str, *, region: str) -> Credentials:
        """Credentials for `role_arn`, assumed by the AWS service `service` ("codebuild.amazonaws.com").

        AwsError AccessDenied if there is no such role or it does not trust the service.
        """
        principal = self._sandbox.permissions.assume(role_arn, session_name, service, region)
        return self._sandbox.sessions.mint(principal)

    def client(self, name: str, who: Credentials | Principal, region: str) -> Any:
        """A boto3 client for the service `name` that acts as `who`; it raises ClientError as usual."""
        principal = who.principal if isinstance(who, Credentials) else who
        return self._client(name, principal, region)

    def environment(self, credentials: Credentials, region: str) -> dict[str, str]:
        """The variables that give a process these credentials."""
        variables = {
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._sandbox.endpoint,
        }
        if credentials.token:
            variables["AWS_SESSION_TOKEN"] = credentials.token
        return variables

    def _make(self, name: str, principal: Principal, region: str) -> Any:
        with self._lock:  # botocore's loaders are not safe for concurrent first use
            client = self._session.client(
                name, region_name=region, endpoint_url=self._sandbox.endpoint, config=ONCE
            )
        client.meta.events.register("before-send.*.*", functools.partial(self._send, principal))
        return client

    def _send(self, principal: Principal, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        if principal.expires and principal.expires < self._sandbox.now():
            raise AwsError("ExpiredToken", "The security token included in the request is expired", 403)
        inner = Request.from_primitives(request.method, request.url, request.headers, request.body)
        answer = self._sandbox.api.answer(inner, principal)
        return AWSResponse(request.url, answer.status, dict(answer.headers), _Body(answer.body))


class _Body:
    """A reply's body in the shape that botocore reads from urllib3."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content

    def read(self, amount: int | None = None, **_: Any) -> bytes:
        taken = self._content if amount is None else self._content[:amount]
        self._content = self._content[len(taken) :]
        return taken

    def close(self) -> None:
        self._content = b""
