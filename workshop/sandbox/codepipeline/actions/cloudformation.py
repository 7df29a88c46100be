"""Deploy with CloudFormation: stacks and change sets, in every mode of the action."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline import artifacts
from workshop.sandbox.codepipeline.actions import stack_input
from workshop.sandbox.codepipeline.actions.stack_progress import Stacks
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Progress, Work, wording

SERVICE = "AmazonCloudFormation"
BROKEN = (
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "UPDATE_ROLLBACK_FAILED",
)
NOT_YET_CREATED = (None, "REVIEW_IN_PROGRESS")


def run(work: Work) -> Outcome:
    """Do what ActionMode says; CloudFormation's refusals become the action's error."""
    modes: dict[str, Callable[[Work, Stacks], Outcome]] = {
        "CREATE_UPDATE": _create_or_update,
        "REPLACE_ON_FAILURE": _replace_on_failure,
        "DELETE_ONLY": _delete,
        "CHANGE_SET_REPLACE": _replace_change_set,
        "CHANGE_SET_EXECUTE": _execute_change_set,
    }
    mode = modes.get(work.configuration["ActionMode"])
    if mode is None:
        raise ActionFailed("ConfigurationError", f"Invalid action mode: {work.configuration['ActionMode']}")
    try:
        return mode(work, Stacks(work))
    except ClientError as error:
        raise ActionFailed("JobFailed", wording(error, SERVICE)) from error


def _create_or_update(work: Work, stacks: Stacks) -> Outcome:
    status = stacks.status()
    if status in NOT_YET_CREATED:
        return _create(work, stacks)
    asked = stack_input.template(work) | stack_input.settings(work)
    try:
        work.client("cloudformation").update_stack(StackName=_stack(work), **asked)
    except ClientError as error:
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise
        return _done(work, stacks, f"Stack {_stack(work)} is up to date.")
    _begun(work, stacks)
    stacks.wait("UPDATE_COMPLETE", "update")
    return _done(work, stacks, f"Stack {_stack(work)} was updated.")


def _create(work: Work, stacks: Stacks) -> Outcome:
    asked = stack_input.template(work) | stack_input.settings(work)
    work.client("cloudformation").create_stack(StackName=_stack(work), **asked)
    _begun(work, stacks)
    stacks.wait("CREATE_COMPLETE", "create")
    return _done(work, stacks, f"Stack {_stack(work)} was created.")


def _replace_on_failure(work: Work, stacks: Stacks) -> Outcome:
    if stacks.status() in BROKEN:
        _remove(work, stacks)
        return _create(work, Stacks(work))
    return _create_or_update(work, stacks)


def _delete(work: Work, stacks: Stacks) -> Outcome:
    if stacks.status() is None:
        return Outcome(f"Stack {_stack(work)} does not exist.")
    _remove(work, stacks)
    return Outcome(f"Stack {_stack(work)} was deleted.", stacks.id, stacks.url)


def _remove(work: Work, stacks: Stacks) -> None:
    role = {"RoleARN": work.configuration["RoleArn"]} if "RoleArn" in work.configuration else {}
    work.client("cloudformation").delete_stack(StackName=_stack(work), **role)
    _begun(work, stacks)
    stacks.wait("DELETE_COMPLETE", "delete")


def _replace_change_set(work: Work, stacks: Stacks) -> Outcome:
    name = work.configuration["ChangeSetName"]
    status = stacks.status()
    create = status in NOT_YET_CREATED
    if status:
        _forget_change_set(work, name)
    asked = stack_input.template(work) | stack_input.settings(work)
    asked.pop("StackPolicyBody", None)
    made = work.client("cloudformation").create_change_set(
        StackName=_stack(work),
        ChangeSetName=name,
        ChangeSetType="CREATE" if create else "UPDATE",
        Description=f"Created by the pipeline {work.pipeline}",
        **asked,
    )
    url = f"{stacks.url_of(made['StackId'], 'changesets/changes')}&changeSetId={made['Id']}"
    work.report(Progress(made["Id"], url))
    changed = stacks.wait_for_change_set(name)
    summary = f"Change set {name} was created." if changed else f"Change set {name} has no changes."
    return Outcome(summary, made["Id"], url, variables=stacks.outputs())


def _forget_change_set(work: Work, name: str) -> None:
    try:
        work.client("cloudformation").delete_change_set(StackName=_stack(work), ChangeSetName=name)
    except ClientError as error:
        if "ChangeSetNotFound" not in error.response["Error"]["Code"]:
            raise


def _execute_change_set(work: Work, stacks: Stacks) -> Outcome:
    name = work.configuration["ChangeSetName"]
    creating = stacks.status() in NOT_YET_CREATED
    if not stacks.has_changes(name):
        return _done(work, stacks, f"Change set {name} has no changes to execute.")
    work.client("cloudformation").execute_change_set(StackName=_stack(work), ChangeSetName=name)
    _begun(work, stacks)
    kind = "create" if creating else "update"
    stacks.wait(f"{kind.upper()}_COMPLETE", kind)
    return _done(work, stacks, f"Change set {name} was executed.")


def _begun(work: Work, stacks: Stacks) -> None:
    stacks.status()
    work.watch(stacks.id)
    work.report(Progress(stacks.id, stacks.url))


def _done(work: Work, stacks: Stacks, summary: str) -> Outcome:
    outputs = stacks.outputs()
    _write_outputs(work, outputs)
    return Outcome(summary, stacks.id, stacks.url, variables=outputs)


def _write_outputs(work: Work, outputs: Mapping[str, str]) -> None:
    """The stack's outputs as a file in the output artifact, if the action names one."""
    name = work.configuration.get("OutputFileName")
    if name and work.outputs:
        body = artifacts.zipped({name: json.dumps(dict(outputs), indent=2).encode()})
        artifacts.write(work, work.outputs[0], body)


def _stack(work: Work) -> Any:
    return work.configuration["StackName"]
