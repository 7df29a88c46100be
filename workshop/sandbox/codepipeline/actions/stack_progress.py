"""How far CloudFormation has come with a stack or a change set, and why it failed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline.work import ActionFailed, Work

EMPTY = ("didn't contain changes", "No updates are to be performed")


class Stacks:
    """The action's stack, seen through the action's role. `id` and `url` are known once it was seen."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = work.client("cloudformation")
        self._name = work.configuration["StackName"]
        self.id = ""

    @property
    def url(self) -> str:
        """The console's page of the stack."""
        return self.url_of(self.id, "stackinfo") if self.id else ""

    def url_of(self, id: str, page: str) -> str:
        region = self._work.region
        return (
            f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}"
            f"#/stacks/{page}?stackId={quote(id, safe='')}"
        )

    def status(self) -> str | None:
        """The stack's status; None if there is no such stack."""
        stack = self._describe(self._name)
        if stack:
            self.id = stack["StackId"]
        return stack["StackStatus"] if stack else None

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by their keys."""
        stack = self._describe(self._name) or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def wait(self, good: str, verb: str) -> None:
        """Wait until the stack rests; ActionFailed unless it rests in the status `good`."""
        while True:
            stack = self._describe(self.id or self._name)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                break
            self._work.pause()
        if status != good:
            reason = self._reason()
            raise ActionFailed("JobFailed", f"Failed to {verb} stack. Current status: {status}. {reason}")

    def wait_for_change_set(self, name: str) -> bool:
        """Wait until the change set is made; whether it holds changes."""
        while True:
            found = self._change_set(name)
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                return self._usable(name, found)
            self._work.pause()

    def has_changes(self, name: str) -> bool:
        """Whether a change set is there to be executed; False if it came out empty."""
        return self._usable(name, self._change_set(name))

    def _usable(self, name: str, found: dict[str, Any]) -> bool:
        reason = found.get("StatusReason", "")
        if found["Status"] == "FAILED" and any(text in reason for text in EMPTY):
            return False
        if found["Status"] == "FAILED":
            raise ActionFailed("JobFailed", f"Failed to create change set [{name}]. Reason: {reason}")
        return True

    def _change_set(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.describe_change_set(StackName=self._name, ChangeSetName=name)
        return found

    def _describe(self, stack: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return found

    def _reason(self) -> str:
        """The first resource that failed, if the role may read the stack's events (user guide)."""
        try:
            events = self._client.describe_stack_events(StackName=self.id)["StackEvents"]
        except ClientError:
            return (
                "Status reason is not available because IAM role associated with the action does not have "
                "CloudFormation DescribeStackEvents permission"
            )
        return _first_failure(events)


def _first_failure(events: list[dict[str, Any]]) -> str:
    """Out of events, newest first: what failed first in the last operation."""
    first = ""
    for event in events:
        own = event["PhysicalResourceId"] == event["StackId"]
        if own and event.get("ResourceStatusReason") == "User Initiated":
            break
        cancelled = "cancelled" in event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and not own and not cancelled:
            first = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
    return f"Reason: {first}" if first else ""
