"""Stores what a push brings: small packs object by object, large ones as they are.

As git does (``receive.unpackLimit``): a repository with a pack for every small push would have
to look through all of them for each object.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from tempfile import TemporaryFile

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, ObjectFormatException
from dulwich.object_format import SHA1
from dulwich.objects import ObjectID, RawObjectID
from dulwich.pack import PackData, PackInflater

from workshop.sandbox.codecommit.git import Git

UNPACK_LIMIT = 100
COUNT = slice(8, 12)  # where a pack's header says how many objects it holds
PACK_FAULTS = (
    ApplyDeltaError,
    AssertionError,
    ChecksumMismatch,
    KeyError,
    OSError,
    ObjectFormatException,
    ValueError,
    zlib.error,
)
"""What dulwich raises when a pack is broken or lacks what it builds on."""


def store(git: Git, pack: bytes) -> None:
    """Takes in the objects of a pack, which may build on objects that the repository has."""
    if int.from_bytes(pack[COUNT], "big") > UNPACK_LIMIT:
        git.store.add_thin_pack(BytesIO(pack).read, None)
    else:
        _unpack(git, pack)


def _unpack(git: Git, pack: bytes) -> None:
    def known(sha: ObjectID | RawObjectID) -> tuple[int, list[bytes]]:
        kind, content = git.store.get_raw(sha)
        return kind, [content]

    with TemporaryFile() as file:
        file.write(pack)
        file.seek(0)
        with PackData.from_file(file, SHA1, len(pack)) as data:
            data.check()
            for found in PackInflater.for_pack_data(data, resolve_ext_ref=known):
                git.store.add_object(found)
