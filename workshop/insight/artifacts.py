"""Opens what a run handed on: lists the files of a zip, and shows those that are text."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from workshop.insight.runs import Artifact
from workshop.lab import Lab
from workshop.language.tongue import gettext

BIGGEST = 30_000_000
MOST_FILES = 1000
LONGEST_TEXT = 200_000


class Unreadable(Exception):
    """It is there, but it cannot be shown; the text says why."""


@dataclass(frozen=True)
class File:
    """One file in an archive; `size` in bytes, unpacked."""

    path: str
    size: int


@dataclass(frozen=True)
class Archive:
    """The files of an artifact; `more` says how many are not listed."""

    artifact: Artifact
    size: int
    files: tuple[File, ...]
    more: int = 0


@dataclass(frozen=True)
class Text:
    """A file's text; `cut` where it is longer than what is shown."""

    path: str
    words: str
    size: int
    cut: bool = False


def listed(lab: Lab, artifact: Artifact) -> Archive:
    """The files of an artifact. Raises Unreadable; AWS's refusals are botocore's own."""
    body = _body(lab, artifact)
    with _opened(body) as archive:
        files = [File(one.filename, one.file_size) for one in archive.infolist() if not one.is_dir()]
    files.sort(key=lambda file: file.path)
    return Archive(artifact, len(body), tuple(files[:MOST_FILES]), max(0, len(files) - MOST_FILES))


def text(lab: Lab, artifact: Artifact, path: str) -> Text:
    """One file of an artifact. Raises Unreadable where it is not there, or is no text."""
    with _opened(_body(lab, artifact)) as archive:
        return text_in(archive, path)


def text_in(archive: zipfile.ZipFile, path: str) -> Text:
    """A file of an archive; no more of it is unpacked than is shown, whatever it claims to be."""
    try:
        about = archive.getinfo(path)
        with archive.open(about) as file:
            begun = file.read(LONGEST_TEXT + 1)
    except KeyError:
        raise Unreadable(gettext("There is no %(path)s in it.", path=path[:200])) from None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Unreadable(
            gettext("%(path)s cannot be unpacked: %(error)s", path=path[:200], error=error)
        ) from None
    return Text(about.filename, _decoded(begun[:LONGEST_TEXT]), about.file_size, len(begun) > LONGEST_TEXT)


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise Unreadable(gettext("This file is not text, so it is not shown."))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:  # else only the last character is cut
            raise Unreadable(gettext("This file is not text in UTF-8, so it is not shown.")) from None
        return data[: error.start].decode("utf-8")


def _body(lab: Lab, artifact: Artifact) -> bytes:
    answer = lab.client("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)
    if answer["ContentLength"] > BIGGEST:
        answer["Body"].close()
        megabytes = answer["ContentLength"] // 1_000_000
        raise Unreadable(
            gettext(
                "It has %(many)s megabytes; here we open %(most)s at most.",
                many=megabytes,
                most=BIGGEST // 1_000_000,
            )
        )
    body: bytes = answer["Body"].read()
    return body


def _opened(body: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(body))
    except zipfile.BadZipFile:
        raise Unreadable(gettext("It is not a zip, so there are no files to list.")) from None
