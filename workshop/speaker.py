"""One boto3 client for everybody: each call is signed with the keys of whoever makes it.

Making a client costs some ten milliseconds and a quarter of a megabyte, for each service and person; a
room of people would pay for hundreds. So the clients are shared, and what signs a request asks whose
call it is at that moment. Nobody's call is signed with nobody's keys: it fails (NoCredentialsError).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError


@dataclass(frozen=True)
class Keys:
    """One set of AWS credentials; `token` and `expires` only where they are temporary."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None


_speaks: ContextVar[Keys | None] = ContextVar("speaks", default=None)


@contextmanager
def speaking(keys: Keys) -> Iterator[None]:
    """Until this ends, calls in this thread are signed with these keys."""
    token = _speaks.set(keys)
    try:
        yield
    finally:
        _speaks.reset(token)


def who_speaks() -> str:
    """The access key of whoever makes this call; "" for nobody."""
    keys = _speaks.get()
    return keys.access_key if keys else ""


class Speaker(Credentials):  # type: ignore[misc]  # botocore has no types
    """Credentials in botocore's shape: those of whoever speaks."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """What a request is signed with."""
        keys = _speaks.get()
        if keys is None:
            raise NoCredentialsError
        return ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token)


class Voice:
    """A shared client, spoken through with one set of keys."""

    def __init__(self, client: Any, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in self._client.meta.method_to_api_mapping or name == "_make_api_call":
            return functools.partial(self._say, found)
        return found

    def _say(self, call: Any, *args: Any, **params: Any) -> Any:
        with speaking(self._keys):
            return call(*args, **params)

    def get_paginator(self, name: str) -> Any:
        """botocore's paginator, which asks for each page with these keys."""
        paginator = self._client.get_paginator(name)
        paginator._method = getattr(self, name)
        return paginator
