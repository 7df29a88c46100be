"""Bodies of S3 objects that lie on disk: once saved, they need not be in memory as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from moto.s3.models import FakeKey

from workshop.sandbox.snapshot.graph import Digests

SMALL: Final = 4096  # bytes; less is not worth a file to open at every look


class Stored:
    """Stands where moto has the buffer of a body, and opens its file whenever it is read.

    There are more objects than a process may have open files.  It cannot be written to: moto
    makes a new object for a new body.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = 0

    def seek(self, offset: int) -> None:
        self._at = offset

    def read(self, size: int = -1) -> bytes:
        with self._file.open("rb") as body:
            body.seek(self._at)
            content = body.read(size)
        self._at += len(content)
        return content

    def close(self) -> None:
        """There is nothing open."""


def release(known: Digests, file: Callable[[str], Path]) -> None:
    """Let go of the bodies in memory; `file` is where one lies, by its digest."""
    for key, digest in list(known.items()):
        if not _is_worth_it(key):
            continue
        with key.lock:
            buffer = key._value_buffer
            setattr(key, "_value_buffer", Stored(file(digest)))  # noqa: B010 - moto has another type there
            buffer.close()


def _is_worth_it(key: FakeKey) -> bool:
    return key.contentsize > SMALL and not key.disposed and not isinstance(key._value_buffer, Stored)
