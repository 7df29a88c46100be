"""Makes and changes a stack's resources until they are as its definition says.

What to do with each is decided in `plan`; here it is done, each resource as soon as those
it needs are there, and every step goes into the stack's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from . import plan
from .catalogue import Schema
from .dynamic import with_stored_values
from .graph import Schedule
from .intrinsics import Scope, resolve
from .outputs import outputs_of
from .protection import denial
from .reasons import reason_of
from .references import dependencies
from .removing import destroy
from .resources import kind_for, kind_of
from .scope import active, conditions
from .site import Site
from .state import DEFAULT_POLICY, Definition, Resource
from .tags import with_tags
from .template import TemplateError
from .work import Failed, Made

AT_ONCE = 4
VERBS = {"create": "create", "update": "update", "replace": "update"}
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


@dataclass(frozen=True)
class Step:
    """One resource about to be made or changed; a `fault` is already known to prevent it."""

    kind: plan.Kind
    resource: Resource
    before: Resource | None
    fault: str | None = None

    @property
    def cancelled(self) -> str:
        return f"Resource {'creation' if self.kind == 'create' else 'update'} cancelled"


class Building:
    """One walk towards a definition; `journal` is what it has done, for undoing it."""

    def __init__(self, site: Site, wanted: Definition) -> None:
        self.journal: list[plan.Done] = []
        self._site = site
        self._wanted = wanted
        self._failures: list[tuple[str, str]] = []
        known = conditions(wanted.template, wanted.parameters, site.place)
        self._declared = active(wanted.template, known)
        self._halves = {r.name: r for r in site.existing() if r.status == "CREATE_FAILED"}
        needs = dependencies(wanted.template)
        self._needs = {name: tuple(n for n in needs[name] if n in self._declared) for name in self._declared}

    def run(self) -> str | None:
        """Do it all; the reason if it failed, None when the stack is as wanted."""
        site = self._site
        try:
            self._check_removals()
            self._walk()
            if self._failures:
                return plan.failures(self._failures)
            if site.cancelled.is_set():
                return site.why_cancelled
            outputs = outputs_of(self._wanted, site.scope(self._wanted), site.ledger, site.stack, site.place)
        except TemplateError as error:
            return f"{error} "
        with site.ledger.lock:
            site.stack.outputs, site.stack.imports = outputs, frozenset(site.imports)
        return None

    def removed(self) -> list[Resource]:
        """The stack's resources that its definition no longer has."""
        return [resource for resource in self._site.existing() if resource.name not in self._declared]

    def _check_removals(self) -> None:
        for resource in self.removed():
            if reason := denial(self._site.policy, "Update:Delete", resource):
                raise TemplateError(reason)

    @property
    def _stopped(self) -> bool:
        return bool(self._failures) or self._site.cancelled.is_set()

    def _walk(self) -> None:
        schedule = Schedule(self._needs)
        running: dict[Future[bool], str] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"stack-{self._site.stack.name}") as pool:
            while True:
                ready = [] if self._stopped else schedule.take()
                for name, step in self._steps(ready):
                    if step is None:
                        schedule.finish(name)
                    else:
                        running[pool.submit(self._take, step)] = name
                if not running and not ready:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    name = running.pop(future)
                    if future.result():
                        schedule.finish(name)

    def _steps(self, ready: list[str]) -> list[tuple[str, Step | None]]:
        """What is to be done for each of `ready`, all of it announced; None where nothing is."""
        if not ready:
            return []
        scope = self._site.scope(self._wanted)
        steps = [(name, self._step(name, scope)) for name in ready]
        for _, step in steps:
            if step is not None:
                self._announce(step)
        return steps

    def _step(self, name: str, scope: Scope) -> Step | None:
        declared = self._declared[name]
        existing = self._site.stack.resources.get(name)
        # What failed halfway through its creation is made anew.
        existing = existing if existing and existing.exists and existing.status != "CREATE_FAILED" else None
        resource = self._resource(name, declared, scope)
        schema = self._site.catalogue.schema(resource.type)
        try:
            resolved = resolve(declared.get("Properties") or {}, scope)
            properties = with_tags(schema, with_stored_values(resolved, self._site.client), self._wanted.tags)
        except (TemplateError, ClientError) as error:
            return Step("create" if existing is None else "update", resource, existing, str(error))
        resource = replace(resource, properties=properties)
        kind = kind_of(resource.type)
        updatable = kind is not None and kind.update is not None
        decision = plan.decide(existing, resource.type, properties, schema, updatable=updatable)
        if decision == "keep" and existing is not None:
            self._keep(existing, resource)
            return None
        return Step(decision, resource, existing, self._fault(decision, resource, existing, schema))

    def _fault(
        self, kind: plan.Kind, resource: Resource, before: Resource | None, schema: Schema
    ) -> str | None:
        action = "Update:Replace" if kind == "replace" else "Update:Modify"
        denied = denial(self._site.policy, action, resource) if before is not None else None
        return denied or _fault(kind, resource, before, schema)

    def _resource(self, name: str, declared: Mapping[str, Any], scope: Scope) -> Resource:
        policies = [
            str(resolve(declared.get(key) or DEFAULT_POLICY, scope))
            for key in ("DeletionPolicy", "UpdateReplacePolicy")
        ]
        return Resource(
            name=name,
            type=declared["Type"],
            status="",
            updated=self._site.ledger.now(),
            needs=self._needs[name],
            on_delete=policies[0],
            on_replace=policies[1],
            description=declared.get("Description"),
            metadata=declared.get("Metadata"),
        )

    def _keep(self, existing: Resource, wanted: Resource) -> None:
        """Policies, metadata and order may change without the resource."""
        status = "UPDATE_COMPLETE" if existing.status.endswith("_FAILED") else existing.status
        self._site.keep(
            replace(
                wanted,
                status=status,
                updated=existing.updated,
                physical_id=existing.physical_id,
                properties=existing.properties,
                attributes=existing.attributes,
            )
        )

    def _announce(self, step: Step) -> None:
        if step.before is None:
            self._site.record(step.resource, "CREATE_IN_PROGRESS")
        else:
            reason = REPLACING if step.kind == "replace" else None
            self._site.record(step.before, "UPDATE_IN_PROGRESS", reason)

    def _take(self, step: Step) -> bool:
        """Do one step; whether it succeeded."""
        if self._stopped:
            return self._fail(step, step.cancelled, step.resource)
        if step.fault:
            return self._fail(step, step.fault, step.resource)
        begun: list[str] = []
        try:
            made = self._make(step, begun)
        except Exception as error:  # whatever a handler meets must end in the stack's history
            reason = reason_of(error, self._site.work(step.resource).token, step.resource)
            half = replace(step.resource, physical_id=begun[0]) if begun else step.resource
            return self._fail(step, reason, half)
        status = "CREATE_COMPLETE" if step.kind == "create" else "UPDATE_COMPLETE"
        done = replace(step.resource, physical_id=made.id, attributes=dict(made.attributes))
        self.journal.append(plan.Done(step.kind, step.before, self._site.record(done, status)))
        return True

    def _make(self, step: Step, begun: list[str]) -> Made:
        kind = kind_for(step.resource.type)
        if step.kind == "update" and step.before is not None:
            return kind.change(self._site.work(step.resource), step.before, step.resource.properties)

        def begin(physical_id: str) -> None:
            begun.append(physical_id)
            status = "CREATE_IN_PROGRESS" if step.kind == "create" else "UPDATE_IN_PROGRESS"
            resource = replace(step.resource, physical_id=physical_id)
            self._site.record(resource, status, "Resource creation Initiated")

        self._clear(step)
        made = kind.create(self._site.work(step.resource, begin), step.resource.properties)
        if not begun:
            begin(made.id)
        return made

    def _clear(self, step: Step) -> None:
        """Remove what an earlier, failed creation has left under this name."""
        left = self._halves.get(step.resource.name)
        if left is not None and (reason := destroy(self._site, left)):
            raise Failed(reason)

    def _fail(self, step: Step, reason: str, resource: Resource) -> bool:
        self._failures.append((VERBS[step.kind], step.resource.name))
        before, cancelled = step.before, reason == step.cancelled
        if before is None:
            recorded = self._site.record(resource, "CREATE_FAILED", reason)
        else:
            known = resource.physical_id or before.physical_id
            shown = replace(resource, physical_id=known, attributes=before.attributes)
            recorded = self._site.record(shown, "UPDATE_FAILED", reason)
            # What has not been changed is still what it was.
            self._site.keep(replace(before, status="UPDATE_FAILED", reason=reason))
            if step.kind == "replace":
                recorded = replace(recorded, physical_id=resource.physical_id)
        if not cancelled:
            self.journal.append(plan.Done(step.kind, before, recorded))
        return False


def _fault(kind: plan.Kind, resource: Resource, before: Resource | None, schema: Schema) -> str | None:
    """What can be known to be wrong before any API is called."""
    fault = schema.fault(resource.properties)
    if fault:
        return f"Properties validation failed for resource {resource.name} with message:\n{fault}"
    if kind != "replace" or before is None or before.type != resource.type:
        return None
    # A successor would need the name while its predecessor still has it.
    given = resource.properties.get(schema.identifier or "")
    if given is None or given != before.physical_id:
        return None
    return (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {given} and update the stack again."
    )
