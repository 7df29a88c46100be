"""Fetches what a build builds, with the build's own permissions."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError, Credentials
from workshop.sandbox.codebuild.failure import PhaseFailed, words
from workshop.sandbox.codebuild.state import Build

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class Wanted:
    """A source to fetch: its settings and version; `name` is "" for the primary one."""

    name: str
    settings: dict[str, Any]
    version: str | None


@dataclass(frozen=True)
class Fetched:
    """A fetched source: its zip (None for NO_SOURCE) and the exact version that it is."""

    archive: Path | None
    version: str | None = None
    resolved: str | None = None


class Sources:
    """Fetches sources for one build, as its role."""

    def __init__(self, sandbox: Sandbox, who: Credentials, region: str, folder: Path) -> None:
        self._sandbox = sandbox
        self._who = who
        self._region = region
        self._folder = folder

    def fetch(self, wanted: Wanted) -> Fetched:
        """PhaseFailed CLIENT_ERROR if the role may not, or there is nothing there."""
        kinds: dict[str, Callable[[Wanted], Fetched]] = {
            "NO_SOURCE": lambda _: Fetched(None),
            "CODEPIPELINE": self._object,
            "S3": self._object,
            "CODECOMMIT": self._commit,
        }
        kind = kinds.get(wanted.settings["type"], _unreachable)
        try:
            return kind(wanted)
        except ClientError as error:
            raise PhaseFailed("CLIENT_ERROR", words(error) + _for(wanted)) from None

    def _object(self, wanted: Wanted) -> Fetched:
        bucket, _, key = wanted.settings.get("location", "").removeprefix("arn:aws:s3:::").partition("/")
        s3 = self._sandbox.clients.client("s3", self._who, self._region)
        if key.endswith("/") or not key:
            return Fetched(self._prefix(s3, bucket, key), None)
        version = {"VersionId": wanted.version} if wanted.version and not _is_arn(wanted.version) else {}
        answer = s3.get_object(Bucket=bucket, Key=key, **version)
        archive = self._folder / f"{wanted.name or 'primary'}.zip"
        archive.write_bytes(answer["Body"].read())
        if not zipfile.is_zipfile(archive):
            raise PhaseFailed("CLIENT_ERROR", "zip: not a valid zip file" + _for(wanted))
        return Fetched(archive, f"arn:aws:s3:::{bucket}/{key}", answer.get("VersionId"))

    def _prefix(self, s3: Any, bucket: str, prefix: str) -> Path:
        archive = self._folder / f"{bucket}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for one in page.get("Contents", []):
                    name = one["Key"].removeprefix(prefix)
                    if name and not name.endswith("/"):
                        packed.writestr(name, s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
        return archive

    def _commit(self, wanted: Wanted) -> Fetched:
        repository = wanted.settings.get("location", "").rstrip("/").rsplit("/", 1)[-1]
        account = self._who.principal.account
        try:
            self._sandbox.permissions.require(
                self._who.principal,
                "codecommit:GitPull",
                f"arn:aws:codecommit:{self._region}:{account}:{repository}",
                self._region,
            )
        except AwsError:
            raise PhaseFailed("CLIENT_ERROR", "authorization failed" + _for(wanted)) from None
        codecommit = self._sandbox.service("codecommit")
        commit = self._head(repository, wanted)
        archive = self._folder / f"{wanted.name or 'primary'}.zip"
        archive.write_bytes(codecommit.archive(account, self._region, repository, commit))
        return Fetched(archive, wanted.version, commit)

    def _head(self, repository: str, wanted: Wanted) -> str:
        """The commit that the source version names: a branch, a commit, or nothing."""
        account = self._who.principal.account
        root = self._sandbox.sessions.root(account).principal
        client = self._sandbox.clients.client("codecommit", root, self._region)
        try:
            found = client.get_repository(repositoryName=repository)["repositoryMetadata"]
            version = wanted.version or found.get("defaultBranch", "")
            if _is_commit(version):
                return str(
                    client.get_commit(repositoryName=repository, commitId=version)["commit"]["commitId"]
                )
            branch = version.removeprefix("refs/heads/").partition("^{")[0]
            answer = client.get_branch(repositoryName=repository, branchName=branch)
            return str(answer["branch"]["commitId"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            known = "repository not found" if "Repository" in code else "reference not found"
            raise PhaseFailed("CLIENT_ERROR", known + _for(wanted)) from None


def wanted(build: Build) -> Iterator[Wanted]:
    """The sources to fetch, the primary one first."""
    if build.pipeline is not None:
        for index, one in enumerate(build.pipeline.inputs):
            settings = {"type": "CODEPIPELINE", "location": f"{one.bucket}/{one.key}"}
            yield Wanted(one.name if index else "", settings, one.arn)
        return
    yield Wanted("", build.settings["source"], build.source_version)
    versions = {
        one["sourceIdentifier"]: one["sourceVersion"]
        for one in build.settings.get("secondarySourceVersions", [])
    }
    for source in build.settings.get("secondarySources", []):
        name = source["sourceIdentifier"]
        yield Wanted(name, source, versions.get(name))


def _unreachable(wanted: Wanted) -> Fetched:
    raise PhaseFailed(
        "CLIENT_ERROR", f"{wanted.settings['type']} cannot be reached from this sandbox" + _for(wanted)
    )


def _for(wanted: Wanted) -> str:
    which = f"secondary source {wanted.name}" if wanted.name else "primary source"
    return f" for {which} and source version {wanted.version or ''}".rstrip()


def _is_arn(version: str) -> bool:
    return version.startswith("arn:")


def _is_commit(version: str) -> bool:
    return len(version) == 40 and all(digit in "0123456789abcdef" for digit in version)
