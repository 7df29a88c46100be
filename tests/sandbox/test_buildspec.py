"""What a buildspec means, and what CodeBuild says of one that means nothing."""

from __future__ import annotations

from typing import Any

import pytest

from workshop.sandbox.codebuild.buildspec import Artifact, parse
from workshop.sandbox.codebuild.tree import BuildspecError

WHOLE = """
version: 0.2
env:
  shell: bash
  variables: {ANSWER: yes, NUMBER: 08, EMPTY: ""}
  parameter-store: {P: /a/b}
  secrets-manager: {S: "id:key"}
  exported-variables: [ANSWER, P]
phases:
  install:
    runtime-versions: {nodejs: 22}
    commands: [npm ci]
  build:
    on-failure: CONTINUE
    commands:
      - echo one
      - |
        echo two
        echo three
    finally: [echo always]
artifacts:
  files: ["**/*"]
  base-directory: dist
  discard-paths: yes
  exclude-paths: ["**/.*"]
  secondary-artifacts:
    Other: {files: [x], name: n}
"""


def test_commands_are_kept_as_they_were_written() -> None:
    assert parse(WHOLE).phase("build").commands == ("echo one", "echo two\necho three\n")


def test_values_stay_the_text_that_was_written() -> None:
    assert parse(WHOLE).variables == {"ANSWER": "yes", "NUMBER": "08", "EMPTY": ""}


def test_a_phase_that_is_not_there_is_empty() -> None:
    assert parse(WHOLE).phase("pre_build").commands == ()


def test_artifacts_have_their_settings() -> None:
    expected = Artifact(("**/*",), "dist", ("**/.*",), discard_paths=True)
    assert parse(WHOLE).artifact == expected


def test_secondary_artifacts_go_by_their_identifiers() -> None:
    assert parse(WHOLE).secondary == {"Other": Artifact(("x",), name="n")}


def test_the_rest_is_read_too() -> None:
    spec = parse(WHOLE)
    assert (spec.shell, spec.runtimes, spec.exported) == ("bash", {"nodejs": "22"}, ("ANSWER", "P"))
    assert (spec.parameters, spec.secrets) == ({"P": "/a/b"}, {"S": "id:key"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wrong number of container tags, expected 1"),
        ("phases: {}", "wrong number of container tags, expected 1"),
        ("version: 2", "wrong number of container tags, expected 1"),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - echo a: b\n",
            "Expected Commands[0] to be of string type: found subkeys instead at line 5, "
            "value of the key tag on line 4 might be empty",
        ),
        (
            "version: 0.2\nphases:\n  test:\n    commands: [a]",
            "Invalid buildspec phase name: test. Expecting: build,install,post_build,pre_build",
        ),
        ("version: 0.2\nphases: [", "did not find expected node content at line 3"),
        ("version: 0.2\nphases:\n\tbuild:", "found character that cannot start any token at line 3"),
        ("version: 0.2\nphases: text", "Expected phases to be a mapping at line 2"),
        ("version: 0.2\nenv:\n  shell: fish", "invalid shell: fish"),
    ],
)
def test_a_buildspec_that_means_nothing_is_refused(text: Any, message: Any) -> None:
    with pytest.raises(BuildspecError) as refused:
        parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("version: 0.2\nphase: {}", (("", "phase"),)),
        ("version: 0.2\nartifacts: {type: zip, files: [a]}", (("artifacts", "type"),)),
        ("version: 0.2\nphases: {build: {command: [a]}}", (("build", "command"),)),
    ],
)
def test_unknown_keys_are_told_but_do_no_harm(text: Any, unknown: Any) -> None:
    assert parse(text).unknown == unknown


def test_an_anchor_can_be_used_again() -> None:
    spec = parse("version: 0.2\nphases:\n  install: &p {commands: [a]}\n  build: {<<: *p}\n")
    assert spec.phase("build").commands == ("a",)


def test_a_document_that_contains_itself_ends() -> None:
    assert parse("version: 0.2\nphases:\n  build: &b {commands: [a], more: *b}\n").unknown == (
        ("build", "more"),
    )
