"""An account's part of the snapshot on disk: its state in one file, S3 bodies in one each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Set
from pathlib import Path

from workshop.sandbox.snapshot.graph import Dump

STATE = "state.pickle"
PART = ".part"


class Drawer:
    """A folder in which the state file names bodies that are all there, at every moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bodies = folder / "bodies"

    @property
    def account(self) -> str:
        return self.folder.name

    def write(self, dump: Dump) -> None:
        """Replace what is there: new bodies first, then the state, then what nobody names goes."""
        self._bodies.mkdir(parents=True, exist_ok=True)
        for digest, content in dump.new.items():
            if not (self._bodies / digest).exists():
                replace(self._bodies / digest, content)
        replace(self.folder / STATE, dump.content)
        if dump.whole:
            self._sweep(dump.bodies)

    def read(self) -> bytes:
        """The state's bytes."""
        return (self.folder / STATE).read_bytes()

    def body(self, digest: str) -> bytes:
        """The body with this SHA-256."""
        return self.file(digest).read_bytes()

    def file(self, digest: str) -> Path:
        """Where the body with this SHA-256 lies."""
        return self._bodies / digest

    def _sweep(self, named: Set[str]) -> None:
        for file in self._bodies.iterdir():
            if file.name not in named:
                file.unlink()


def drawers(folder: Path) -> list[Drawer]:
    """The drawers in a folder, by account."""
    return [Drawer(path.parent) for path in sorted(folder.glob(f"*/{STATE}"))]


def replace(file: Path, content: bytes) -> None:
    """Write a file so that after a crash it is the old one or the new one, whole."""
    part = file.with_name(file.name + PART)
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    _settle(file.parent)


def move_aside(paths: list[Path], into: Path) -> None:
    """Move what there is of `paths` into a new folder."""
    into.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.exists():
            shutil.move(path, into / path.name)


def _settle(folder: Path) -> None:
    """A rename is safe on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
