"""Sends the same signed request again and again over kept-alive connections."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CONNECTIONS = 4
REGION = "us-east-1"


@dataclass(frozen=True)
class Signed:
    """A request that is ready to be sent any number of times."""

    method: str
    endpoint: str
    path: str
    headers: dict[str, str]
    body: bytes


def sign(
    endpoint: str,
    service: str,
    key: tuple[str, str],
    *,
    method: str = "POST",
    path: str = "/",
    body: bytes = b"",
    form: bool = False,
) -> Signed:
    """Sign a request for `service` with a long-term key pair."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"} if form else {}
    request = AWSRequest(method, endpoint + path, headers, body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(*key), service, REGION).add_auth(request)
    return Signed(method, endpoint, path, dict(request.headers), body)


def rate(requests: list[Signed], seconds: float) -> float:
    """Successful requests per second; connection n sends request n, modulo their number."""
    counts = [0] * CONNECTIONS
    until = time.perf_counter() + seconds

    def send(index: int) -> None:
        request = requests[index % len(requests)]
        connection = http.client.HTTPConnection(urlsplit(request.endpoint).netloc)
        while time.perf_counter() < until:
            connection.request(request.method, request.path, request.body, request.headers)
            reply = connection.getresponse()
            reply.read()
            if reply.status != 200:
                raise RuntimeError(f"{request.method} {request.path} answered {reply.status}")
            counts[index] += 1
        connection.close()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds
