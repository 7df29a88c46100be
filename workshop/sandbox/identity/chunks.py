"""Checks bodies that S3 clients sign chunk by chunk (``aws-chunked``).

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from moto.core.request import Request

from workshop.sandbox.identity.signature import Claim, sign, signing_key

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()


def holds(claim: Claim, secret: str, request: Request) -> bool:
    """Whether every chunk bears the right signature; true of bodies that are not signed so."""
    if not request.headers.get("X-Amz-Content-Sha256", "").startswith(SIGNED):
        return True
    try:
        return _all_hold(claim, secret, request)
    except ValueError:  # a chunk's size is no number
        return False


def _all_hold(claim: Claim, secret: str, request: Request) -> bool:
    key = signing_key(secret, claim.date, claim.region, claim.service)
    previous, last = claim.signature, None
    for signature, data in _chunks(request.get_data()):
        digest = hashlib.sha256(data).hexdigest()
        text = (f"{SIGNED.removeprefix('STREAMING-')}", claim.time, claim.scope, previous, EMPTY, digest)
        if not hmac.compare_digest(sign(key, "\n".join(text)), signature):
            return False
        previous, last = signature, data
    return last == b""


def _chunks(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The signature and bytes of each chunk, up to the empty one that ends them."""
    at = 0
    while (end := body.find(b"\r\n", at)) > 0:
        size, _, extension = body[at:end].partition(b";")
        length = int(size, 16)
        at = end + 2
        yield extension.partition(b"=")[2].decode("latin-1"), body[at : at + length]
        at += length + 2
        if not length:
            return
