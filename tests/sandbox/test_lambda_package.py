"""Deployment packages are unpacked into their folder and nowhere else."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from workshop.sandbox.call import AwsError
from workshop.sandbox.lambda_.package import Packages

LINK = (stat.S_IFLNK | 0o777) << 16

OWNER = "111122223333"


def zipped(*entries: tuple[str, bytes, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, attributes in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes
            archive.writestr(info, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..\\out"])
def test_an_entry_outside_the_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AwsError, match="outside the package"):
        Packages(tmp_path).keep(OWNER, zipped((name, b"x", 0)))


def test_a_link_to_outside_is_left_out(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    content = zipped(
        ("a", b"/etc/passwd", LINK), ("b", b"../../../x", LINK), ("c", b"real", LINK), ("real", b"1", 0)
    )
    folder = packages.folder(packages.keep(OWNER, content))
    assert sorted(one.name for one in folder.iterdir()) == ["c", "real"]
    assert (folder / "c").read_bytes() == b"1"


def test_nothing_is_written_through_a_link_of_the_package(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    content = zipped(("real/", b"", 0), ("way", b"real", LINK), ("way/file", b"x", 0))
    with pytest.raises(AwsError, match="is not a folder"):
        packages.folder(packages.keep(OWNER, content))


def test_programs_stay_programs_and_everything_is_readable(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    folder = packages.folder(
        packages.keep(OWNER, zipped(("run", b"", 0o700 << 16), ("text", b"", 0o600 << 16)))
    )
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "text").stat().st_mode) == 0o644


def test_a_package_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("bomb", b"x" * 1000, 0)))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (10).to_bytes(4, "little")
    packages = Packages(tmp_path)
    with pytest.raises((AwsError, zipfile.BadZipFile)):
        packages.folder(packages.keep(OWNER, bytes(content)))


def test_later_packages_lie_over_earlier_ones(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    one, two = (packages.keep(OWNER, zipped(("file", text, 0))) for text in (b"one", b"two"))
    assert (packages.folder(one, two) / "file").read_bytes() == b"two"
