"""The file of a backup: a zip whose manifest names every member with its SHA-256, and is written last."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

FORMAT = 1
MANIFEST = "manifest.json"
BLOCK = 1 << 20


class Unusable(Exception):
    """Why a file cannot be restored from, in a sentence."""


@dataclass(frozen=True)
class Manifest:
    """What a backup is of.

    `tables` has how many rows each has, `given_out` the last number that each gave out; `mark` tells
    whether a secret is that of the sealed keys, without telling the secret.
    """

    made: str
    schema: str
    mark: str
    tables: dict[str, int]
    given_out: dict[str, int]
    members: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """A backup that is being written."""

    def __init__(self, out: zipfile.ZipFile) -> None:
        self._out = out
        self._members: dict[str, str] = {}

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Add a member."""
        digest = hashlib.sha256()
        with self._out.open(name, "w", force_zip64=True) as member:
            for block in blocks:
                digest.update(block)
                member.write(block)
        self._members[name] = digest.hexdigest()

    def end(self, manifest: Manifest) -> None:
        """Write down what it is of."""
        whole = asdict(manifest) | {"members": self._members}
        self._out.writestr(MANIFEST, json.dumps(whole, indent=1, sort_keys=True))


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """Write a backup for its owner's eyes; the file is there when it is whole, and not before."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writer(archive)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


class Reader:
    """A backup that has been looked over: every member is there and as it was written."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def names(self, below: str) -> list[str]:
        """Members below a folder."""
        return [name for name in self.manifest.members if name.startswith(f"{below}/")]

    def blocks(self, name: str) -> Iterator[bytes]:
        """A member's bytes."""
        with self._archive.open(name) as member:
            while block := member.read(BLOCK):
                yield block

    def lines(self, name: str) -> Iterator[str]:
        """A member's lines."""
        with self._archive.open(name) as member:
            for line in member:
                yield line.decode()


@contextmanager
def reading(file: Path) -> Iterator[Reader]:
    """Open a backup and look all of it over. Raises Unusable."""
    if not file.is_file():
        raise Unusable(f"There is no file {file}.")
    with contextlib.ExitStack() as opened:
        try:
            archive = opened.enter_context(zipfile.ZipFile(file))
            reader = Reader(archive, _manifest(archive))
            _look_over(archive, reader)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as broken:
            raise Unusable(f"{file} is damaged or not whole ({broken}). Use another backup.") from broken
        yield reader


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        given = json.loads(archive.read(MANIFEST))
        if given["format"] != FORMAT:
            raise Unusable(f"This backup is of format {given['format']}; this program reads {FORMAT}.")
        return Manifest(**given)
    except (KeyError, ValueError, TypeError):
        raise Unusable("This zip file is not a backup of a workshop.") from None


def _look_over(archive: zipfile.ZipFile, reader: Reader) -> None:
    if set(archive.namelist()) != set(reader.manifest.members) | {MANIFEST}:
        raise Unusable("The backup does not hold what its manifest says. Use another backup.")
    for name, digest in reader.manifest.members.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise Unusable(f"The backup has a member that would leave its folder: {name}.")
        found = hashlib.sha256()
        for block in reader.blocks(name):
            found.update(block)
        if found.hexdigest() != digest:
            raise Unusable(f"The backup is damaged: {name} is not as it was written. Use another backup.")
