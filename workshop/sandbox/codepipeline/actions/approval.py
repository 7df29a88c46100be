"""Manual approval: tells the reviewers, then waits for PutApprovalResult."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline.work import ActionFailed, Work, wording


def run(work: Work) -> None:
    """Publish the request for approval, if a topic is configured; the answer comes by the API."""
    topic = work.configuration.get("NotificationArn")
    if not topic:
        return
    subject = f"APPROVAL NEEDED: AWS CodePipeline {work.pipeline} for action {work.action.name}"
    try:
        work.client("sns").publish(TopicArn=topic, Subject=subject[:100], Message=json.dumps(_message(work)))
    except ClientError as error:
        raise ActionFailed("ConfigurationError", wording(error, "AmazonSNS")) from error


def _message(work: Work) -> dict[str, Any]:
    console = f"https://{work.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{work.pipeline}"
    expires = datetime.fromtimestamp(work.deadline, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return {
        "region": work.region,
        "consoleLink": f"{console}/view?region={work.region}",
        "approval": {
            "pipelineName": work.pipeline,
            "stageName": work.stage,
            "actionName": work.action.name,
            "token": work.token,
            "expires": expires,
            "externalEntityLink": work.configuration.get("ExternalEntityLink"),
            "approvalReviewLink": (
                f"{console}/view?region={work.region}#/{work.stage}/{work.action.name}/approve/{work.token}"
            ),
            "customData": work.configuration.get("CustomData"),
        },
    }
