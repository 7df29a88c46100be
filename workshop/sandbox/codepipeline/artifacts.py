"""Reads and writes the zips that pass between actions, in the artifact store, as the action's role."""

from __future__ import annotations

import io
import secrets
import string
import zipfile
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline.state import Artifact
from workshop.sandbox.codepipeline.work import ActionFailed, Work, denied, wording

ALPHABET = string.ascii_letters + string.digits
EPOCH = (1980, 1, 1, 0, 0, 0)


def place(pipeline: str, name: str, bucket: str) -> Artifact:
    """Where a new artifact goes: <pipeline, cut to 20>/<artifact, cut to 10>/<7 random> (observed)."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(7))
    return Artifact(name, bucket, f"{pipeline[:20]}/{name[:10]}/{random}")


def write(work: Work, artifact: Artifact, body: bytes) -> None:
    """Put an artifact into the store, encrypted with the store's key."""
    try:
        work.client("s3").put_object(
            Bucket=artifact.bucket, Key=artifact.key, Body=body, **encryption(work.store)
        )
    except ClientError as error:
        raise bucket_failure(artifact.bucket, error) from error


def encryption(store: Mapping[str, Any]) -> dict[str, str]:
    """The encryption of the store's objects: its KMS key, or the account's aws/s3."""
    key = store.get("encryptionKey", {}).get("id")
    return {"ServerSideEncryption": "aws:kms"} | ({"SSEKMSKeyId": key} if key else {})


def read(work: Work, artifact: Artifact) -> bytes:
    """An input artifact's zip; ActionFailed if it is missing or the role may not read it."""
    try:
        reply = work.client("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)
    except ClientError as error:
        raise ActionFailed(
            "PermissionError",
            f"Unable to access the artifact with Amazon S3 object key '{artifact.key}' located in the "
            f"Amazon S3 artifact bucket '{artifact.bucket}'. "
            "The provided role does not have sufficient permissions.",
        ) from error
    body: bytes = reply["Body"].read()
    return body


def unzip(artifact: Artifact, body: bytes) -> zipfile.ZipFile:
    """The archive in an artifact; ActionFailed if it is none."""
    try:
        return zipfile.ZipFile(io.BytesIO(body))
    except zipfile.BadZipFile as broken:
        raise ActionFailed(
            "ConfigurationError", f"The artifact {artifact.name} is not a valid ZIP file."
        ) from broken


def file_in(work: Work, path: str) -> bytes:
    """The file that "artifact::file" names."""
    name, _, file = path.partition("::")
    artifact = work.input(name)
    with unzip(artifact, read(work, artifact)) as archive:
        try:
            return archive.read(file)
        except KeyError as missing:
            raise ActionFailed(
                "ConfigurationError",
                f"File [{file}] does not exist in artifact [{name}]",
            ) from missing


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of some files, the same for the same contents."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return out.getvalue()


def bucket_failure(bucket: str, error: ClientError) -> ActionFailed:
    """What CodePipeline says of a bucket it cannot use (observed)."""
    if denied(error):
        return ActionFailed(
            "PermissionError",
            "The service role or action role doesn’t have the permissions required to access the Amazon S3 "
            f"bucket named {bucket}. Update the IAM role permissions, and then try again. "
            f"Error: Amazon S3:{error.response['Error']['Code']}:{wording(error, 'Amazon S3')}",
        )
    return ActionFailed(
        "ConfigurationError",
        "The action failed because either the artifact or the Amazon S3 bucket could not be found. "
        f"Name of artifact bucket: {bucket}. Verify that this bucket exists. If it exists, check the life "
        f"cycle policy, then try releasing a change. Error: {error.response['Error']['Code']}",
    )
