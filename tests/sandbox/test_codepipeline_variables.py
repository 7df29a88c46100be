"""Variables in a configuration: what is replaced, and what cannot be."""

from __future__ import annotations

import pytest

from workshop.sandbox.codepipeline.variables import Unresolved, malformed, namespaces_in, resolve

KNOWN = {"Source": {"CommitId": "abc", "Branch-Name": "main"}, "codepipeline": {"PipelineExecutionId": "e1"}}

RESOLVED = {
    "nothing to do": ("plain", "plain"),
    "one": ("#{Source.CommitId}", "abc"),
    "several within text": ("v-#{Source.CommitId}-#{codepipeline.PipelineExecutionId}", "v-abc-e1"),
    "a key with a dash": ("#{Source.Branch-Name}", "main"),
    "inside JSON": ('[{"name":"C","value":"#{Source.CommitId}"}]', '[{"name":"C","value":"abc"}]'),
    "no reference": ("${Source.CommitId} {x}", "${Source.CommitId} {x}"),
}


@pytest.mark.parametrize("case", RESOLVED)
def test_references_are_replaced(case: str) -> None:
    text, expected = RESOLVED[case]
    assert resolve(text, KNOWN) == expected


@pytest.mark.parametrize("text", ["#{Source.Missing}", "#{Nobody.CommitId}", "x#{Source}"])
def test_what_nobody_set_is_unresolved(text: str) -> None:
    with pytest.raises(Unresolved):
        resolve(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "wrong"), [("#{Source.CommitId}", False), ("#{Source}", True), ("#{a b.c}", True), ("#{}", True)]
)
def test_a_reference_is_a_namespace_and_a_key(text: str, wrong: bool) -> None:
    assert malformed(text) is wrong


def test_namespaces_are_found_in_all_texts() -> None:
    assert namespaces_in(["#{A.x} #{B.y}", "none", "#{A.z}"]) == {"A", "B"}
