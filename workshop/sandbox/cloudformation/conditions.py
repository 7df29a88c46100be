"""Evaluates a template's conditions, which may build on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .intrinsics import Scope, resolve, truth
from .template import TemplateError


def evaluate_conditions(declared: Mapping[str, Any], scope: Scope) -> dict[str, bool]:
    """Every condition of a template by name; `scope` gives parameters and mappings."""
    known: dict[str, bool] = {}

    def evaluate(name: str, asked: tuple[str, ...]) -> bool:
        if name not in declared:
            raise TemplateError(
                f"Template format error: Unresolved condition dependency {name} in the "
                "Conditions block of the template"
            )
        if name in asked:
            raise TemplateError(
                f"Template format error: Circular dependency between conditions: [{', '.join(asked)}]"
            )
        if name not in known:
            inner = Scope(
                scope.values,
                scope.mappings,
                _Lazy(evaluate, (*asked, name)),
                scope.ref,
                scope.attribute,
                scope.imported,
            )
            known[name] = truth(resolve(declared[name], inner))
        return known[name]

    for name in declared:
        evaluate(name, ())
    return known


class _Lazy(Mapping[str, bool]):
    """Conditions evaluated when another one asks for them."""

    def __init__(self, evaluate: Callable[[str, tuple[str, ...]], bool], asked: tuple[str, ...]) -> None:
        self._evaluate = evaluate
        self._asked = asked

    def __getitem__(self, name: str) -> bool:
        return self._evaluate(name, self._asked)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
