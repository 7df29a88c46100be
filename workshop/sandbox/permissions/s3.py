"""What S3 does differently from other services when it permits."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from moto.core.request import Request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.resource import bucket

SPARED: ContextVar[frozenset[str]] = ContextVar("spared", default=frozenset())
READS = frozenset({"GetObject", "HeadObject", "GetObjectAttributes", "GetObjectTagging", "GetObjectAcl"})


def misses_key(call: Call) -> bool:
    """Whether a call reads an object that is not there, out of a bucket that is."""
    if call.operation not in READS or call.params.get("VersionId"):
        return False
    found = bucket(call.params.get("Bucket", ""))
    return found is not None and call.params.get("Key") not in found.keys


def signature_facts(request: Request) -> dict[str, tuple[str, ...]]:
    """How an S3 request is signed: `s3:authType`, `s3:signatureversion`, `s3:x-amz-content-sha256`."""
    found: dict[str, tuple[str, ...]] = {}
    if content := request.headers.get("X-Amz-Content-Sha256"):
        found["s3:x-amz-content-sha256"] = (content,)
    header = request.headers.get("Authorization", "")
    if not header and "Signature" not in request.args and "X-Amz-Signature" not in request.args:
        return found
    found["s3:authtype"] = ("REST-HEADER" if header else "REST-QUERY-STRING",)
    version4 = header.startswith("AWS4") or "X-Amz-Signature" in request.args
    found["s3:signatureversion"] = ("AWS4-HMAC-SHA256" if version4 else "AWS",)
    return found


def judge_alone() -> None:
    """Keep moto from judging a bucket policy once more, without its principals and conditions.

    It would take "deny all that is not TLS" for "deny all".
    """
    setattr(FakeBucket, "get_permission", _judged)  # noqa: B010 - moto has no hook for it


def spare(objects: frozenset[str]) -> None:
    """Say which objects (ARNs) the DeleteObjects at hand must leave: S3 refuses them one by one."""
    SPARED.set(objects)


def _judged(_bucket: FakeBucket, action: str, resource: str) -> Any:
    spared = action == "s3:DeleteObject" and resource in SPARED.get()
    return PermissionResult.DENIED if spared else PermissionResult.PERMITTED
