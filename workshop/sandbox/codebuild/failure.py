"""What makes a phase of a build fail: a status code and a message, in CodeBuild's words."""

from __future__ import annotations

from botocore.exceptions import ClientError


class PhaseFailed(Exception):
    """A phase ends here; `code` and `message` go into its context."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def words(error: ClientError) -> str:
    """An AWS refusal as CodeBuild's agent quotes it (observed)."""
    found = error.response.get("Error", {})
    told = error.response.get("ResponseMetadata", {})
    return (
        f"{found.get('Code')}: {found.get('Message')}\n"
        f"\tstatus code: {told.get('HTTPStatusCode')}, request id: {told.get('RequestId')}"
    )
