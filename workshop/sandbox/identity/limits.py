"""STS's limits on what may be asked, in the words of its request validation.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workshop.sandbox.call import AwsError

NAME: Final = r"[\w+=,.@-]*"
HOUR: Final = 3600


@dataclass(frozen=True)
class Limit:
    """What a parameter must satisfy: a number's or a text's least and most, and a pattern."""

    least: int
    most: int
    pattern: str = ""

    def broken_by(self, value: str | int) -> Iterator[str]:
        """The constraints that `value` does not satisfy."""
        size, what = (len(value), "length") if isinstance(value, str) else (value, "value")
        if size > self.most:
            yield f"Member must have {what} less than or equal to {self.most}"
        if size < self.least:
            yield f"Member must have {what} greater than or equal to {self.least}"
        if self.pattern and not re.fullmatch(self.pattern, str(value), re.ASCII):
            yield f"Member must satisfy regular expression pattern: {self.pattern}"


ASSUME_ROLE: Final[Mapping[str, Limit]] = {
    "RoleArn": Limit(20, 2048),
    "RoleSessionName": Limit(2, 64, NAME),
    "DurationSeconds": Limit(900, 12 * HOUR),
    "ExternalId": Limit(2, 1224, r"[\w+=,.@:\/-]*"),
    "SourceIdentity": Limit(2, 64, NAME),
    "Policy": Limit(1, 2048),
}
SESSION_TOKEN: Final[Mapping[str, Limit]] = {"DurationSeconds": Limit(900, 36 * HOUR)}
FEDERATION_TOKEN: Final[Mapping[str, Limit]] = {
    "Name": Limit(2, 32, NAME),
    "DurationSeconds": Limit(900, 36 * HOUR),
    "Policy": Limit(1, 2048),
}
MOST_TAGS: Final = 50
MOST_POLICIES: Final = 10


def check(params: Mapping[str, Any], limits: Mapping[str, Limit]) -> None:
    """Refuse parameters that break their limits with AWS's ValidationError."""
    errors = [
        f"Value '{params[name]}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: {broken}"
        for name, limit in limits.items()
        if name in params
        for broken in limit.broken_by(params[name])
    ]
    if errors:
        plural = "s" if len(errors) > 1 else ""
        raise invalid(f"{len(errors)} validation error{plural} detected: {'; '.join(errors)}")


def invalid(message: str) -> AwsError:
    """STS's ValidationError."""
    return AwsError("ValidationError", message)
