"""Source from S3: the current version of one object in a versioned bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.state import Revision
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Work


def run(work: Work) -> Outcome:
    """Copy the object, or the version that the execution was started with, into the store."""
    bucket, asked = work.configuration["S3Bucket"], _asked(work)
    try:
        _require_versions(work, bucket)
        found = work.client("s3").get_object(Bucket=bucket, **asked)
    except ClientError as error:
        raise _failure(bucket, asked["Key"], error) from error
    version = found.get("VersionId", "null")
    artifacts.write(work, work.outputs[0], found["Body"].read())
    summary = f"Amazon S3 version id: {version}"
    return Outcome(
        summary=summary,
        external_id=version,
        revision=Revision(
            version, found["ETag"].strip('"'), summary, _url(work, asked["Key"]), found["LastModified"]
        ),
        variables={
            "BucketName": bucket,
            "ETag": found["ETag"].strip('"'),
            "ObjectKey": asked["Key"],
            "VersionId": version,
        },
    )


def latest(client: Any, configuration: Mapping[str, str]) -> str:
    """The object's current version id; ActionFailed in CodePipeline's words."""
    bucket, key = configuration["S3Bucket"], configuration["S3ObjectKey"]
    try:
        version: str = client("s3").head_object(Bucket=bucket, Key=key).get("VersionId", "null")
    except ClientError as error:
        raise _failure(bucket, key, error) from error
    return version


def _asked(work: Work) -> dict[str, str]:
    key = work.configuration["S3ObjectKey"]
    kind, value = work.override or ("", "")
    if kind == "S3_OBJECT_VERSION_ID":
        return {"Key": key, "VersionId": value}
    if kind == "S3_OBJECT_KEY" and work.configuration.get("AllowOverrideForS3ObjectKey") == "true":
        return {"Key": value}
    return {"Key": key}


def _require_versions(work: Work, bucket: str) -> None:
    status = work.client("s3").get_bucket_versioning(Bucket=bucket).get("Status")
    if status != "Enabled":
        raise ActionFailed(
            "ConfigurationError",
            f"The S3 bucket {bucket} must have versioning enabled to be the source of a pipeline.",
        )


def _failure(bucket: str, key: str, error: ClientError) -> ActionFailed:
    if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "404"):
        return ActionFailed(
            "ConfigurationError",
            f"The object with key '{key}' does not exist in the Amazon S3 bucket '{bucket}'.",
        )
    return artifacts.bucket_failure(bucket, error)


def _url(work: Work, key: str) -> str:
    bucket = work.configuration["S3Bucket"]
    return f"https://{work.region}.console.aws.amazon.com/s3/object/{bucket}?prefix={key}"
