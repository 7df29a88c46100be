"""Tries again what AWS refuses only because something new is not yet known everywhere."""

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

Answer = TypeVar("Answer")


def patiently(
    attempt: Callable[[], Answer], codes: tuple[str, ...], seconds: float = 60, pause: float = 2
) -> Answer:
    """The answer of `attempt`, tried for up to `seconds` while AWS refuses with one of `codes`.

    A new role takes 5 to 20 seconds until every service may assume it. The last refusal is raised.
    """
    last = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except ClientError as error:
            if error.response["Error"].get("Code") not in codes or time.monotonic() > last:
                raise
        time.sleep(pause)
