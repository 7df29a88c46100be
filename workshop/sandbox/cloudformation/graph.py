"""The order in which resources are made: each after those it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .template import TemplateError

Graph = Mapping[str, Iterable[str]]


def order(graph: Graph) -> list[str]:
    """The nodes of `graph`, dependencies first, otherwise as given; raises on a cycle."""
    schedule = Schedule(graph)
    found: list[str] = []
    while ready := schedule.take():
        found += ready
        for name in ready:
            schedule.finish(name)
    return found


def check_cycles(graph: Graph) -> None:
    """Raises TemplateError in AWS's words if resources depend on each other in a circle."""
    left = {name: {n for n in needs if n in graph} for name, needs in graph.items()}
    while True:
        free = [name for name, needs in left.items() if not needs]
        if not free:
            break
        for name in free:
            del left[name]
        for needs in left.values():
            needs.difference_update(free)
    if left:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(left)}]")


def reversed_graph(graph: Graph) -> dict[str, list[str]]:
    """The same nodes with every edge turned round: what must go before each one goes."""
    turned: dict[str, list[str]] = {name: [] for name in graph}
    for name, needs in graph.items():
        for needed in needs:
            if needed in turned:
                turned[needed].append(name)
    return turned


class Schedule:
    """Hands out the nodes of a graph as soon as everything they need has finished."""

    def __init__(self, graph: Graph) -> None:
        check_cycles(graph)
        self._waiting = {name: {n for n in needs if n in graph} for name, needs in graph.items()}

    def take(self) -> list[str]:
        """The nodes that may start now; each is handed out once."""
        ready = [name for name, needs in self._waiting.items() if not needs]
        for name in ready:
            del self._waiting[name]
        return ready

    def finish(self, name: str) -> None:
        """Records that `name` is done, which may free others."""
        for needs in self._waiting.values():
            needs.discard(name)
