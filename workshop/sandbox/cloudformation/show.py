"""Stacks, resources, events and change sets as CloudFormation's operations show them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workshop.sandbox import pages
from workshop.sandbox.pages import Token

from .state import ChangeSet, Definition, Event, Resource, Stack
from .template import Template

PAGE = 100
TOKEN = Token("ValidationError", "NextToken is not valid.")


def page(items: Sequence[Any], token: str | None, key: str) -> dict[str, Any]:
    """One page of `items` under `key`, with the token of the next."""
    shown, more = pages.page(items, PAGE, token, TOKEN)
    return {key: shown} | ({"NextToken": more} if more else {})


def stack(found: Stack) -> dict[str, Any]:
    """A stack in DescribeStacks."""
    entry: dict[str, Any] = {
        "StackId": found.id,
        "StackName": found.name,
        "StackStatus": found.status,
        "StackStatusReason": found.reason,
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "DisableRollback": found.disable_rollback,
        "EnableTerminationProtection": found.protected,
        "RoleARN": found.role,
        "ChangeSetId": found.change_set,
        "ParentId": found.parent,
        "RootId": found.root,
        "TimeoutInMinutes": found.timeout,
        "Outputs": [output.shown() for output in found.outputs] or None,
        "NotificationARNs": [],
        "RollbackConfiguration": {},
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "Tags": [],
    }
    if found.definition:
        entry |= _defined(found.definition)
    return given(entry)


def _defined(definition: Definition) -> dict[str, Any]:
    return {
        "Description": definition.template.description,
        "Parameters": [value.shown() for value in definition.parameters.values()] or None,
        "Capabilities": list(definition.capabilities) or None,
        "NotificationARNs": list(definition.notifications),
        "Tags": [{"Key": key, "Value": value} for key, value in definition.tags],
    }


def summary(found: Stack) -> dict[str, Any]:
    """A stack in ListStacks."""
    return given(
        {
            "StackId": found.id,
            "StackName": found.name,
            "StackStatus": found.status,
            "StackStatusReason": found.reason,
            "CreationTime": found.created,
            "LastUpdatedTime": found.updated,
            "DeletionTime": found.deleted,
            "ParentId": found.parent,
            "RootId": found.root,
            "TemplateDescription": found.definition.template.description if found.definition else None,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
    )


def event(of: Stack, found: Event) -> dict[str, Any]:
    """A line of DescribeStackEvents."""
    return given(
        {
            "StackId": of.id,
            "StackName": of.name,
            "EventId": found.id,
            "LogicalResourceId": found.name,
            "PhysicalResourceId": found.physical_id,
            "ResourceType": found.type,
            "Timestamp": found.time,
            "ResourceStatus": found.status,
            "ResourceStatusReason": found.reason,
            "ResourceProperties": found.properties,
            "ClientRequestToken": found.token,
        }
    )


def resource(of: Stack, found: Resource) -> dict[str, Any]:
    """A resource in DescribeStackResources."""
    return {"StackId": of.id, "StackName": of.name, "Timestamp": found.updated} | _resource(found)


def resource_detail(of: Stack, found: Resource) -> dict[str, Any]:
    """A resource in DescribeStackResource."""
    metadata = json.dumps(found.metadata, default=str) if found.metadata else None
    entry = {"StackId": of.id, "StackName": of.name, "LastUpdatedTimestamp": found.updated} | _resource(found)
    return entry | given({"Metadata": metadata})


def resource_summary(found: Resource) -> dict[str, Any]:
    """A resource in ListStackResources."""
    return {"LastUpdatedTimestamp": found.updated} | {
        k: v for k, v in _resource(found).items() if k != "Description"
    }


def _resource(found: Resource) -> dict[str, Any]:
    return given(
        {
            "LogicalResourceId": found.name,
            "PhysicalResourceId": found.physical_id,
            "ResourceType": found.type,
            "ResourceStatus": found.status,
            "ResourceStatusReason": found.reason,
            "Description": found.description,
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        }
    )


def change_set_summary(of: Stack, found: ChangeSet) -> dict[str, Any]:
    """A change set in ListChangeSets."""
    return given(
        {
            "StackId": of.id,
            "StackName": of.name,
            "ChangeSetId": found.id,
            "ChangeSetName": found.name,
            "ExecutionStatus": found.execution,
            "Status": found.status,
            "StatusReason": found.reason,
            "CreationTime": found.created,
            "Description": found.description,
            "IncludeNestedStacks": False,
        }
    )


def change_set(of: Stack, found: ChangeSet, token: str | None) -> dict[str, Any]:
    """A change set in DescribeChangeSet, with one page of its changes."""
    defined = {k: v for k, v in _defined(found.definition).items() if k != "Description"}
    entry = (
        change_set_summary(of, found)
        | defined
        | {"OnStackFailure": found.on_failure, "RollbackConfiguration": {}}
    )
    return given(entry) | page(found.changes, token, "Changes")


def parameters(template: Template) -> list[dict[str, Any]]:
    """A template's parameters in ValidateTemplate."""
    return [
        given(
            {
                "ParameterKey": name,
                "DefaultValue": _text(declared.get("Default")),
                "NoEcho": str(declared.get("NoEcho", "")).lower() == "true",
                "Description": declared.get("Description"),
            }
        )
        for name, declared in template.parameters.items()
    ]


def parameter_summaries(template: Template) -> list[dict[str, Any]]:
    """A template's parameters in GetTemplateSummary."""
    found = []
    for entry, declared in zip(parameters(template), template.parameters.values(), strict=True):
        allowed = declared.get("AllowedValues")
        constraints = {"AllowedValues": [str(_text(item)) for item in allowed]} if allowed else {}
        found.append(
            entry | {"ParameterType": declared.get("Type", "String"), "ParameterConstraints": constraints}
        )
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """`entry` without what there is none of."""
    return {key: value for key, value in entry.items() if value is not None}
