"""Carries out one operation on one stack: brings its resources to a definition, or back.

What to do with each resource is decided in `plan`; here it is done, each resource as soon
as those it needs are there, and every step goes into the stack's history.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.sandbox.call import AwsError

from . import plan
from .catalogue import Catalogue, Schema
from .dynamic import with_stored_values
from .graph import Schedule, reversed_graph
from .intrinsics import Scope, resolve
from .ledger import Ledger
from .outputs import outputs_of
from .references import dependencies
from .resources import kind_of
from .scope import Place, active, conditions, standing
from .state import DEFAULT_POLICY, Definition, Resource, Stack
from .tags import with_tags
from .template import TemplateError
from .work import Failed, Kind, Made, Work, reason_of

log = logging.getLogger(__name__)
AT_ONCE = 4
VERBS = {"create": "create", "update": "update", "replace": "update"}
CANCELLED = {
    "create": "Resource creation cancelled",
    "update": "Resource update cancelled",
    "replace": "Resource update cancelled",
}


@dataclass(frozen=True)
class Step:
    """One resource about to be made or changed."""

    kind: plan.Kind
    resource: Resource
    before: Resource | None


@dataclass
class Surroundings:
    """What an operation needs of the house: state, types, clients, other stacks."""

    ledger: Ledger
    catalogue: Catalogue
    client: Callable[[str], Any]
    wait_for_stack: Callable[[Stack, str], tuple[str, str | None]]
    endpoint: str


class Worker:
    """One operation; its methods are called in the operation's own thread."""

    def __init__(self, around: Surroundings, stack: Stack, place: Place, token: str | None) -> None:
        self._around = around
        self._ledger = around.ledger
        self._stack = stack
        self._place = place
        self._token = token
        self._journal: list[plan.Done] = []
        self._failures: list[tuple[str, str]] = []
        self._imports: set[str] = set()
        self._capabilities: tuple[str, ...] = stack.definition.capabilities if stack.definition else ()
        self.cancelled = threading.Event()

    # Operations

    def create(self, on_failure: str) -> None:
        """Make everything that the stack's definition says; on failure go back, or stay, or vanish."""
        assert self._stack.definition is not None
        reason = self._bring(self._stack.definition)
        if reason is None:
            self._status("CREATE_COMPLETE")
        elif on_failure == "DO_NOTHING":
            self._status("CREATE_FAILED", reason)
        elif on_failure == "DELETE":
            self._status("DELETE_IN_PROGRESS", f"{reason}Delete requested by user.")
            self.delete()
        else:
            self._status("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
            self.roll_back_creation()

    def roll_back_creation(self) -> None:
        """Remove what a failed creation has made."""
        failed = self._remove(self._existing(), rolling_back=True)
        if failed:
            self._status("ROLLBACK_FAILED", plan.failures(failed))
        else:
            self._status("ROLLBACK_COMPLETE")

    def update(self, wanted: Definition, *, stay_on_failure: bool = False) -> None:
        """Bring the stack to `wanted`; on failure restore what was."""
        before = self._stack.definition
        reason = self._bring(wanted)
        if reason is None:
            self._complete_update(wanted)
            return
        with self._ledger.lock:
            self._stack.before, self._stack.undo = before, tuple(self._journal)
        if stay_on_failure:
            with self._ledger.lock:
                self._stack.definition = wanted
            self._status("UPDATE_FAILED", reason)
        else:
            self._status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self.roll_back_update(tuple(self._journal))

    def roll_back_update(self, journal: tuple[plan.Done, ...], skip: Iterable[str] = ()) -> None:
        """Restore what `journal` changed, then remove what it made."""
        way = plan.undo(journal)
        failed = self._restore(way.restore, frozenset(skip))
        if failed:
            self._status("UPDATE_ROLLBACK_FAILED", plan.failures(failed))
            return
        self._status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._discard(way.delete, lambda resource: resource.on_delete)
        with self._ledger.lock:
            for name in [r.name for r in self._stack.resources.values() if r.physical_id is None]:
                del self._stack.resources[name]
            self._stack.definition = self._stack.before or self._stack.definition
            self._stack.before, self._stack.undo = None, ()
        self._status("UPDATE_ROLLBACK_COMPLETE")

    def delete(self, retain: Iterable[str] = ()) -> None:
        """Remove the stack's resources, those that others need last."""
        kept = set(retain)
        for resource in [r for r in self._existing() if r.name in kept]:
            self._record(replace(resource, status="DELETE_SKIPPED", reason=None))
        failed = self._remove(self._existing(), rolling_back=False)
        if failed:
            self._status("DELETE_FAILED", plan.failures(failed))
            return
        with self._ledger.lock:
            self._stack.outputs, self._stack.imports = (), frozenset()
        self._status("DELETE_COMPLETE")

    # Forwards

    def _bring(self, wanted: Definition) -> str | None:
        """Make and change resources until they are as `wanted`; the reason if that failed."""
        self._capabilities = wanted.capabilities
        try:
            known = conditions(wanted.template, wanted.parameters, self._place)
            resources = active(wanted.template, known)
            needs = dependencies(wanted.template)
            graph = {name: tuple(n for n in needs[name] if n in resources) for name in resources}
            self._walk(wanted, resources, graph)
            if self._failures:
                return plan.failures(self._failures)
            if self.cancelled.is_set():
                return "User Initiated"
            outputs = outputs_of(wanted, self._scope(wanted), self._ledger, self._stack, self._place)
        except TemplateError as error:
            return f"{error} "
        with self._ledger.lock:
            self._stack.outputs, self._stack.imports = outputs, frozenset(self._imports)
        return None

    def _walk(
        self,
        wanted: Definition,
        resources: Mapping[str, Mapping[str, Any]],
        graph: Mapping[str, tuple[str, ...]],
    ) -> None:
        schedule = Schedule(graph)
        running: dict[Future[bool], str] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"stack-{self._stack.name}") as pool:
            while True:
                ready = [] if self._stopped else schedule.take()
                for step, name in self._steps(wanted, ready, resources, graph):
                    if step is None:
                        schedule.finish(name)
                    else:
                        running[pool.submit(self._take, step)] = name
                if running:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        name = running.pop(future)
                        if future.result():
                            schedule.finish(name)
                elif not ready:
                    return

    @property
    def _stopped(self) -> bool:
        return bool(self._failures) or self.cancelled.is_set()

    def _steps(
        self,
        wanted: Definition,
        ready: list[str],
        resources: Mapping[str, Mapping[str, Any]],
        graph: Mapping[str, tuple[str, ...]],
    ) -> list[tuple[Step | None, str]]:
        """What is to be done for each of `ready`, already announced; None where nothing is."""
        scope = self._scope(wanted) if ready else None
        found: list[tuple[Step | None, str]] = []
        for name in ready:
            assert scope is not None
            step = self._step(name, wanted, resources[name], graph[name], scope)
            if step is not None:
                self._announce(step)
            found.append((step, name))
        return found

    def _step(
        self, name: str, wanted: Definition, declared: Mapping[str, Any], needs: tuple[str, ...], scope: Scope
    ) -> Step | None:
        type_ = declared["Type"]
        existing = self._stack.resources.get(name)
        existing = existing if existing and _exists(existing) else None
        schema = self._around.catalogue.schema(type_)
        resource = Resource(
            name, type_, "", self._ledger.now(), needs=needs,
            on_delete=_policy(declared, "DeletionPolicy", scope),
            on_replace=_policy(declared, "UpdateReplacePolicy", scope),
            description=declared.get("Description"), metadata=declared.get("Metadata"),
        )  # fmt: skip
        try:
            properties = resolve(declared.get("Properties") or {}, scope)
            properties = with_stored_values(properties, self._around.client)
        except (TemplateError, ClientError) as error:
            return Step(
                "create" if existing is None else "update", replace(resource, reason=str(error)), existing
            )
        resource = replace(resource, properties=with_tags(schema, properties, wanted.tags))
        kind = kind_of(type_)
        updatable = kind is not None and kind.update is not None
        decision = plan.decide(existing, type_, resource.properties, schema, updatable=updatable)
        if decision == "keep" and existing is not None:
            self._keep(existing, resource)
            return None
        return Step(decision, resource, existing)

    def _keep(self, existing: Resource, wanted: Resource) -> None:
        """Policies, metadata and order may change without the resource."""
        kept = replace(
            existing, needs=wanted.needs, on_delete=wanted.on_delete, on_replace=wanted.on_replace,
            metadata=wanted.metadata, description=wanted.description,
        )  # fmt: skip
        with self._ledger.lock:
            self._stack.resources[existing.name] = kept

    def _announce(self, step: Step) -> None:
        if step.kind == "create":
            self._record(replace(step.resource, status="CREATE_IN_PROGRESS", reason=None))
        else:
            assert step.before is not None
            reason = "Requested update requires the creation of a new physical resource; hence creating one."
            self._record(
                replace(
                    step.before,
                    status="UPDATE_IN_PROGRESS",
                    reason=reason if step.kind == "replace" else None,
                )
            )

    def _take(self, step: Step) -> bool:
        """Do one step; whether it succeeded."""
        if self._stopped:
            return self._fail(step, CANCELLED[step.kind], step.resource)
        if step.resource.reason:
            return self._fail(step, step.resource.reason, step.resource)
        made_so_far: list[str] = []
        try:
            made = self._make(step, made_so_far.append)
        except Exception as error:  # whatever a handler meets must end in the stack's history
            reason = _reason(error, self._work(step.resource).token, step.resource)
            half = replace(step.resource, physical_id=made_so_far[0]) if made_so_far else step.resource
            return self._fail(step, reason, half)
        status = "CREATE_COMPLETE" if step.kind == "create" else "UPDATE_COMPLETE"
        done = replace(
            step.resource, status=status, physical_id=made.id, attributes=dict(made.attributes), reason=None
        )
        self._journal.append(plan.Done(step.kind, step.before, self._record(done)))
        return True

    def _make(self, step: Step, begun: Callable[[str], None]) -> Made:
        kind, schema = _kind(step.resource), self._around.catalogue.schema(step.resource.type)
        fault = schema.fault(step.resource.properties)
        if fault:
            raise Failed(
                f"Properties validation failed for resource {step.resource.name} with message:\n{fault}"
            )
        if taken := _name_taken(step, schema):
            raise Failed(taken)
        if step.kind == "update":
            assert kind.update is not None
            assert step.before is not None
            return kind.update(self._work(step.resource), step.before, step.resource.properties)
        told: list[str] = []

        def tell(physical_id: str) -> None:
            begun(physical_id)
            told.append(physical_id)
            self._initiated(step, physical_id)

        made = kind.create(self._work(step.resource, tell), step.resource.properties)
        if not told:
            tell(made.id)
        return made

    def _initiated(self, step: Step, physical_id: str) -> None:
        status = "CREATE_IN_PROGRESS" if step.kind == "create" else "UPDATE_IN_PROGRESS"
        self._record(
            replace(
                step.resource, status=status, physical_id=physical_id, reason="Resource creation Initiated"
            )
        )

    def _fail(self, step: Step, reason: str, resource: Resource) -> bool:
        self._failures.append((VERBS[step.kind], step.resource.name))
        status = "CREATE_FAILED" if step.kind == "create" else "UPDATE_FAILED"
        before = step.before
        shown = replace(resource, status=status, reason=reason)
        if step.kind == "update" and before is not None:
            shown = replace(shown, physical_id=before.physical_id, attributes=before.attributes)
        if step.kind == "replace" and before is not None and not resource.physical_id:
            shown = replace(before, status=status, reason=reason)
        recorded = self._record(shown)
        if before is not None:
            # What has not been changed is still what it was.
            with self._ledger.lock:
                self._stack.resources[before.name] = replace(before, status=status, reason=reason)
        if reason != CANCELLED[step.kind]:
            self._journal.append(plan.Done(step.kind, before, recorded))
        return False

    def _complete_update(self, wanted: Definition) -> None:
        with self._ledger.lock:
            self._stack.definition = wanted
            self._stack.before, self._stack.undo = None, ()
        self._status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        known = conditions(wanted.template, wanted.parameters, self._place)
        removed = [r for r in self._existing() if r.name not in active(wanted.template, known)]
        replaced = plan.leftovers(self._journal)
        clean = self._discard(replaced, lambda resource: resource.on_replace) & self._drop(removed)
        reason = None if clean else "Update successful. One or more resources could not be deleted."
        self._status("UPDATE_COMPLETE", reason)

    # Back

    def _restore(self, steps: Iterable[plan.Done], skip: frozenset[str]) -> list[tuple[str, str]]:
        failed: list[tuple[str, str]] = []
        for step in steps:
            assert step.before is not None
            if step.before.name in skip:
                self._record(replace(step.before, status="UPDATE_COMPLETE", reason=None))
                continue
            current = step.after or step.before
            shown = (
                step.before
                if step.kind == "replace"
                else replace(current, physical_id=step.before.physical_id)
            )
            self._record(replace(shown, status="UPDATE_IN_PROGRESS", reason=None))
            try:
                if step.kind == "update":
                    kind = _kind(step.before)
                    assert kind.update is not None
                    kind.update(self._work(step.before), shown, step.before.properties)
            except Exception as error:  # as above: it must end in the stack's history
                reason = _reason(error, self._work(step.before).token, step.before)
                self._record(replace(shown, status="UPDATE_FAILED", reason=reason))
                failed.append(("update", step.before.name))
                continue
            self._record(replace(step.before, status="UPDATE_COMPLETE", reason=None))
        return failed

    def _existing(self) -> list[Resource]:
        with self._ledger.lock:
            return [resource for resource in self._stack.resources.values() if _exists(resource)]

    def _remove(self, resources: list[Resource], *, rolling_back: bool) -> list[tuple[str, str]]:
        """Delete `resources`, each after those that need it; the verbs and names that failed."""
        by_name = {resource.name: resource for resource in resources}
        schedule = Schedule(reversed_graph({r.name: [n for n in r.needs if n in by_name] for r in resources}))
        failed: list[tuple[str, str]] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"stack-{self._stack.name}") as pool:
            while ready := schedule.take():
                going = [(name, pool.submit(self._delete_one, by_name[name], rolling_back)) for name in ready]
                for name, future in going:
                    if future.result():
                        schedule.finish(name)
                    else:
                        failed.append(("delete", name))
        return failed

    def _delete_one(self, resource: Resource, rolling_back: bool) -> bool:
        kept = ("Retain",) if rolling_back else ("Retain", "RetainExceptOnCreate")
        if resource.on_delete in kept:
            self._record(replace(resource, status="DELETE_SKIPPED", reason=None))
            return True
        self._record(replace(resource, status="DELETE_IN_PROGRESS", reason=None))
        reason = self._destroy(resource)
        self._record(
            replace(resource, status="DELETE_FAILED" if reason else "DELETE_COMPLETE", reason=reason)
        )
        return reason is None

    def _drop(self, resources: list[Resource]) -> bool:
        """Delete what the template no longer has; the stack forgets it even if that fails."""
        failed = self._remove(resources, rolling_back=False)
        with self._ledger.lock:
            for resource in resources:
                self._stack.resources.pop(resource.name, None)
        return not failed

    def _discard(self, resources: Iterable[Resource], policy: Callable[[Resource], str]) -> bool:
        """Delete replaced or undone resources, unless their `policy` is to retain them."""
        clean = True
        for resource in resources:
            present = self._stack.resources.get(resource.name)
            current = present is not None and present.physical_id == resource.physical_id
            if policy(resource) == "Retain":
                self._ledger.aside(
                    self._stack, replace(resource, status="DELETE_SKIPPED", reason=None), self._token
                )
                continue
            self._ledger.aside(
                self._stack, replace(resource, status="DELETE_IN_PROGRESS", reason=None), self._token
            )
            reason = self._destroy(resource)
            status = "DELETE_FAILED" if reason else "DELETE_COMPLETE"
            self._ledger.aside(self._stack, replace(resource, status=status, reason=reason), self._token)
            clean = clean and reason is None
            if current:
                with self._ledger.lock:
                    self._stack.resources.pop(resource.name, None)
        return clean

    def _destroy(self, resource: Resource) -> str | None:
        """Delete through the API; the reason if that failed."""
        if resource.physical_id is None:
            return None
        try:
            _kind(resource).delete(self._work(resource), resource)
        except Exception as error:  # as above: it must end in the stack's history
            return _reason(error, self._work(resource).token, resource)
        return None

    # Small things

    def _scope(self, wanted: Definition) -> Scope:
        with self._ledger.lock:
            resources = {name: r for name, r in self._stack.resources.items() if _exists(r)}
        return standing(wanted, self._place, resources, self._imported)

    def _imported(self, name: str) -> str:
        with self._ledger.lock:
            exports = self._ledger.region(self._place.account, self._place.region).exports()
        if name not in exports:
            raise TemplateError(f"No export named {name} found.")
        self._imports.add(name)
        return exports[name][1].value

    def _work(self, resource: Resource, begun: Callable[[str], None] = lambda _: None) -> Work:
        return Work(
            place=self._place,
            name=resource.name,
            type=resource.type,
            client=self._around.client,
            begun=begun,
            wait_for_stack=lambda child: self._around.wait_for_stack(self._stack, child),
            capabilities=self._capabilities,
            endpoint=self._around.endpoint,
            token=self._token or self._stack.id.rsplit("/", 1)[-1],
        )

    def _record(self, resource: Resource) -> Resource:
        return self._ledger.resource(self._stack, resource, self._token)

    def _status(self, status: str, reason: str | None = None) -> None:
        self._ledger.status(self._stack, status, reason, self._token)


