"""Build and test with CodeBuild: starts the build, waits for it, and passes on what it exported."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError
from workshop.sandbox.codepipeline.work import ActionFailed, Outcome, Progress, Work, wording

SERVICE = "AWSCodeBuild"


def run(work: Work) -> Outcome:
    """Run the project's build on the input artifacts; ActionFailed unless it succeeds."""
    _refuse_absent(work)
    started = _start(work)
    url = _url(work, started)
    work.report(Progress(started, url))
    work.watch(f"arn:aws:codebuild:{work.region}:{work.account}:build/{started}")
    build = _wait(work, started)
    if build["buildStatus"] != "SUCCEEDED":
        raise ActionFailed("JobFailed", _ending(build))
    exported = build.get("exportedEnvironmentVariables", [])
    return Outcome(
        external_id=started,
        external_url=url,
        variables={one["name"]: one["value"] for one in exported},
    )


def _refuse_absent(work: Work) -> None:
    """What the sandbox lacks must not be ignored in silence."""
    if work.configuration.get("BatchEnabled") == "true":
        raise ActionFailed("ConfigurationError", "This sandbox does not have batch builds.")
    if "ServiceRoleArnOverride" in work.configuration:
        raise ActionFailed("ConfigurationError", "This sandbox does not have ServiceRoleArnOverride.")


def _start(work: Work) -> str:
    project = work.configuration["ProjectName"]
    arn = f"arn:aws:codebuild:{work.region}:{work.account}:project/{project}"
    principal = work.credentials.principal
    try:
        work.sandbox.permissions.require(principal, "codebuild:StartBuild", arn, work.region)
        started: str = work.sandbox.service("codebuild").start_for_pipeline(
            principal,
            work.region,
            project,
            pipeline=work.pipeline,
            inputs=_inputs(work),
            outputs=work.outputs,
            variables=_variables(work),
            buildspec=work.configuration.get("BuildspecOverride"),
        )
    except AwsError as refused:
        raise ActionFailed(
            "JobFailed",
            f"Error calling startBuild: {refused.message} (Service: {SERVICE}; "
            f"Status Code: {refused.status}; Error Code: {refused.code}; Request ID: {work.id}; Proxy: null)",
        ) from refused
    return started


def _inputs(work: Work) -> tuple[Any, ...]:
    """The input artifacts, the one with the buildspec first."""
    primary = work.configuration.get("PrimarySource", work.inputs[0].name)
    return tuple(sorted(work.inputs, key=lambda artifact: artifact.name != primary))


def _variables(work: Work) -> list[dict[str, str]]:
    text = work.configuration.get("EnvironmentVariables", "[]")
    try:
        variables: list[dict[str, str]] = json.loads(text)
    except ValueError as broken:
        raise ActionFailed(
            "ConfigurationError", f"EnvironmentVariables is not a valid JSON array: {broken}"
        ) from broken
    return variables


def _wait(work: Work, build_id: str) -> dict[str, Any]:
    """The build when it is complete; until it begins, the action's summary tells its place."""
    client, told = work.client("codebuild"), ""
    while True:
        try:
            build: dict[str, Any] = client.batch_get_builds(ids=[build_id])["builds"][0]
        except ClientError as error:
            raise ActionFailed(
                "JobFailed", f"Error calling batchGetBuilds: {wording(error, SERVICE)}"
            ) from error
        if (place := _place(build)) != told:
            work.report(Progress(summary=place))
            told = place
        if build["buildComplete"]:
            return build
        work.pause()


def _place(build: dict[str, Any]) -> str:
    """What CodeBuild says of a waiting build's place; nothing once it has begun."""
    if build["currentPhase"] != "QUEUED":
        return ""
    contexts = [one for phase in build["phases"] for one in phase.get("contexts", [])]
    return next((str(one["message"]) for one in contexts if one.get("statusCode") == "QUEUED"), "")


def _ending(build: dict[str, Any]) -> str:
    """Which phase failed and why (observed)."""
    text = f"Build terminated with state: {build['buildStatus']}."
    for phase in build.get("phases", []):
        contexts = [one for one in phase.get("contexts", []) if one.get("statusCode") or one.get("message")]
        if phase.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED" and contexts:
            context = contexts[0]
            return (
                f"{text} Phase: {phase['phaseType']}, Code: {context.get('statusCode', '')}, "
                f"Message: {context.get('message', '')}"
            )
    return text


def _url(work: Work, build_id: str) -> str:
    project = work.configuration["ProjectName"]
    return (
        f"https://{work.region}.console.aws.amazon.com/codesuite/codebuild/{work.account}/projects/{project}"
        f"/build/{quote(build_id, safe='')}/log?region={work.region}"
    )
