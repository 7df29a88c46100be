"""What a stop of the sandbox left half done in a stack, so that its operation can go on.

CloudFormation's operations outlive its machines: whoever waits for a stack sees it take longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .plan import Done
from .removing import destroy
from .site import Site
from .state import Operation, Resource

STOPPED = "The sandbox was stopped meanwhile; it is done again."


def settle(site: Site, operation: Operation) -> None:
    """Have resources that were being made count as failed ones, which the next walk makes again.

    What an update has done already goes into the stack's journal: the new walk finds nothing
    to do there, yet would have to undo it.
    """
    for now in [resource for resource in site.existing() if resource.status.endswith("_IN_PROGRESS")]:
        was = _standing(operation, now)
        if was is None:
            site.record(now, "CREATE_FAILED", STOPPED)
            continue
        if now.physical_id != was.physical_id:
            destroy(site, now)
        site.keep(replace(was, status="UPDATE_FAILED", reason=STOPPED))
    with site.ledger.lock:
        if site.stack.status == "UPDATE_IN_PROGRESS":
            site.stack.before = operation.before or site.stack.definition
            site.stack.undo = journal(operation, site.stack.resources.values())


def journal(operation: Operation, resources: Iterable[Resource]) -> tuple[Done, ...]:
    """What the operation has done so far, by what there was before it and what there is."""
    return (*operation.undo, *_steps(operation, resources))


def _steps(operation: Operation, resources: Iterable[Resource]) -> Iterator[Done]:
    for now in [resource for resource in resources if resource.exists]:
        was = _standing(operation, now)
        if was is None:
            yield Done("create", None, now)
        elif was.physical_id != now.physical_id:
            yield Done("replace", was, now)
        elif was.properties != now.properties:
            yield Done("update", was, now)


def _standing(operation: Operation, now: Resource) -> Resource | None:
    was = operation.resources.get(now.name)
    return was if was is not None and was.exists else None
