"""Files in a zip that somebody made: shown when they are text, and never unpacked whole."""

from __future__ import annotations

import io
import zipfile

import pytest

from workshop.insight.artifacts import LONGEST_TEXT, Unreadable, text_in


def archive(**files: bytes) -> zipfile.ZipFile:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as writing:
        for name, body in files.items():
            writing.writestr(name, body)
    return zipfile.ZipFile(made)


def test_text_is_shown_with_its_size() -> None:
    shown = text_in(archive(greeting="Grüezi\n".encode()), "greeting")
    assert (shown.words, shown.size, shown.cut) == ("Grüezi\n", 8, False)


def test_of_a_file_that_unpacks_to_much_only_the_beginning_is_read() -> None:
    bomb = archive(bomb=b"0" * 50_000_000)
    shown = text_in(bomb, "bomb")
    assert (len(shown.words), shown.cut, shown.size) == (LONGEST_TEXT, True, 50_000_000)


def test_a_text_that_is_cut_within_a_character_is_text_still() -> None:
    shown = text_in(archive(long=b"x" + "ü".encode() * LONGEST_TEXT), "long")
    assert shown.words.endswith("ü")


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"\xff\xfe broken", b"caf\xe9 " * 10])
def test_what_is_not_text_is_not_shown(body: bytes) -> None:
    with pytest.raises(Unreadable, match="not text"):
        text_in(archive(file=body), "file")


@pytest.mark.parametrize("path", ["nowhere", "../etc/passwd", ""])
def test_what_is_not_in_it_is_said_to_be_missing(path: str) -> None:
    with pytest.raises(Unreadable, match="There is no"):
        text_in(archive(file=b"here"), path)


def test_an_encrypted_file_is_said_to_be_locked() -> None:
    locked = archive(secret=b"closed")
    locked.getinfo("secret").flag_bits |= 0x1
    with pytest.raises(Unreadable, match="cannot be unpacked"):
        text_in(locked, "secret")
