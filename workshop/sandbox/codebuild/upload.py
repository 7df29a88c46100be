"""Stores what a build keeps, with the build's own permissions."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import ClientError

from workshop.sandbox.codebuild.buildspec import Artifact, Buildspec
from workshop.sandbox.codebuild.failure import PhaseFailed, words
from workshop.sandbox.codebuild.state import Build

CHUNK = 1024 * 1024
LARGEST = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Kept:
    """An artifact to store: which files, and where to.

    `identifier` is "" for the primary one.  `packed`: one zip at `key`; otherwise the files
    one by one below it.  `named` is the name that the buildspec gives it, if that counts.
    """

    identifier: str
    files: Artifact
    bucket: str
    key: str
    packed: bool
    encrypted: bool = True
    named: str = ""


def wanted(build: Build, spec: Buildspec) -> list[Kept]:
    """Which artifacts this build is to store; PhaseFailed if the buildspec lacks one."""
    if build.pipeline is not None:
        return list(_for_pipeline(build, spec))
    settings = [build.settings["artifacts"], *build.settings.get("secondaryArtifacts", [])]
    return [_for_bucket(build, spec, one) for one in settings if one["type"] == "S3"]


def store(s3: Any, kept: Kept, archive: IO[bytes], name: str, key_id: str | None) -> dict[str, Any]:
    """Store a zip; what BatchGetBuilds says of it.  PhaseFailed CLIENT_ERROR if the role may not."""
    key = "/".join(part for part in (kept.key, name) if part)
    encryption = {"ServerSideEncryption": "aws:kms"} if kept.encrypted else {}
    if kept.encrypted and key_id:
        encryption["SSEKMSKeyId"] = key_id
    try:
        if kept.packed:
            s3.put_object(Bucket=kept.bucket, Key=key, Body=archive.read(), **encryption)
        else:
            _store_files(s3, kept.bucket, key, archive, encryption)
    except ClientError as error:
        raise PhaseFailed("CLIENT_ERROR", f"Failed to upload artifacts: {words(error)}") from None
    told: dict[str, Any] = {
        "location": f"arn:aws:s3:::{kept.bucket}/{key}",
        "encryptionDisabled": not kept.encrypted,
        "overrideArtifactName": bool(kept.named),
    }
    if kept.packed:
        told |= {"md5sum": _digest("md5", archive), "sha256sum": _digest("sha256", archive)}
    return told | ({"artifactIdentifier": kept.identifier} if kept.identifier else {})


def _for_pipeline(build: Build, spec: Buildspec) -> list[Kept]:
    """A pipeline's one artifact is the primary one; of several, each goes by its identifier."""
    outputs = build.pipeline.outputs if build.pipeline else ()
    if len(outputs) == 1 and spec.artifact is not None:
        return [Kept("", spec.artifact, outputs[0].bucket, outputs[0].key, packed=True)]
    kept = []
    for output in outputs:
        if output.name in spec.secondary:
            files = spec.secondary[output.name]
            kept.append(Kept(output.name, files, output.bucket, output.key, packed=True))
    return kept


def _for_bucket(build: Build, spec: Buildspec, settings: dict[str, Any]) -> Kept:
    identifier = settings.get("artifactIdentifier", "")
    files = spec.secondary.get(identifier) if identifier else spec.artifact
    if files is None:
        raise PhaseFailed(
            "CLIENT_ERROR", f"no definition for artifact {identifier or 'primary'} in the buildspec"
        )
    override = bool(settings.get("overrideArtifactName")) and bool(files.name)
    name = "" if override else settings.get("name") or build.project
    parts = [
        files.s3_prefix.strip("/"),
        settings.get("path", "").strip("/"),
        build.uuid if settings.get("namespaceType") == "BUILD_ID" else "",
        name.strip("/"),
    ]
    return Kept(
        identifier,
        files,
        settings["location"].removeprefix("arn:aws:s3:::"),
        "/".join(part for part in parts if part),
        packed=settings.get("packaging") == "ZIP",
        encrypted=not settings.get("encryptionDisabled", False),
        named=files.name if override else "",
    )


def _store_files(s3: Any, bucket: str, prefix: str, archive: IO[bytes], encryption: dict[str, str]) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        if sum(member.file_size for member in members) > LARGEST:  # the zip was made by the build
            raise PhaseFailed("CLIENT_ERROR", f"the artifact is larger than {LARGEST} bytes")
        for member in members:
            key = "/".join(part for part in (prefix, member.filename) if part)
            s3.put_object(Bucket=bucket, Key=key, Body=packed.read(member), **encryption)


def _digest(kind: str, file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.new(kind, usedforsecurity=False)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
