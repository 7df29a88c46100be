"""The two refusals that most of a pipeline's faults come under."""

from __future__ import annotations

from workshop.sandbox.call import AwsError


def invalid_structure(message: str) -> AwsError:
    """The pipeline as a whole does not hold together."""
    return AwsError("InvalidStructureException", message)


def invalid_action(message: str) -> AwsError:
    """One action is not declared as its type wants it."""
    return AwsError("InvalidActionDeclarationException", message)
