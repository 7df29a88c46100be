"""Packs a commit's files into a zip, the way CodePipeline wants its source artifact."""

from __future__ import annotations

import io
import stat
import zipfile
from datetime import UTC, datetime

from workshop.sandbox.codecommit.git import Git

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # what a zip can hold


def zipped(git: Git, commit: str) -> bytes:
    """The files of `commit`, always the same bytes; executable bits and symbolic links are kept.

    Every file is dated as the commit.  Submodules are left out, as CodePipeline does.
    """
    found = git.commit(commit)
    assert found is not None
    date = max(datetime.fromtimestamp(found.commit_time, UTC), EARLIEST)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, entry in sorted(git.files(git.root(commit)).items()):
            if not entry.is_submodule:
                archive.writestr(_header(path, entry.mode, date), git.blob(entry.id) or b"")
    return out.getvalue()


def _header(path: str, mode: int, date: datetime) -> zipfile.ZipInfo:
    header = zipfile.ZipInfo(path, date.timetuple()[:6])
    header.create_system = 3  # Unix, so that the mode counts
    kind = mode if stat.S_ISLNK(mode) else stat.S_IFREG | (0o755 if mode & 0o111 else 0o644)
    header.external_attr = (kind | (0o777 if stat.S_ISLNK(mode) else 0)) << 16
    header.compress_type = zipfile.ZIP_DEFLATED
    return header
