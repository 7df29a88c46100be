"""Answers CloudFormation for a custom resource; the same interface as AWS's module of this name."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(
    event: dict[str, Any],
    context: Any,
    status: str,
    data: dict[str, Any],
    physicalResourceId: str | None = None,  # noqa: N803 - AWS's name
    noEcho: bool = False,  # noqa: N803 - AWS's name
    reason: str | None = None,
) -> None:
    """Put the answer to where the event says."""
    stream = context.log_stream_name
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason or f"See the details in CloudWatch Log Stream: {stream}",
            "PhysicalResourceId": physicalResourceId or stream,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "NoEcho": noEcho,
            "Data": data,
        }
    ).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"content-type": ""}, method="PUT")
    with urllib.request.urlopen(request):
        pass
