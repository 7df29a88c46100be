"""Says in a plain sentence what a call to AWS does: "Create the role codebuild-…"."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

Params = Mapping[str, Any]


class Kind(StrEnum):
    """What one entry of a plan is."""

    CREATE = "create"
    CHANGE = "change"
    START = "start"
    REMOVE = "remove"
    ANSWER = "answer"
    THERE = "already there"


KINDS = {
    "Create": Kind.CREATE,
    "Run": Kind.CREATE,
    "Start": Kind.START,
    "Execute": Kind.START,
    "Invoke": Kind.START,
    "Retry": Kind.START,
    "Delete": Kind.REMOVE,
    "Detach": Kind.REMOVE,
    "Remove": Kind.REMOVE,
    "Stop": Kind.REMOVE,
}
# Where the operation's name and its first name alone would not make a good sentence.
SENTENCES = {
    "AttachRolePolicy": "Attach the policy {PolicyArn} to the role {RoleName}",
    "CreateCommit": "Commit to {branchName} of {repositoryName}: {commitMessage}",
    "DeletePolicy": "Delete the policy {PolicyArn}",
    "DeletePolicyVersion": "Delete version {VersionId} of the policy {PolicyArn}",
    "DeleteRolePolicy": "Take the policy {PolicyName} from the role {RoleName}",
    "DetachRolePolicy": "Take the policy {PolicyArn} from the role {RoleName}",
    "DeleteBucketPolicy": "Delete the policy of the bucket {Bucket}",
    "PutBucketPolicy": "Change the policy of the bucket {Bucket}",
    "PutFile": "Commit {filePath} to {branchName} of {repositoryName}: {commitMessage}",
    "PutRolePolicy": "Give the role {RoleName} the policy {PolicyName}",
    "PutTargets": "Have the rule {Rule} start {Targets}",
    "RemoveTargets": "Take its target from the rule {Rule}",
    "StartPipelineExecution": "Start a run of the pipeline {name}",
    "UpdateAssumeRolePolicy": "Change whom the role {RoleName} trusts",
}
ANSWERS = {
    Kind.ANSWER: "Answer “{question}” with {value}",
    Kind.THERE: "“{question}” is answered with {value}",
    Kind.REMOVE: "Forget the answer {value} to “{question}”",
}
VERB = re.compile(r"[A-Z][a-z]+")
WORD = re.compile(r"[A-Z][a-z0-9]*")


def kind_of(operation: str, missing: bool) -> Kind:
    """What a writing call amounts to; what is put where nothing was is created."""
    verb = verb_of(operation)
    if verb in ("Put", "Register") and missing:
        return Kind.CREATE
    return KINDS.get(verb, Kind.CHANGE)


def sentence(operation: str, params: Params, kind: Kind) -> str:
    """One sentence in the imperative, without a full stop."""
    pattern = SENTENCES.get(operation)
    if pattern:
        try:
            return pattern.format_map({name: _short(value) for name, value in params.items()})
        except KeyError:  # an optional member was left out
            pass
    verb = verb_of(operation)
    verb = {"Put": kind.value.title(), "Update": "Change"}.get(verb, verb)
    return f"{verb} the {noun_of(operation).lower()} {_name(params)}".strip()


def answered(kind: Kind, question: str, value: str) -> str:
    """One sentence about an answer that is given, was given, or is forgotten."""
    return ANSWERS[kind].format(question=question, value=value)


def verb_of(operation: str) -> str:
    """The first word of an operation: "Create"."""
    found = VERB.match(operation)
    return found[0] if found else operation


def noun_of(operation: str) -> str:
    """What an operation is about, in words: "Assume role policy"."""
    return " ".join(WORD.findall(operation.removeprefix(verb_of(operation)))).capitalize()


def _name(params: Params) -> str:
    return next(_names(params), "")


def _names(params: Params) -> Iterator[str]:
    """The names of the things a call is about, the most telling first."""
    for name, value in params.items():
        if name.lower().endswith("name") and isinstance(value, str):
            yield value
    for value in params.values():
        if isinstance(value, dict):
            yield from _names(value)
    yield from (value for value in params.values() if isinstance(value, str))


def _short(value: Any) -> str:
    """A value as people say it: an ARN by its last part, a list by its members' ARNs or names."""
    if isinstance(value, list):
        return " and ".join(_short(_arn(one)) for one in value)
    text = str(value)
    return re.split(r"[/:]", text)[-1] if text.startswith("arn:") else text


def _arn(value: Any) -> Any:
    return value.get("Arn", "") if isinstance(value, dict) else value
