"""Which route of an API a request takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ANY = "ANY"
DEFAULT = "$default"
STATIC, VARIABLE, GREEDY = range(3)


@dataclass(frozen=True)
class Route:
    """`method` may be ANY; `path` is a template such as `/pets/{id}` or `/{proxy+}`, or `$default`.

    `integration` is what answers, in the words of the kind of API that it belongs to.
    """

    method: str
    path: str
    integration: Mapping[str, Any] | None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """As HTTP APIs name it: `GET /pets/{id}` or `$default`."""
        return DEFAULT if self.path == DEFAULT else f"{self.method} {self.path}"

    def takes(self, method: str) -> bool:
        """Whether the route is for this method."""
        return self.method in (ANY, method)


@dataclass(frozen=True)
class Match:
    """A route and the values of its path variables, percent-encoded."""

    route: Route
    variables: Mapping[str, str]


def find_http(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """The route of an HTTP API: the most specific one for path and method, `$default` last."""
    found = [match for match in _fitting(routes, path) if match.route.takes(method)]
    if found:
        return min(found, key=lambda match: (_score(match.route.path), match.route.method == ANY))
    return next((Match(route, {}) for route in routes if route.path == DEFAULT), None)


def find_rest(routes: Sequence[Route], method: str, path: str) -> Match | None:
    """The method of a REST API: first the resource is found, then its method."""
    found = _fitting(routes, path.rstrip("/") or "/")
    if not found:
        return None
    best = min(_score(match.route.path) for match in found)
    methods = [match for match in found if _score(match.route.path) == best and match.route.takes(method)]
    return min(methods, key=lambda match: match.route.method == ANY, default=None)


def _fitting(routes: Iterable[Route], path: str) -> list[Match]:
    tried = ((route, _variables(_segments(route.path), _segments(path))) for route in routes)
    return [Match(route, variables) for route, variables in tried if variables is not None]


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _variables(template: Sequence[str], path: Sequence[str]) -> dict[str, str] | None:
    """The values of the template's variables, None if the path does not fit."""
    found: dict[str, str] = {}
    for index, part in enumerate(template):
        kind = _kind(part)
        if kind == GREEDY:
            rest = "/".join(path[index:])
            return {**found, part[1:-2]: rest} if rest else None
        if index >= len(path) or (kind == STATIC and part != path[index]):
            return None
        if kind == VARIABLE:
            if not path[index]:
                return None
            found[part[1:-1]] = path[index]
    return found if template and len(path) == len(template) else None


def _score(template: str) -> tuple[int, ...]:
    """Lower is more specific: fixed parts before variables before greedy ones, from the left."""
    return tuple(_kind(part) for part in _segments(template))


def _kind(part: str) -> int:
    if not (part.startswith("{") and part.endswith("}")):
        return STATIC
    return GREEDY if part.endswith("+}") else VARIABLE
