"""Takes the roles that a pipeline and its actions run under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError, Credentials

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SERVICE = "codepipeline.amazonaws.com"


def take_role(
    sandbox: Sandbox, pipeline_role: str, role: str | None, session: str, region: str
) -> Credentials:
    """Credentials of an action: of its own role, taken by the pipeline's, or of the pipeline's.

    AwsError InvalidStructureException in CodePipeline's words (observed) if it may not be taken.
    """
    try:
        credentials = sandbox.clients.assume(pipeline_role, session, SERVICE, region=region)
    except AwsError as refused:
        raise AwsError(
            "InvalidStructureException",
            f"CodePipeline is not authorized to perform AssumeRole on role {pipeline_role}",
        ) from refused
    return _further(sandbox, credentials, pipeline_role, role, session, region) if role else credentials


def _further(
    sandbox: Sandbox, credentials: Credentials, pipeline_role: str, role: str, session: str, region: str
) -> Credentials:
    try:
        sts = sandbox.clients.client("sts", credentials, region)
        given = sts.assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
    except ClientError as refused:
        raise AwsError(
            "InvalidStructureException",
            f"{pipeline_role} is not authorized to perform AssumeRole on role {role}",
        ) from refused
    key, token = given["AccessKeyId"], given["SessionToken"]
    principal = sandbox.sessions.open(key, token)
    assert principal is not None, "STS issued a session that it does not know"
    return Credentials(key, given["SecretAccessKey"], token, principal)
