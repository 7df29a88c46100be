"""Signature Version 4: what a request claims, and what its signature ought to be.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from moto.core.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-"
UNRESERVED = "-_.~"
HEADER = re.compile(
    ALGORITHM + r"\s+Credential=(?P<credential>[^,\s]+)\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)"
    r"\s*,\s*Signature=(?P<signature>[0-9a-fA-F]+)\s*"
)
SPACES = re.compile(r"\s+")
TIME = re.compile(r"(\d{4})(0[1-9]|1[0-2])(\d\d)T(\d\d)(\d\d)(\d\d)Z")


class MalformedError(ValueError):
    """A request whose authentication cannot be read."""


@dataclass(frozen=True)
class Claim:
    """What a signed request says: whose key, for when and what, over which headers.

    `lifetime` is in seconds, for presigned URLs only.
    """

    key: str
    date: str
    region: str
    service: str
    time: str
    headers: tuple[str, ...]
    signature: str
    token: str | None
    lifetime: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def made(self) -> float:
        """When the request was signed, in epoch seconds; MalformedError if the time is none."""
        match = TIME.fullmatch(self.time)
        if not match:
            raise MalformedError("Date must be in ISO-8601 'basic format'")
        return float(calendar.timegm(tuple(map(int, match.groups()))))


def claim_of(request: Request) -> Claim | None:
    """The claim in a request's header or URL, None if it is not signed so."""
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith(ALGORITHM):
        return _in_header(request, authorization)
    if request.args.get("X-Amz-Algorithm") == ALGORITHM:
        return _in_url(request.args)
    return None


def _in_header(request: Request, authorization: str) -> Claim:
    match = HEADER.fullmatch(authorization)
    if not match:
        raise MalformedError("Authorization header requires Credential, SignedHeaders and Signature.")
    headers = tuple(match["headers"].lower().split(";"))
    time = request.headers.get("X-Amz-Date") or request.headers.get("Date", "")
    token = request.headers.get("X-Amz-Security-Token")
    return Claim(*_credential(match["credential"]), time, headers, match["signature"].lower(), token)


def _in_url(query: Mapping[str, str]) -> Claim:
    try:
        return Claim(
            *_credential(query["X-Amz-Credential"]),
            query["X-Amz-Date"],
            tuple(query["X-Amz-SignedHeaders"].lower().split(";")),
            query["X-Amz-Signature"].lower(),
            query.get("X-Amz-Security-Token"),
            int(query["X-Amz-Expires"]),
        )
    except (KeyError, ValueError) as error:
        raise MalformedError("Query-string authentication lacks a parameter or has a wrong one.") from error


def _credential(text: str) -> tuple[str, str, str, str]:
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise MalformedError("Credential must have exactly 5 slash-delimited elements.")
    key, date, region, service, _ = parts
    return key, date, region, service


def expected(claim: Claim, secret: str, request: Request) -> str:
    """The signature that the holder of `secret` would have made for this request."""
    # A header's bytes come as latin-1 characters, whatever the client meant by them.
    digest = hashlib.sha256(canonical(claim, request).encode("latin-1", "replace")).hexdigest()
    text = "\n".join((ALGORITHM, claim.time, claim.scope, digest))
    return sign(signing_key(secret, claim.date, claim.region, claim.service), text)


def canonical(claim: Claim, request: Request) -> str:
    """The canonical form of a request, which is what is signed."""
    presigned = claim.lifetime is not None
    lines = [f"{name}:{_header(request, name)}" for name in claim.headers]
    return "\n".join(
        (
            request.method,
            _path(request.raw_path, claim.service),
            _query(request.query_string.decode("latin-1"), presigned),
            *lines,
            "",
            ";".join(claim.headers),
            payload_hash(claim, request),
        )
    )


def _header(request: Request, name: str) -> str:
    value = request.host if name == "host" else request.headers.get(name, "")
    return SPACES.sub(" ", value.strip())


def _path(raw: str, service: str) -> str:
    """The path: S3's encoded once, every other service's once more than it was sent."""
    once = quote(unquote_to_bytes(raw), safe="/" + UNRESERVED)
    return once if service in ("s3", "s3express") else quote(_normalized(raw), safe="/" + UNRESERVED)


def _normalized(path: str) -> str:
    """The path without empty, ``.`` and ``..`` segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept[-1:] = []
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{trailing}"


def _query(raw: str, presigned: bool) -> str:
    pairs = []
    for item in raw.split("&") if raw else ():
        name, _, value = item.partition("=")
        name = unquote_plus(name)
        if not (presigned and name == "X-Amz-Signature"):
            pairs.append((quote(name, safe=UNRESERVED), quote(unquote_plus(value), safe=UNRESERVED)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def payload_hash(claim: Claim, request: Request) -> str:
    """What stands for the body in the canonical form."""
    if claim.lifetime is not None and claim.service == "s3":
        return request.headers.get("X-Amz-Content-Sha256", UNSIGNED)
    stated = request.headers.get("X-Amz-Content-Sha256")
    return stated or hashlib.sha256(request.get_data()).hexdigest()


def states_other_payload(claim: Claim, request: Request) -> bool:
    """Whether the request names a hash that its body does not have.

    Only S3 takes bodies that are not signed, or signed chunk by chunk.
    """
    stated = request.headers.get("X-Amz-Content-Sha256")
    if not stated or (claim.lifetime is not None and claim.service == "s3"):
        return False
    if claim.service.startswith("s3") and (stated == UNSIGNED or stated.startswith(STREAMING)):
        return False
    return stated != hashlib.sha256(request.get_data()).hexdigest()


def sign(key: bytes, text: str) -> str:
    """The signature of a text under a signing key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service, derived from a secret."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