def _exists(resource: Resource) -> bool:
    return resource.physical_id is not None and resource.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


def _policy(declared: Mapping[str, Any], key: str, scope: Scope) -> str:
    return str(resolve(declared.get(key) or DEFAULT_POLICY, scope))


def _kind(resource: Resource) -> Kind:
    found = kind_of(resource.type)
    if found is None:
        raise Failed(f"This sandbox cannot make resources of type {resource.type}; AWS can.")
    return found


def _name_taken(step: Step, schema: Schema) -> str | None:
    """A resource with a name of its own cannot be replaced: its successor would need the name."""
    if step.kind != "replace" or step.before is None or step.before.type != step.resource.type:
        return None
    given = step.resource.properties.get(schema.identifier or "")
    if given is None or given != step.before.physical_id:
        return None
    return (
        f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {given} and update the stack again."
    )


def _reason(error: Exception, token: str, resource: Resource) -> str:
    if isinstance(error, ClientError):
        return reason_of(error, token)
    if isinstance(error, Failed):
        return str(error)
    if isinstance(error, AwsError):
        return f"{error.message} ({error.code})"
    if isinstance(error, BotoCoreError | KeyError | TypeError | ValueError):
        log.info("resource %s (%s): %r", resource.name, resource.type, error)
        return f"Properties validation failed for resource {resource.name} with message:\n{error}"
    log.error("resource %s (%s)", resource.name, resource.type, exc_info=error)
    return f"Internal Failure ({type(error).__name__}); the sandbox's log says more."
