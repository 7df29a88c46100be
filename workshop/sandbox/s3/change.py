"""What a call changed in a bucket, and how S3 tells of it in events and notifications.

Shapes by "EventBridge event message structure" and "Event message structure" in the S3 user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus
from xml.etree import ElementTree

from workshop.sandbox.call import Call
from workshop.sandbox.gateway.wire import Reply

CREATED: Mapping[str, str] = {
    "PutObject": "Put",
    "CopyObject": "Copy",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "PostObject": "Post",
}


@dataclass(frozen=True)
class Change:
    """One object created or deleted; `kind` as notifications name it ("ObjectCreated:Put")."""

    kind: str
    bucket: str
    key: str
    size: int
    etag: str
    version: str | None
    call: Call

    @property
    def _sequencer(self) -> str:
        return f"{self.call.request_id.replace('-', '')[:18].upper()}"

    @property
    def detail_type(self) -> str:
        """As EventBridge names it."""
        return "Object Created" if self.kind.startswith("ObjectCreated") else "Object Deleted"

    @property
    def detail(self) -> dict[str, Any]:
        """The detail of the event for EventBridge."""
        found: dict[str, Any] = {"key": self.key, "sequencer": self._sequencer}
        if self.detail_type == "Object Created":
            found |= {"size": self.size, "etag": self.etag}
        if self.version:
            found["version-id"] = self.version
        detail = {
            "version": "0",
            "bucket": {"name": self.bucket},
            "object": found,
            "request-id": self.call.request_id,
            "requester": self.call.caller.account,
            "source-ip-address": self.call.source_ip,
            "reason": self.call.operation,
        }
        if self.detail_type == "Object Deleted":
            marked = self.kind.endswith("DeleteMarkerCreated")
            detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
        return detail

    def record(self, configuration: str, region: str) -> dict[str, Any]:
        """The message of a notification."""
        found: dict[str, Any] = {"key": quote_plus(self.key), "sequencer": self._sequencer}
        if self.kind.startswith("ObjectCreated"):
            found |= {"size": self.size, "eTag": self.etag}
        if self.version:
            found["versionId"] = self.version
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "eventName": self.kind,
            "userIdentity": {"principalId": f"AWS:{self.call.caller.user_id}"},
            "requestParameters": {"sourceIPAddress": self.call.source_ip},
            "responseElements": {"x-amz-request-id": self.call.request_id},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration,
                "bucket": {"name": self.bucket, "arn": f"arn:aws:s3:::{self.bucket}"},
                "object": found,
            },
        }


def changes(call: Call, reply: Reply, keys: Any) -> Iterator[Change]:
    """What a call that has succeeded changed; `keys` are the bucket's objects by name."""
    bucket = call.params["Bucket"]
    if call.operation in CREATED:
        key = call.params["Key"]
        if key in keys:
            made = keys[key]
            version = reply.headers.get("x-amz-version-id")
            kind = f"ObjectCreated:{CREATED[call.operation]}"
            yield Change(kind, bucket, key, made.size, made.etag.strip('"'), version, call)
    elif call.operation == "DeleteObject":
        marked = reply.headers.get("x-amz-delete-marker") == "true" and "VersionId" not in call.params
        yield _deleted(call, call.params["Key"], marked, reply.headers.get("x-amz-version-id"))
    elif call.operation == "DeleteObjects":
        for entry in ElementTree.fromstring(reply.body).iterfind("{*}Deleted"):
            said = {part.tag.rpartition("}")[2]: part.text or "" for part in entry}
            marked = said.get("DeleteMarker") == "true"
            version = said.get("DeleteMarkerVersionId") if marked else said.get("VersionId")
            yield _deleted(call, said["Key"], marked, version)


def _deleted(call: Call, key: str, marked: bool, version: str | None) -> Change:
    kind = "ObjectRemoved:DeleteMarkerCreated" if marked else "ObjectRemoved:Delete"
    return Change(kind, call.params["Bucket"], key, 0, "", version, call)
