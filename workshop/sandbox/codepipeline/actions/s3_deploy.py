"""Deploy to S3: the artifact as one object, or unpacked into many."""

from __future__ import annotations

import mimetypes

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Work


def run(work: Work) -> Outcome:
    """Write the input artifact to the bucket, as the role."""
    artifact = work.inputs[0]
    body = artifacts.read(work, artifact)
    key = work.configuration.get("ObjectKey", "")
    if work.configuration["Extract"] != "true":
        _put(work, key, body)
        return Outcome(summary="Deployment Succeeded")
    with artifacts.unzip(artifact, body) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                _put(work, f"{key.rstrip('/')}/{entry.filename}".lstrip("/"), archive.read(entry))
    return Outcome(summary="Deployment Succeeded")


def _put(work: Work, key: str, body: bytes) -> None:
    options = {
        "ACL": work.configuration.get("CannedACL"),
        "CacheControl": work.configuration.get("CacheControl"),
        "ContentType": mimetypes.guess_type(key)[0],
        "SSEKMSKeyId": work.configuration.get("KMSEncryptionKeyARN"),
    }
    if options["SSEKMSKeyId"]:
        options["ServerSideEncryption"] = "aws:kms"
    given = {name: value for name, value in options.items() if value}
    bucket = work.configuration["BucketName"]
    try:
        work.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **given)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise ActionFailed(
                "ConfigurationError", f"The specified bucket does not exist: {bucket}"
            ) from error
        raise artifacts.bucket_failure(bucket, error) from error
