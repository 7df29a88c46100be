"""Parts of a build that can be looked at by themselves: variables, patterns, runtimes, log lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.sandbox.codebuild.agent import base_folders, choose, compile_pattern
from workshop.sandbox.codebuild.buildspec import parse
from workshop.sandbox.codebuild.failure import PhaseFailed
from workshop.sandbox.codebuild.log import LONGEST_LINE, batches, pieces
from workshop.sandbox.codebuild.runtimes import chosen
from workshop.sandbox.codebuild.variables import Variable, exportable, merged, secret_parts


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("**/*", "a/b/c.txt", True),
        ("**/*", ".hidden", True),
        ("*", "a/b", False),
        ("*", "a", True),
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("a/**/*", "a/b/c", True),
        ("a/**/*", "b/a", False),
        ("./a.txt", "a.txt", True),
        ("?.txt", "a.txt", True),
        ("[ab].txt", "c.txt", False),
        ("[!ab].txt", "c.txt", True),
        ("{a,b}.txt", "b.txt", True),
        ("a.txt", "aXtxt", False),
    ],
)
def test_what_a_pattern_of_files_fits(pattern: str, name: str, fits: bool) -> None:
    assert bool(compile_pattern(pattern).fullmatch(name)) is fits


@pytest.mark.parametrize(
    ("base", "names"),
    [
        (".", ["build-1/a", "build-2/b/c", "other/d"]),
        ("build-1", ["a"]),
        ("build-*", ["build-1/a", "build-2/b/c"]),
        ("none", []),
    ],
)
def test_files_are_named_from_their_base_directory(tmp_path: Path, base: str, names: list[str]) -> None:
    for name in ("build-1/a", "build-2/b/c", "other/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [name for name, _ in choose(base_folders(tmp_path, base), ["**/*"], [])]
    assert found == names


def test_a_file_outside_the_base_directory_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "outside.txt").touch()
    found = [name for name, _ in choose(base_folders(tmp_path, "base"), ["../outside.txt"], [])]
    assert found == ["outside.txt"]


SPEC = parse(
    "version: 0.2\n"
    "env:\n"
    "  variables: {A: spec, B: spec}\n"
    "  parameter-store: {P: /p}\n"
    "  exported-variables: [A, P, AWS_REGION, 'not a name']\n"
)


def test_what_is_given_wins_over_the_buildspec() -> None:
    found = merged(SPEC, [{"name": "B", "value": "given"}])
    assert found == [
        Variable("A", "spec"),
        Variable("B", "given"),
        Variable("P", "/p", "PARAMETER_STORE"),
    ]


def test_secrets_and_aws_variables_are_not_exported() -> None:
    assert exportable(SPEC, merged(SPEC, [])) == ["A"]


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("id", ("id", "", "", "")),
        ("id:key", ("id", "key", "", "")),
        ("id:key:stage:version", ("id", "key", "stage", "version")),
        (
            "arn:aws:secretsmanager:eu-west-1:1:secret:name-x:key",
            ("arn:aws:secretsmanager:eu-west-1:1:secret:name-x", "key", "", ""),
        ),
    ],
)
def test_how_a_secret_is_referred_to(reference: str, parts: tuple[str, str, str, str]) -> None:
    assert secret_parts(reference) == parts


@pytest.mark.parametrize(
    ("version", "same"), [("24", True), ("latest", True), ("24.x", True), ("22", False), ("$V", True)]
)
def test_another_version_than_the_one_here_is_said(version: str, same: bool) -> None:
    lines = list(chosen({"nodejs": version}, {"V": "24"}))
    assert (len(lines) == 1) is same


@pytest.mark.parametrize(
    ("runtimes", "message"),
    [
        ({"java": "corretto21"}, "Unknown runtime named 'java'. This build image has the following"),
        ({"nodejs": "newest"}, "Unknown runtime version named 'newest' of nodejs."),
    ],
)
def test_a_runtime_that_is_not_here_is_refused(runtimes: dict[str, str], message: str) -> None:
    with pytest.raises(PhaseFailed, match=message):
        list(chosen(runtimes, {}))


def test_long_lines_become_several_events() -> None:
    line = "x" * (LONGEST_LINE + 1) + "\n"
    assert [len(piece) for piece in pieces(line)] == [LONGEST_LINE, 2]


def test_batches_keep_to_the_quota_of_bytes() -> None:
    events = [{"timestamp": 0, "message": "x" * 400_000}] * 5
    assert [len(batch) for batch in batches(events)] == [2, 2, 1]
