"""Permissions of S3, whose operations and actions differ in name more often than not.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import Requirement, values_at

ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "HeadObject": "GetObject",
        "GetObjectAttributes": "GetObject",
        "SelectObjectContent": "GetObject",
        "GetObjectTorrent": "GetObject",
        "HeadBucket": "ListBucket",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListObjectVersions": "ListBucketVersions",
        "ListBuckets": "ListAllMyBuckets",
        "ListDirectoryBuckets": "ListAllMyDirectoryBuckets",
        "CreateMultipartUpload": "PutObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "PostObject": "PutObject",
        "DeleteObjects": "DeleteObject",
        "ListParts": "ListMultipartUploadParts",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "GetBucketReplication": "GetReplicationConfiguration",
        "PutBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "PutBucketCors": "PutBucketCORS",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketTagging": "PutBucketTagging",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    }
)
OF_VERSIONS: Final = frozenset(
    {"GetObject", "DeleteObject", "GetObjectAcl", "PutObjectAcl", "GetObjectTagging", "PutObjectTagging"}
    | {"DeleteObjectTagging"}
)
ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ACL": "PutObjectAcl",
        "GrantRead": "PutObjectAcl",
        "GrantFullControl": "PutObjectAcl",
        "Tagging": "PutObjectTagging",
        "ObjectLockMode": "PutObjectRetention",
        "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
    }
)
WRITES: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "s3:prefix": "Prefix",
        "s3:delimiter": "Delimiter",
        "s3:max-keys": "MaxKeys",
        "s3:versionid": "VersionId",
        "s3:x-amz-acl": "ACL",
        "s3:x-amz-copy-source": "CopySource",
        "s3:x-amz-metadata-directive": "MetadataDirective",
        "s3:x-amz-server-side-encryption": "ServerSideEncryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
        "s3:x-amz-storage-class": "StorageClass",
        "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
        "s3:object-lock-mode": "ObjectLockMode",
        "s3:locationconstraint": "CreateBucketConfiguration.LocationConstraint",
    }
)


@dataclass(frozen=True)
class S3Catalog:
    """S3's permissions: by operation, by what a write brings along, and by what is copied."""

    def requirements(self, call: Call) -> Iterator[Requirement]:
        """What the caller must be allowed for this call."""
        params = call.params
        context = {
            key: values_at(params, path) for key, path in KEYS.items() if path.partition(".")[0] in params
        }
        for action, resource in self._needs(call):
            yield Requirement(f"s3:{action}", resource, context)

    def _needs(self, call: Call) -> Iterator[tuple[str, str]]:
        resource = resource_of(call)
        if source := call.params.get("CopySource"):
            yield _copied(source)
        if call.operation == "DeleteObjects":
            yield from _deleted(call)
            return
        action = ACTIONS.get(call.operation, call.operation)
        yield _versioned(action, call.params.get("VersionId")), resource
        if call.operation in WRITES:
            extra = dict.fromkeys(ALSO[name] for name in ALSO if call.params.get(name))
            yield from ((action, resource) for action in extra)


def resource_of(call: Call) -> str:
    """The ARN of the object, else of the bucket that a call is about, else ``*``."""
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    if not bucket:
        return "*"
    if str(bucket).startswith("arn:"):
        return f"{bucket}/object/{key}" if key else str(bucket)
    return object_arn(bucket, key) if key else f"arn:aws:s3:::{bucket}"


def object_arn(bucket: str, key: str) -> str:
    """The ARN of an object."""
    return f"arn:aws:s3:::{bucket}/{key}"


def _versioned(action: str, version: object) -> str:
    if not version or action not in OF_VERSIONS:
        return action
    verb, _, rest = action.partition("Object")
    return f"{verb}ObjectVersion{rest}"


def _copied(source: str | Mapping[str, str]) -> tuple[str, str]:
    if isinstance(source, Mapping):
        version, bucket, key = source.get("VersionId"), source["Bucket"], source["Key"]
    else:
        path, _, version = unquote(source).lstrip("/").partition("?versionId=")
        bucket, _, key = path.partition("/")
    return _versioned("GetObject", version), object_arn(bucket, key)


def _deleted(call: Call) -> Iterator[tuple[str, str]]:
    for item in call.params.get("Delete", {}).get("Objects", ()):
        yield (
            _versioned("DeleteObject", item.get("VersionId")),
            object_arn(call.params["Bucket"], item["Key"]),
        )
