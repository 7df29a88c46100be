"""Where a template comes from: the request itself, or an object in S3 that the caller may read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError

BODY_LIMIT = 51_200
OBJECT_LIMIT = 1_048_576
HOSTS = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.(?:amazonaws\.com(?:\.cn)?|localhost)"
)


def text(params: Mapping[str, Any], client: Callable[[str], Any], endpoint: str) -> str | None:
    """TemplateBody, or what TemplateURL points to; None if the request has neither."""
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    if body is not None:
        if len(body.encode()) > BODY_LIMIT:
            raise invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {BODY_LIMIT}"
            )
        return str(body)
    return fetch(url, client, endpoint) if url is not None else None


def fetch(url: str, client: Callable[[str], Any], endpoint: str) -> str:
    """The text of an object in S3; AwsError ValidationError in AWS's words if it cannot be read."""
    bucket, key, version = place(url, endpoint)
    given = {"VersionId": version} if version else {}
    try:
        found: bytes = client("s3").get_object(Bucket=bucket, Key=key, **given)["Body"].read()
    except ClientError as error:
        raise invalid(
            f"S3 error: {error.response['Error'].get('Message')}\n"
            "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from None
    if len(found) > OBJECT_LIMIT:
        raise invalid("Template may not exceed 1000000 bytes in size.")
    return found.decode(errors="replace")


def place(url: str, endpoint: str) -> tuple[str, str, str | None]:
    """Bucket, key and version in an S3 URL: virtual-hosted, path style, s3:// or this sandbox's."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    version = parse_qs(parts.query).get("versionId", [None])[0]
    if parts.scheme == "s3" and parts.netloc and path:
        return parts.netloc, path, version
    host = HOSTS.fullmatch(parts.hostname or "")
    if host and host["bucket"] and path:
        return host["bucket"], path, version
    local = parts.hostname in ("127.0.0.1", "localhost") or parts.netloc == urlsplit(endpoint).netloc
    bucket, _, key = path.partition("/")
    if (host or local) and key:
        return bucket, key, version
    raise invalid("TemplateURL must be a supported URL.")


def invalid(message: str) -> AwsError:
    """CloudFormation's answer to nearly everything that is wrong with a request."""
    return AwsError("ValidationError", message)
