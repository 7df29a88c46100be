"""Signature Version 2, with which boto3 and the AWS CLI still presign S3 URLs by default.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl

from botocore.auth import HmacV1Auth
from moto.core.request import Request

HEADER = re.compile(r"AWS (?P<key>[^:]+):(?P<signature>\S+)")
TOKEN = "x-amz-security-token"


@dataclass(frozen=True)
class Claim2:
    """What such a request says; `until` is in epoch seconds and of presigned URLs only."""

    key: str
    signature: str
    token: str | None
    until: int | None
    made: float | None = None


class _Url(NamedTuple):
    path: str
    query: str


def claim_of(request: Request) -> Claim2 | None:
    """The claim in a request's header or URL, None if it is not signed so."""
    match = HEADER.fullmatch(request.headers.get("Authorization", ""))
    if match:
        return Claim2(match["key"], match["signature"], request.headers.get(TOKEN), None, _made(request))
    if "AWSAccessKeyId" in request.args and "Signature" in request.args:
        until = request.args.get("Expires", "0")
        moment = int(until) if until.isdigit() else 0
        token = request.args.get(TOKEN)
        return Claim2(request.args["AWSAccessKeyId"], request.args["Signature"], token, moment)
    return None


def _made(request: Request) -> float:
    text = request.headers.get("X-Amz-Date") or request.headers.get("Date", "")
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return 0.0


def expected(claim: Claim2, secret: str, request: Request) -> str:
    """The signature that the holder of `secret` would have made for this request."""
    digest = hmac.new(secret.encode(), _canonical(claim, request).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _canonical(claim: Claim2, request: Request) -> str:
    url = _Url(request.raw_path, request.query_string.decode("latin-1"))
    sent = {name.lower(): value.strip() for name, value in request.headers.items()}
    if claim.until is not None:
        sent = dict(parse_qsl(url.query)) | sent | {"date": str(claim.until)}
    date = "" if "x-amz-date" in sent and claim.until is None else sent.get("date", "")
    extensions = sorted(name for name in sent if name.startswith("x-amz-"))
    # Which query parameters are part of the resource is botocore's own list.
    resource = HmacV1Auth(None).canonical_resource(url)
    lines = (request.method, sent.get("content-md5", ""), sent.get("content-type", ""), date)
    return "\n".join((*lines, *(f"{name}:{sent[name]}" for name in extensions), resource))
