"""What an action is given to do, and how it ends: with an outcome, or failed in AWS's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import Credentials
from workshop.sandbox.codepipeline.state import Artifact, Revision
from workshop.sandbox.codepipeline.structure import Action

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class ActionFailed(Exception):
    """The action failed; `code` and the text are what GetPipelineState shows as errorDetails.

    A rejected approval has no code: its text is the reviewer's summary, `by` the reviewer.
    """

    def __init__(self, code: str, message: str, *, by: str = "", external_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.by = by
        self.external_id = external_id


@dataclass(frozen=True)
class Outcome:
    """How an action succeeded; `variables` go into its namespace."""

    summary: str = ""
    external_id: str = ""
    external_url: str = ""
    revision: Revision | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    updated_by: str = ""


@dataclass(frozen=True)
class Progress:
    """What can be told of an action while it still runs; a summary of None leaves the last one."""

    external_id: str = ""
    external_url: str = ""
    summary: str | None = None


@dataclass(frozen=True)
class Work:
    """One run of an action: its configuration with variables filled in, its artifacts, its role.

    `override` is the revision (type, value) that the execution was started with, if any.
    `pause` waits a moment, less if there is an event about an ARN that was given to `watch`.
    """

    sandbox: Sandbox
    account: str
    region: str
    pipeline: str
    execution: str
    id: str
    stage: str
    action: Action
    configuration: Mapping[str, str]
    inputs: tuple[Artifact, ...]
    outputs: tuple[Artifact, ...]
    credentials: Credentials
    store: Mapping[str, Any]
    token: str
    deadline: float
    report: Callable[[Progress], None]
    pause: Callable[[], None]
    watch: Callable[[str], None]
    override: tuple[str, str] | None = None
    continuation: str | None = None

    def client(self, service: str) -> Any:
        """A client that acts as the action's role."""
        return self.sandbox.clients.client(service, self.credentials, self.region)

    def input(self, name: str) -> Artifact:
        """The input artifact of that name; ActionFailed if the action has none such."""
        for artifact in self.inputs:
            if artifact.name == name:
                return artifact
        raise ActionFailed(
            "ConfigurationError", f"Artifact [{name}] is not an input artifact of action {self.action.name}"
        )


def wording(error: ClientError, service: str) -> str:
    """A service's refusal as AWS's Java services quote it, e.g. for service "AmazonCloudFormation"."""
    details, reply = error.response["Error"], error.response["ResponseMetadata"]
    return (
        f"{details['Message']} (Service: {service}; Status Code: {reply['HTTPStatusCode']}; "
        f"Error Code: {details['Code']}; Request ID: {reply.get('RequestId', '')}; Proxy: null)"
    )


def denied(error: ClientError) -> bool:
    """Whether a refusal is for want of permission."""
    return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")
