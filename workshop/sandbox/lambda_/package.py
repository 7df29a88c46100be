"""Deployment packages: zip files kept by their content, unpacked once and never outside their folder."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import stat
import threading
import time
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.state import Code

LARGEST_UPLOAD = 50 * 1024 * 1024
LARGEST_UNPACKED = 262_144_000
MOST_FILES = 200_000
PIECE = 1024 * 1024
SHORT = 32  # letters of a hash in the name of a folder
ARRIVING = 60.0  # seconds within which a package that was brought belongs to a function


class Packages:
    """Zip files and their unpacked folders below `root`, both named by the zip's SHA-256."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._arrivals: list[tuple[float, str, str]] = []

    def keep(self, account: str, content: bytes) -> Code:
        """Store a package that an account brings; AwsError in Lambda's words if it is no usable zip file."""
        _examine(content)
        code = Code(hashlib.sha256(content).hexdigest(), len(content))
        with self._lock:
            now = time.monotonic()
            self._arrivals = [one for one in self._arrivals if now - one[0] < ARRIVING]
            self._arrivals.append((now, code.sha256, account))
        file = self._file(code)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{threading.get_ident()}")
            part.write_bytes(content)
            part.replace(file)
        return code

    def sweep(self, used: Collection[Code], gone: str = "") -> None:
        """Delete every package that nobody uses, nor is about to, except for an account that is gone."""
        with self._lock:
            kept = {code.sha256 for code in used} | {sha for _, sha, by in self._arrivals if by != gone}
            for file in (self._root / "zip").glob("*.zip"):
                if file.stem not in kept:
                    file.unlink(missing_ok=True)
            parts = {sha[:SHORT] for sha in kept}
            for folder in (self._root / "unpacked").glob("*"):
                if not parts.issuperset(folder.name.split("-")):
                    shutil.rmtree(folder, ignore_errors=True)

    def content(self, code: Code) -> bytes:
        """The zip file as it was uploaded."""
        return self._file(code).read_bytes()

    def folder(self, *codes: Code) -> Path:
        """A read-only folder with the packages unpacked into it, later ones over earlier ones."""
        name = "-".join(code.sha256[:SHORT] for code in codes) or "empty"
        folder = self._root / "unpacked" / name
        with self._lock:
            if not folder.exists():
                self._unpack(codes, folder)
        return folder

    def _unpack(self, codes: tuple[Code, ...], folder: Path) -> None:
        part = folder.with_name("part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for code in codes:
            with zipfile.ZipFile(self._file(code)) as archive:
                for entry in archive.infolist():
                    _extract(archive, entry, part)
        part.rename(folder)

    def _file(self, code: Code) -> Path:
        return self._root / "zip" / f"{code.sha256}.zip"


def sha256_base64(code: Code) -> str:
    """The hash as Lambda shows it."""
    return base64.b64encode(bytes.fromhex(code.sha256)).decode()


def _examine(content: bytes) -> None:
    if not content:
        raise _invalid("Uploaded file must be a non-empty zip")
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as broken:
        raise _invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from broken
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED or len(entries) > MOST_FILES:
        raise _invalid(f"Unzipped size must be smaller than {LARGEST_UNPACKED} bytes")
    if not any(not entry.is_dir() for entry in entries):
        raise _invalid("Uploaded file must be a non-empty zip")
    for entry in entries:
        _inside(entry)


def _inside(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Where an entry goes, relative to the folder; AwsError if that would be outside."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in entry.filename:
        raise _invalid(f"Could not unzip uploaded file: {entry.filename!r} is outside the package.")
    return path


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / _inside(entry)
    mode = entry.external_attr >> 16
    _make_parents(folder, target.parent)
    if entry.is_dir():
        target.mkdir(exist_ok=True)
    elif stat.S_ISLNK(mode):
        _link(archive.read(entry).decode(errors="replace"), target, folder)
    else:
        _write(archive, entry, target, 0o755 if mode & 0o111 else 0o644)


def _make_parents(folder: Path, parent: Path) -> None:
    """Make the folders on the way, never through a link that the package itself brought."""
    for part in [*reversed(parent.relative_to(folder).parents), parent.relative_to(folder)]:
        way = folder / part
        if way.is_symlink() or (way.exists() and not way.is_dir()):
            raise _invalid(f"Could not unzip uploaded file: {part} is not a folder.")
        way.mkdir(exist_ok=True)


def _link(destination: str, target: Path, folder: Path) -> None:
    """Links within the package are kept (node_modules/.bin has them), others are left out."""
    end = os.path.normpath(target.parent / destination)
    if destination.startswith("/") or not Path(end).is_relative_to(folder):
        return
    target.unlink(missing_ok=True)
    target.symlink_to(destination)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, mode: int) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
    left = entry.file_size
    with archive.open(entry) as source, target.open("xb") as out:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:  # the size in the zip's directory was a lie
                raise _invalid(f"Unzipped size must be smaller than {LARGEST_UNPACKED} bytes")
            out.write(piece)
    target.chmod(mode)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message, Type="User")
