"""Stacks in stacks, and the handles that wait for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.cloudformation.intrinsics import text_of
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Failed, Kind, Made, Properties, Work

SERVICE = "cloudformation"


def _create_stack(work: Work, properties: Properties) -> Made:
    given = _request(work, properties)
    stack = work.call(SERVICE, "create_stack", given, StackName=work.generated(128))["StackId"]
    work.begun(stack)
    status, reason = work.wait_for_stack(stack)
    if status != "CREATE_COMPLETE":
        raise Failed(f"Embedded stack {stack} was not successfully created: {reason}")
    return _made(work, stack)


def _request(work: Work, properties: Properties) -> dict[str, Any]:
    values = (properties.get("Parameters") or {}).items()
    return {
        "TemplateURL": properties["TemplateURL"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": text_of(item)} for key, item in values],
        "Tags": properties.get("Tags") or [],
        "NotificationARNs": properties.get("NotificationARNs") or [],
        "Capabilities": list(work.capabilities),
        "DisableRollback": False,
        "TimeoutInMinutes": properties.get("TimeoutInMinutes"),
    }


def _made(work: Work, stack: str) -> Made:
    found = work.call(SERVICE, "describe_stacks", StackName=stack)["Stacks"][0]
    outputs = {f"Outputs.{o['OutputKey']}": o["OutputValue"] for o in found.get("Outputs") or ()}
    return Made(stack, outputs)


def _update_stack(work: Work, old: Resource, properties: Properties) -> Made:
    stack = str(old.physical_id)
    try:
        work.call(SERVICE, "update_stack", _request(work, properties), StackName=stack)
    except ClientError as error:
        # The parent may have changed something that makes no difference below.
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise
        return _made(work, stack)
    status, reason = work.wait_for_stack(stack)
    if status != "UPDATE_COMPLETE":
        raise Failed(f"Embedded stack {stack} was not successfully updated: {reason}")
    return _made(work, stack)


def _delete_stack(work: Work, resource: Resource) -> None:
    stack = str(resource.physical_id)
    work.attempt(SERVICE, "delete_stack", StackName=stack)
    status, reason = work.wait_for_stack(stack)
    if status != "DELETE_COMPLETE":
        raise Failed(f"Embedded stack {stack} was not successfully deleted: {reason}")


def _create_handle(work: Work, _: Properties) -> Made:
    return Made(
        f"https://cloudformation-waitcondition-{work.place.region}.s3.amazonaws.com/{work.generated()}"
    )


def _update_handle(_: Work, old: Resource, __: Properties) -> Made:
    return Made(str(old.physical_id))


def _forget_handle(work: Work, resource: Resource) -> None:
    """A handle is only a URL; nothing stands behind it."""


KINDS: Mapping[str, Kind] = {
    "AWS::CloudFormation::Stack": Kind(_create_stack, _delete_stack, _update_stack),
    "AWS::CloudFormation::WaitConditionHandle": Kind(_create_handle, _forget_handle, _update_handle),
}
