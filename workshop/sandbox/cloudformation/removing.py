"""Takes a stack's resources away, those that others need last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from .graph import Schedule, reversed_graph
from .reasons import reason_of
from .resources import kind_for
from .site import Site
from .state import Resource

AT_ONCE = 4


def remove(site: Site, resources: list[Resource], *, rolling_back: bool = False) -> list[tuple[str, str]]:
    """Delete `resources` unless they are to be retained; ("delete", name) for each that failed."""
    by_name = {resource.name: resource for resource in resources}
    schedule = Schedule(reversed_graph({r.name: [n for n in r.needs if n in by_name] for r in resources}))
    failed: list[tuple[str, str]] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"stack-{site.stack.name}") as pool:
        while ready := schedule.take():
            going = [(name, pool.submit(_delete, site, by_name[name], rolling_back)) for name in ready]
            for name, future in going:
                if future.result():
                    schedule.finish(name)
                else:
                    failed.append(("delete", name))
    return failed


def _delete(site: Site, resource: Resource, rolling_back: bool) -> bool:
    kept = ("Retain",) if rolling_back else ("Retain", "RetainExceptOnCreate")
    if resource.on_delete in kept:
        site.record(resource, "DELETE_SKIPPED")
        return True
    site.record(resource, "DELETE_IN_PROGRESS")
    reason = destroy(site, resource)
    site.record(resource, "DELETE_FAILED" if reason else "DELETE_COMPLETE", reason)
    return reason is None


def drop(site: Site, resources: list[Resource]) -> bool:
    """Delete what the template no longer has; the stack forgets it even where that fails."""
    failed = remove(site, resources)
    for resource in resources:
        site.forget(resource.name)
    return not failed


def discard(site: Site, resources: Iterable[Resource], policy: Callable[[Resource], str]) -> bool:
    """Delete replaced or undone resources, unless their `policy` is to retain them."""
    left = [resource for resource in resources if not _discard(site, resource, policy(resource))]
    return not left


def _discard(site: Site, resource: Resource, policy: str) -> bool:
    present = site.stack.resources.get(resource.name)
    if present is not None and present.physical_id == resource.physical_id:
        site.forget(resource.name)
    if policy == "Retain":
        site.note(resource, "DELETE_SKIPPED")
        return True
    site.note(resource, "DELETE_IN_PROGRESS")
    reason = destroy(site, resource)
    site.note(resource, "DELETE_FAILED" if reason else "DELETE_COMPLETE", reason)
    return reason is None


def destroy(site: Site, resource: Resource) -> str | None:
    """Delete a resource through its API; the reason if that failed."""
    if resource.physical_id is None:
        return None
    work = site.work(resource)
    try:
        kind_for(resource.type).delete(work, resource)
    except Exception as error:  # whatever a handler meets must end in the stack's history
        return reason_of(error, work.token, resource)
    return None
