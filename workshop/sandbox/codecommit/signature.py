"""Checks the passwords that AWS's git credential helpers compute: SigV4 over the method GIT."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

VALID_FOR = timedelta(minutes=15)
PASSWORD = re.compile(r"(?P<time>\d{8}T\d{6})Z(?P<signature>[0-9a-f]{64})")


def is_signature(password: str) -> bool:
    """Whether a password has the form of a signature rather than of a chosen secret."""
    return PASSWORD.fullmatch(password) is not None


def is_current(password: str, now: datetime) -> bool:
    """Whether a signature was made less than 15 minutes before or after `now`."""
    match = PASSWORD.fullmatch(password)
    if match is None:
        return False
    try:
        made = datetime.strptime(match["time"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - made) < VALID_FOR


def region_of(password: str, secret: str, path: str, host: str, regions: Iterable[str]) -> str | None:
    """The region of `regions` for which `secret` gives this password, None if it is none of them.

    Nothing in the request says for which region it was signed, so each is tried.  The credential
    helper signs the host without its port, git-remote-codecommit as it stands: both count.
    """
    match = PASSWORD.fullmatch(password)
    if match is None:
        return None
    hosts = {host, host.partition(":")[0]}
    digests = [hashlib.sha256(f"GIT\n{path}\n\nhost:{name}\n\nhost\n".encode()).hexdigest() for name in hosts]
    for region in regions:
        made = [sign(secret, match["time"], region, digest) for digest in digests]
        if any(hmac.compare_digest(each, match["signature"]) for each in made):
            return region
    return None


def sign(secret: str, time: str, region: str, digest: str) -> str:
    """The signature of a canonical request's SHA-256 `digest`, at `time` (YYYYMMDDTHHMMSS)."""
    scope = [time[:8], region, "codecommit", "aws4_request"]
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", time, "/".join(scope), digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
