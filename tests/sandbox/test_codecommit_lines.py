"""The pure parts of CodeCommit: merging lines, changing trees, checking signatures."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.credentials import Credentials
from git_remote_codecommit import sign
from hypothesis import given
from hypothesis import strategies as st

from workshop.sandbox.codecommit import git, signature
from workshop.sandbox.codecommit.git import NORMAL, Author, Entry, Git
from workshop.sandbox.codecommit.hunks import merge3
from workshop.sandbox.codecommit.packs import PACK_FAULTS, store
from workshop.sandbox.codecommit.tree import changed

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n"]), max_size=8)


def merged(base: list[bytes], ours: list[bytes], theirs: list[bytes]) -> list[bytes] | None:
    """The merge as a whole; None if anything is in conflict."""
    parts = list(merge3(base, ours, theirs))
    if any(part.merged is None for part in parts):
        return None
    return [line for part in parts for line in part.merged or []]


MERGES = [
    ("abc", "abc", "abc", "abc"),
    ("abc", "xbc", "abc", "xbc"),
    ("abc", "xbc", "abz", "xbz"),
    ("abc", "xbc", "xbc", "xbc"),
    ("abc", "xbc", "zbc", None),
    ("abc", "xbc", "azc", None),
    ("abc", "bc", "abcd", "bcd"),
    ("", "a", "a", "a"),
    ("", "a", "b", None),
    ("ab", "", "ab", ""),
    ("ab", "", "abc", None),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), MERGES)
def test_lines_are_merged_as_git_does(base: str, ours: str, theirs: str, expected: str | None) -> None:
    one, two, three = ([f"{letter}\n".encode() for letter in side] for side in (base, ours, theirs))
    found = merged(one, two, three)
    assert found == (None if expected is None else [f"{letter}\n".encode() for letter in expected])


@given(LINES, LINES)
def test_a_change_on_one_side_always_merges(base: list[bytes], side: list[bytes]) -> None:
    assert merged(base, side, base) == side
    assert merged(base, base, side) == side
    assert merged(base, side, side) == side


@given(LINES, LINES, LINES)
def test_the_parts_cover_all_three_sides(base: list[bytes], ours: list[bytes], theirs: list[bytes]) -> None:
    parts = list(merge3(base, ours, theirs))
    for index, lines in enumerate((base, ours, theirs)):
        spans = [(part.base, part.ours, part.theirs)[index] for part in parts]
        covered = [lines[start:end] for start, end in spans]
        assert [line for piece in covered for line in piece] == lines


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
@pytest.mark.parametrize("seed", range(10))
def test_git_itself_comes_to_the_same_merge(tmp_path: Path, seed: int) -> None:
    base = [f"{number}\n".encode() for number in range(30)]
    ours, theirs = list(base), list(base)
    ours[seed] = b"ours\n"
    theirs[20 - seed : 22 - seed] = [b"theirs\n"]
    for name, lines in (("base", base), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_bytes(b"".join(lines))
    command = ["git", "merge-file", "-p", "ours", "base", "theirs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True)
    found = merged(base, ours, theirs)
    assert (found is None) == (done.returncode != 0)
    assert found is None or b"".join(found) == done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git.create(tmp_path / "r")
    return tmp_path / "r"


TREES = [
    ({"a": "1"}, {}, ["a"]),
    ({"a/b/c": "1", "a/d": "2"}, {"a/b/c": None}, ["a/d"]),
    ({"a/b": "1"}, {"a/b": None}, []),
    ({"a": "1"}, {"a": None, "a/b": "2"}, ["a/b"]),
    ({}, {"x/y/z": "1", "x/w": "2"}, ["x/w", "x/y/z"]),
]


@pytest.mark.parametrize(("before", "changes", "after"), TREES)
def test_a_changed_tree_holds_what_is_left(
    repository: Path, before: dict[str, str], changes: dict[str, str | None], after: list[str]
) -> None:
    with Git(repository) as opened:

        def entries(files: dict[str, str | None]) -> dict[str, Entry | None]:
            return {
                path: None if text is None else Entry(NORMAL, opened.add_blob(text.encode()))
                for path, text in files.items()
            }

        tree = changed(opened, None, entries(dict(before)))
        assert sorted(opened.files(changed(opened, tree, entries(changes)))) == after


def test_an_author_cannot_write_other_lines_into_a_commit(repository: Path) -> None:
    with Git(repository) as opened:
        tree = opened.add_tree({})
        made = opened.add_commit(tree, [], Author("Eve\nparent 0", "<e@x>"), "m")
        found = opened.commit(made)
    assert found is not None
    assert (found.author, found.parents) == (b"Eveparent 0 <e@x>", [])


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
@pytest.mark.parametrize(("files", "packs"), [(3, 0), (150, 1)])
def test_small_packs_are_taken_apart_and_large_ones_kept(
    repository: Path, tmp_path: Path, files: int, packs: int
) -> None:
    pack, tip = packed(tmp_path / "work", files)
    with Git(repository) as opened:
        store(opened, pack)
        assert len(opened.files(opened.root(tip))) == files
    assert len(list(repository.glob("objects/pack/*.pack"))) == packs


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
@pytest.mark.parametrize("files", [3, 150])
def test_a_damaged_pack_is_refused(repository: Path, tmp_path: Path, files: int) -> None:
    pack, tip = packed(tmp_path / "work", files)
    damaged = pack[:60] + bytes([pack[60] ^ 0xFF]) + pack[61:]
    with Git(repository) as opened:
        with pytest.raises(PACK_FAULTS):
            store(opened, damaged)
        assert opened.commit(tip) is None


def packed(work: Path, files: int) -> tuple[bytes, str]:
    """A pack that git makes of one commit with so many files, and the commit's id."""
    work.mkdir()

    def run(*words: str, given: bytes = b"") -> bytes:
        words = ("git", "-c", "user.name=J", "-c", "user.email=j@x", *words)
        return subprocess.run(words, cwd=work, input=given, capture_output=True, check=True).stdout

    run("init", "-q")
    for number in range(files):
        (work / f"file{number}").write_text(f"{number}\n")
    run("add", ".")
    run("commit", "-q", "-m", "All")
    tip = run("rev-parse", "HEAD")
    return run("pack-objects", "--stdout", "--revs", given=tip), tip.decode().strip()


NOW = datetime.now(UTC)
AGES = [(0, True), (14, True), (-14, True), (16, False), (-16, False)]


@pytest.mark.parametrize(("minutes", "valid"), AGES)
def test_a_signature_lives_fifteen_minutes(minutes: int, valid: bool) -> None:
    made = (NOW - timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%S")
    assert signature.is_current(f"{made}Z{'a' * 64}", NOW) is valid


HOSTS = ["127.0.0.1:4566", "git-codecommit.eu-west-1.amazonaws.com"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_signature_tells_the_region_that_it_was_made_for(host: str) -> None:
    password = sign(host, "/v1/repos/r", "eu-central-1", Credentials("AKIA", "secret"))
    regions = ["eu-west-1", "eu-central-1"]
    assert signature.region_of(password, "secret", "/v1/repos/r", host, regions) == "eu-central-1"
    assert signature.region_of(password, "other", "/v1/repos/r", host, regions) is None
    assert signature.region_of(password, "secret", "/v1/repos/other", host, regions) is None
