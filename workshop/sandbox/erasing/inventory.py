"""Counts what an account holds, for whoever has it erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moto.s3.models import s3_backends

from workshop.sandbox.snapshot.kept import Kept

# By service: a member of its states, and what is in it.
COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "codecommit": ("repositories", "repositories"),
    "codebuild": ("projects", "build projects"),
    "codepipeline": ("pipelines", "pipelines"),
    "cloudformation": ("stacks", "stacks"),
    "lambda": ("functions", "functions"),
    "apigatewayv2": ("apis", "HTTP APIs"),
}


def of(account: str, kept: Mapping[str, Kept]) -> dict[str, int]:
    """How many of each kind there are; kinds of which there are none are left out."""
    found = {
        words: sum(len(getattr(state, member)) for state in _states(account, kept[service]))
        for service, (member, words) in COUNTED.items()
    }
    if account in s3_backends:
        found["buckets"] = sum(len(backend.buckets) for backend in list(s3_backends[account].values()))
    return {words: number for words, number in found.items() if number}


def _states(account: str, kept: Kept) -> list[Any]:
    return [state for (owner, _), state in list(kept.states.items()) if owner == account]
