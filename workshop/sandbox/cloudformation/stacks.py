"""CloudFormation's operations on stacks."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from workshop.sandbox.call import AwsError, Call

from . import show
from .comparison import compared, same
from .office import Office, new_id
from .protection import check as check_policy
from .sources import fetch, invalid
from .state import Definition, Stack
from .template import TemplateError
from .worker import Worker

NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "IMPORT_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)


class StackOperations:
    """Create, update, delete, roll back; mixed into the service."""

    office: Office

    def create_stack(self, call: Call) -> dict[str, Any]:
        name, token = check_name(call.params["StackName"], "stackName"), call.params.get("ClientRequestToken")
        found = self.office.region(call).stack(name)
        if found and token and found.tokens.get(token) == "create":
            return {"StackId": found.id}
        if found:
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack_id = new_id(call, "stack", name)
        definition = define(self.office, call, stack_id, name, None)
        stack = Stack(stack_id, name, "CREATE_IN_PROGRESS", self.office.ledger.now(), definition)
        configure(stack, call)
        stack.role = self.office.role(call, None)
        with self.office.ledger.lock:
            if self.office.region(call).stack(name):
                raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
            self.office.region(call).stacks[stack_id] = stack
            self.office.ledger.status(stack, "CREATE_IN_PROGRESS", "User Initiated", token)
        if token:
            stack.tokens[token] = "create"
        on_failure = call.params.get("OnFailure") or ("DO_NOTHING" if stack.disable_rollback else "ROLLBACK")
        self.office.begin(
            stack,
            partial(Worker.create, wanted=definition, on_failure=on_failure),
            caller=call.caller,
            token=token,
        )
        return {"StackId": stack_id}

    def update_stack(self, call: Call) -> dict[str, Any]:
        stack, token = (
            self.office.stack(call, "Stack [{}] does not exist"),
            call.params.get("ClientRequestToken"),
        )
        if token and stack.tokens.get(token) == "update":
            return {"StackId": stack.id}
        check_updatable(stack)
        definition = define(self.office, call, stack.id, stack.name, stack.definition)
        role = self.office.role(call, stack)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED") and self._unchanged(stack, definition):
            raise invalid("No updates are to be performed.")
        start_update(self.office, call, stack, definition, role)
        return {"StackId": stack.id}

    def _unchanged(self, stack: Stack, definition: Definition) -> bool:
        place = self.office.place(stack)
        try:
            with self.office.ledger.lock:
                region = self.office.ledger.region(place.account, place.region)
                found = compared(stack, definition, place, self.office.catalogue, region)
                return not found and same(stack, definition, place, region)
        except TemplateError as error:
            raise invalid(str(error)) from None

    def delete_stack(self, call: Call) -> dict[str, Any]:
        with self.office.ledger.lock:
            stack = self.office.region(call).stack(call.params["StackName"])
        token = call.params.get("ClientRequestToken")
        if stack is None or stack.gone or (token and stack.tokens.get(token) == "delete"):
            return {}
        if stack.protected:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.busy and stack.status not in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
            raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        retain = call.params.get("RetainResources") or []
        if retain and stack.status != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack.id}]. Valid RetainResources only "
                "when stack is in DELETE_FAILED state"
            )
        stack.role = self.office.role(call, stack)
        self._delete(call, stack, retain, token)
        return {}

    def _delete(self, call: Call, stack: Stack, retain: list[str], token: str | None) -> None:
        ledger = self.office.ledger
        if token:
            stack.tokens[token] = "delete"
        self.office.cancel(stack, to_delete=True)
        with ledger.lock:
            region = self.office.region(call)
            used = [(o.export, region.importers(o.export)) for o in stack.outputs if o.export]
            for change_set in region.sets_of(stack):
                del region.change_sets[change_set.id]
            ledger.status(stack, "DELETE_IN_PROGRESS", "User Initiated", token)
        for export, users in used:
            if users:
                names = ", ".join(user.name for user in users)
                reason = f"Delete canceled. Cannot delete export {export} as it is in use by {names}."
                ledger.status(stack, "DELETE_FAILED", reason, token)
                return
        self.office.begin(stack, partial(Worker.delete, retain=retain), caller=call.caller, token=token)

    def cancel_update_stack(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid("CancelUpdateStack cannot be called from current stack status")
        self.office.cancel(stack)
        return {}

    def continue_update_rollback(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue rollback.")
        self._roll_back(call, stack, call.params.get("ResourcesToSkip") or [])
        return {}

    def rollback_stack(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        self._roll_back(call, stack, [])
        return {"StackId": stack.id}

    def _roll_back(self, call: Call, stack: Stack, skip: list[str]) -> None:
        stack.role, token = self.office.role(call, stack), call.params.get("ClientRequestToken")
        ledger, journal = self.office.ledger, stack.undo
        if stack.status == "CREATE_FAILED":
            ledger.status(stack, "ROLLBACK_IN_PROGRESS", "User Initiated", token)
            self.office.begin(stack, partial(Worker.roll_back_creation), caller=call.caller, token=token)
            return
        ledger.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", token)
        act = partial(Worker.roll_back_update, journal=journal, skip=skip)
        self.office.begin(stack, act, caller=call.caller, token=token)

    def update_termination_protection(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        stack.protected = call.params["EnableTerminationProtection"]
        return {"StackId": stack.id}

    def set_stack_policy(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        stack.policy = check_policy(call.params.get("StackPolicyBody") or self._policy(call))
        return {}

    def _policy(self, call: Call) -> str:
        url = call.params.get("StackPolicyURL")
        if not url:
            raise invalid("Either StackPolicyBody or StackPolicyURL must be specified.")
        reader = self.office.reader(call, "", "")
        return fetch(url, reader.client, reader.endpoint)

    def get_stack_policy(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        return show.given({"StackPolicyBody": stack.policy})


def define(office: Office, call: Call, stack_id: str, name: str, previous: Definition | None) -> Definition:
    """The definition in a request that acts at once; AwsError ValidationError if it is refused."""
    try:
        return office.reader(call, stack_id, name).definition(call.params, previous, direct=True)
    except TemplateError as error:
        raise invalid(str(error)) from None


def start_update(office: Office, call: Call, stack: Stack, definition: Definition, role: str | None) -> None:
    """Begin to bring `stack` to `definition`."""
    token, stay = call.params.get("ClientRequestToken"), bool(call.params.get("DisableRollback"))
    during, lasting = (call.params.get(f"StackPolicy{when}Body") for when in ("DuringUpdate", ""))
    policy = check_policy(during) if during else stack.policy
    stack.policy = check_policy(lasting) if lasting else stack.policy
    with office.ledger.lock:
        check_updatable(stack)
        stack.role = role
        office.ledger.status(stack, "UPDATE_IN_PROGRESS", "User Initiated", token)
    if token:
        stack.tokens[token] = "update"
    act = partial(Worker.update, wanted=definition, policy=policy, stay_on_failure=stay)
    office.begin(stack, act, caller=call.caller, token=token)


def configure(stack: Stack, call: Call) -> None:
    """The settings that a stack is created with."""
    params = call.params
    stack.protected = bool(params.get("EnableTerminationProtection"))
    stack.disable_rollback = bool(params.get("DisableRollback"))
    stack.timeout = params.get("TimeoutInMinutes")
    stack.policy = check_policy(params["StackPolicyBody"]) if params.get("StackPolicyBody") else None
    if params.get("OnFailure") and "DisableRollback" in params:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")


def check_updatable(stack: Stack) -> None:
    """AwsError ValidationError unless the stack's status lets it be updated."""
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def check_name(name: str, member: str) -> str:
    """A stack's or change set's name; AwsError ValidationError as the API's validation words it."""
    if not NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    return name
