"""Links under which a function's code can be fetched for ten minutes, as GetFunction hands them out."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING

from workshop.sandbox.lambda_.state import Code

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

PREFIX = "/_aws/lambda/code/"
SECONDS = 600
LINK = re.compile(r"(?P<sha256>[0-9a-f]{64})-(?P<ends>\d+)-(?P<seal>[0-9a-f]{32})\.zip")


class Download:
    """Makes and checks links; whoever has one may fetch, like with a presigned URL."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def link(self, code: Code) -> str:
        """A URL of this sandbox for the package."""
        ends = int(time.time()) + SECONDS
        seal = self._seal(code.sha256, ends)
        return f"{self._sandbox.endpoint}{PREFIX}{code.sha256}-{ends}-{seal}.zip"

    def wanted(self, path: str) -> Code | None:
        """The package that a link's path is for; None if the link is not ours or has ended."""
        match = LINK.fullmatch(path.removeprefix(PREFIX))
        if not match or int(match["ends"]) < time.time():
            return None
        if not hmac.compare_digest(match["seal"], self._seal(match["sha256"], int(match["ends"]))):
            return None
        return Code(match["sha256"], 0)

    def _seal(self, sha256: str, ends: int) -> str:
        secret = self._sandbox.sessions.secret(f"lambda-code-{sha256}-{ends}")
        return hashlib.sha256(secret.encode()).hexdigest()[:32]


def is_link(path: str) -> bool:
    """Whether a request's path is meant for here."""
    return path.startswith(PREFIX)
