"""CloudFormation's operations on change sets: propose, look, execute or throw away."""

from __future__ import annotations

from functools import partial
from typing import Any

from workshop.sandbox.call import AwsError, Call

from . import show
from .comparison import compared, same
from .office import Office, new_id
from .sources import invalid
from .stacks import check_name, check_updatable, start_update
from .state import ChangeSet, Definition, Stack
from .template import Template, TemplateError
from .worker import Worker

NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
NOTHING_AFTER_TRANSFORM = "No updates are to be performed."
EMPTY = Definition("", Template({}))


class ChangeSetOperations:
    """Create, describe, execute, delete, list; mixed into the service."""

    office: Office

    def create_change_set(self, call: Call) -> dict[str, Any]:
        """Propose a change; a failed or executed change set leaves its name free.

        (AWS keeps a failed one's name, too. Clients that name change sets by the second,
        such as the CLI, are quick enough here to ask twice for one.)
        """
        name = check_name(call.params["ChangeSetName"], "changeSetName")
        kind = call.params.get("ChangeSetType", "UPDATE")
        if kind == "IMPORT" or call.params.get("ResourcesToImport"):
            raise AwsError(
                "NotImplemented", "This sandbox cannot import existing resources into a stack yet.", 501
            )
        stack = self._stack_for(call, name, kind)
        taken = next((s for s in self.office.region(call).sets_of(stack) if s.name == name), None)
        token = call.params.get("ClientToken")
        if taken and taken.status != "FAILED" and not taken.execution.startswith("EXECUTE_"):
            if token and taken.token == token:
                return {"Id": taken.id, "StackId": stack.id}
            raise AwsError(
                "AlreadyExistsException", f"ChangeSet {name} already exists for stack {stack.name}"
            )
        role = self.office.role(call, stack)
        proposed = self._propose(call, stack, name, kind)
        proposed.role, proposed.token = role, token
        self._keep(call, stack, proposed)
        return {"Id": proposed.id, "StackId": stack.id}

    def _keep(self, call: Call, stack: Stack, proposed: ChangeSet) -> None:
        with self.office.ledger.lock:
            region = self.office.region(call)
            if stack.id not in region.stacks:
                region.stacks[stack.id] = stack
                self.office.ledger.status(stack, "REVIEW_IN_PROGRESS", "User Initiated", proposed.token)
            for old in region.sets_of(stack):
                if old.name == proposed.name:
                    del region.change_sets[old.id]
            region.change_sets[proposed.id] = proposed

    def _stack_for(self, call: Call, name: str, kind: str) -> Stack:
        """The stack to change, or one that is not there yet, for review."""
        stack_name = call.params["StackName"]
        found = self.office.region(call).stack(stack_name)
        if kind == "UPDATE":
            if found is None:
                raise invalid(f"Stack [{stack_name}] does not exist")
            check_updatable(found)
            return found
        if found is None:
            check_name(stack_name, "stackName")
            stack_id = new_id(call, "stack", stack_name)
            return Stack(stack_id, stack_name, "REVIEW_IN_PROGRESS", self.office.ledger.now())
        if found.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{found.name}] already exists and cannot be created again with "
                f"the changeSet [{name}]."
            )
        return found

    def _propose(self, call: Call, stack: Stack, name: str, kind: str) -> ChangeSet:
        """Work out the change; what the template's transform refuses makes it a FAILED one."""
        reader = self.office.reader(call, stack.id, stack.name)
        proposed = ChangeSet(
            new_id(call, "changeSet", name), name, stack.id, kind, self.office.ledger.now(), EMPTY,
            description=call.params.get("Description"), on_failure=call.params.get("OnStackFailure"),
        )  # fmt: skip
        try:
            proposed.definition = reader.definition(call.params, stack.definition, direct=False)
            self._compare(call, stack, proposed)
        except TemplateError as error:
            if not str(error).startswith("Transform "):
                raise invalid(str(error)) from None
            _fail(proposed, str(error))
        return proposed

    def _compare(self, call: Call, stack: Stack, proposed: ChangeSet) -> None:
        with self.office.ledger.lock:
            place, region = self.office.place(stack), self.office.region(call)
            found = compared(stack, proposed.definition, place, self.office.catalogue, region)
            unchanged = not found and same(stack, proposed.definition, place, region)
        proposed.changes = tuple(change.shown() for change in found)
        if unchanged:
            transformed = (
                "AWS::Serverless" in proposed.definition.text or "Fn::Transform" in proposed.definition.text
            )
            _fail(proposed, NOTHING_AFTER_TRANSFORM if transformed else NOTHING)

    def describe_change_set(self, call: Call) -> dict[str, Any]:
        stack, found = self._found(call)
        with self.office.ledger.lock:
            return show.change_set(stack, found, call.params.get("NextToken"))

    def list_change_sets(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        with self.office.ledger.lock:
            found = [show.change_set_summary(stack, s) for s in self.office.region(call).sets_of(stack)]
        return show.page(found, call.params.get("NextToken"), "Summaries")

    def delete_change_set(self, call: Call) -> dict[str, Any]:
        try:
            _, found = self._found(call)
        except AwsError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        if found.execution == "EXECUTE_IN_PROGRESS":
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.id}] cannot be deleted in its current execution "
                f"status of [{found.execution}]",
            )
        with self.office.ledger.lock:
            self.office.region(call).change_sets.pop(found.id, None)
        return {}

    def execute_change_set(self, call: Call) -> dict[str, Any]:
        stack, found = self._found(call)
        token = call.params.get("ClientRequestToken")
        if token and stack.tokens.get(token) == found.id:
            return {}
        role = self.office.checked(found.role or stack.role, call.region)
        with self.office.ledger.lock:
            _check_executable(found)
            if found.kind == "UPDATE":
                check_updatable(stack)
            found.execution = "EXECUTE_IN_PROGRESS"
            self._leave_only(call, stack, found)
            stack.change_set = found.id
            stack.role = role
        self._execute(call, stack, found)
        if token:
            stack.tokens[token] = found.id
        return {}

    def _leave_only(self, call: Call, stack: Stack, kept: ChangeSet) -> None:
        """A stack's other change sets go when one is executed: they no longer fit."""
        region = self.office.region(call)
        for other in region.sets_of(stack):
            if other.id != kept.id:
                del region.change_sets[other.id]

    def _execute(self, call: Call, stack: Stack, found: ChangeSet) -> None:
        if found.kind == "UPDATE":
            start_update(self.office, call, stack, found.definition, stack.role)
            return
        token = call.params.get("ClientRequestToken")
        stack.definition = found.definition
        stack.disable_rollback = bool(call.params.get("DisableRollback"))
        self.office.ledger.status(stack, "CREATE_IN_PROGRESS", "User Initiated", token)
        on_failure = found.on_failure or ("DO_NOTHING" if stack.disable_rollback else "ROLLBACK")
        act = partial(Worker.create, wanted=found.definition, on_failure=on_failure)
        self.office.begin(stack, act, caller=call.caller, token=token)

    def _found(self, call: Call) -> tuple[Stack, ChangeSet]:
        """The change set that a request names, by ARN or by name and stack, and its stack."""
        name = call.params["ChangeSetName"]
        region = self.office.region(call)
        if name.startswith("arn:"):
            found = region.change_sets.get(name)
        else:
            stack_name = call.params.get("StackName")
            if not stack_name:
                raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
            stack = self.office.stack(call, "Stack [{}] does not exist")
            found = next((s for s in region.sets_of(stack) if s.name == name), None)
        if found is None:
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
        return region.stacks[found.stack_id], found


def _fail(proposed: ChangeSet, reason: str) -> None:
    proposed.status, proposed.execution, proposed.reason = "FAILED", "UNAVAILABLE", reason


def _check_executable(found: ChangeSet) -> None:
    if found.status != "CREATE_COMPLETE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status}]",
        )
    if found.execution != "AVAILABLE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.id}] cannot be executed in its current execution "
            f"status of [{found.execution}]",
        )
