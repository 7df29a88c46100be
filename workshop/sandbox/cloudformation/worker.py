"""Carries out one operation on one stack, from its first status to its last."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from . import mending, plan
from .building import Building
from .reasons import reason_of
from .removing import discard, drop, remove
from .resources import kind_for
from .site import Site
from .state import Definition, Operation, Resource
from .template import TemplateError

Journal = tuple[plan.Done, ...]


class Worker:
    """One operation; its methods are called in the operation's own thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stack = site.stack

    def create(self, wanted: Definition, on_failure: str) -> None:
        """Make everything that `wanted` says; on failure go back, or stay, or vanish."""
        with self._time_limit():
            reason, _ = self._build(wanted)
        if self._site.superseded:
            return
        if reason is None:
            self._site.status("CREATE_COMPLETE")
        elif on_failure == "DO_NOTHING":
            self._site.status("CREATE_FAILED", reason)
        elif on_failure == "DELETE":
            self._site.status("DELETE_IN_PROGRESS", f"{reason}Delete requested by user.")
            self.delete()
        else:
            self._site.status("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
            self.roll_back_creation()

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        """Cancel the creation when the stack's time is over."""
        minutes = self._stack.timeout
        timer = threading.Timer((minutes or 0) * 60, self._time_is_over)
        if minutes:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _time_is_over(self) -> None:
        self._site.why_cancelled = "Stack creation time exceeded the specified timeout. "
        self._site.cancelled.set()

    def roll_back_creation(self) -> None:
        """Remove what a failed creation has made."""
        failed = remove(self._site, self._site.existing(), rolling_back=True)
        if failed:
            self._site.status("ROLLBACK_FAILED", plan.failures(failed))
        else:
            self._site.status("ROLLBACK_COMPLETE")

    def update(self, wanted: Definition, policy: str | None, *, stay_on_failure: bool = False) -> None:
        """Bring the stack to `wanted`, as far as the stack policy permits; on failure restore what was."""
        self._site.policy = policy
        # After an update that was left as it failed, what was is what was before that one.
        before, earlier = self._stack.before or self._stack.definition, self._stack.undo
        reason, building = self._build(wanted)
        journal: Journal = (*earlier, *(building.journal if building else ()))
        if reason is None and building is not None:
            self._complete(wanted, journal, building)
            return
        with self._site.ledger.lock:
            self._stack.before, self._stack.undo = before, journal
        if stay_on_failure:
            with self._site.ledger.lock:
                self._stack.definition = wanted
            self._site.status("UPDATE_FAILED", reason)
        else:
            self._site.status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self.roll_back_update(journal)

    def roll_back_update(self, journal: Journal, skip: Iterable[str] = ()) -> None:
        """Restore what `journal` changed, then remove what it made."""
        way = plan.undo(journal)
        restored = [(step, self._restore(step, frozenset(skip))) for step in way.restore]
        failed = [("update", step.before.name) for step, ok in restored if step.before and not ok]
        if failed:
            self._site.status("UPDATE_ROLLBACK_FAILED", plan.failures(failed))
            return
        self._site.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        discard(self._site, way.delete, lambda resource: resource.on_delete)
        with self._site.ledger.lock:
            for name in [r.name for r in self._stack.resources.values() if not r.exists]:
                del self._stack.resources[name]
            self._stack.definition = self._stack.before or self._stack.definition
            self._stack.before, self._stack.undo = None, ()
        self._site.status("UPDATE_ROLLBACK_COMPLETE")

    def delete(self, retain: Iterable[str] = ()) -> None:
        """Remove the stack's resources, those that others need last."""
        kept = set(retain)
        for resource in [r for r in self._site.existing() if r.name in kept]:
            self._site.record(resource, "DELETE_SKIPPED")
        failed = remove(self._site, self._site.existing())
        if failed:
            self._site.status("DELETE_FAILED", plan.failures(failed))
            return
        with self._site.ledger.lock:
            self._stack.outputs, self._stack.imports = (), frozenset()
        self._site.status("DELETE_COMPLETE")

    def resume(self, operation: Operation) -> None:
        """Go on with an operation that a stop of the sandbox has interrupted, in whatever status."""
        match self._stack.status:
            case "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS":
                mending.settle(self._site, operation)
                operation.act(self)
            case "ROLLBACK_IN_PROGRESS":
                self.roll_back_creation()
            case "DELETE_IN_PROGRESS":
                self.delete(operation.act.keywords.get("retain", ()))
            case "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" if self._stack.definition:
                done = mending.journal(operation, self._stack.resources.values())
                self._clean_up(done, Building(self._site, self._stack.definition).removed())
            case _:
                self.roll_back_update(self._stack.undo)

    def _build(self, wanted: Definition) -> tuple[str | None, Building | None]:
        self._site.capabilities = wanted.capabilities
        try:
            building = Building(self._site, wanted)
        except TemplateError as error:
            return f"{error} ", None
        return building.run(), building

    def _complete(self, wanted: Definition, journal: Journal, building: Building) -> None:
        """Make the new definition the stack's, and remove what is left of the old one."""
        with self._site.ledger.lock:
            self._stack.definition = wanted
            self._stack.before, self._stack.undo = None, ()
        self._site.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(journal, building.removed())

    def _clean_up(self, journal: Journal, removed: list[Resource]) -> None:
        clean = discard(self._site, plan.leftovers(journal), lambda resource: resource.on_replace)
        clean &= drop(self._site, removed)
        reason = None if clean else "Update successful. One or more resources could not be deleted."
        self._site.status("UPDATE_COMPLETE", reason)

    def _restore(self, step: plan.Done, skip: frozenset[str]) -> bool:
        """Give one resource back what it had; whether that succeeded."""
        before = step.before
        if before is None or before.name in skip:
            return before is None or bool(self._site.record(before, "UPDATE_COMPLETE"))
        changed = self._changed(step, before)
        self._site.record(changed, "UPDATE_IN_PROGRESS")
        work = self._site.work(before)
        try:
            if step.kind == "update":
                kind_for(before.type).change(work, changed, before.properties)
        except Exception as error:  # whatever a handler meets must end in the stack's history
            self._site.record(changed, "UPDATE_FAILED", reason_of(error, work.token, before))
            return False
        self._site.record(before, "UPDATE_COMPLETE")
        return True

    def _changed(self, step: plan.Done, before: Resource) -> Resource:
        """The resource as an update left it, or as far as a failed one may have got."""
        if step.kind == "replace" or step.after is None:
            return before
        return replace(step.after, physical_id=before.physical_id)
