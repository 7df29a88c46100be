"""Invoke a Lambda function with a job; the function answers with PutJobSuccessResult or …FailureResult."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codepipeline.state import Artifact
from workshop.sandbox.codepipeline.work import ActionFailed, Work, wording


def run(work: Work) -> None:
    """Hand the job over; its result comes by the API."""
    event = {"CodePipeline.job": {"id": work.id, "accountId": work.account, "data": data(work)}}
    try:
        work.client("lambda").invoke(
            FunctionName=work.configuration["FunctionName"],
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )
    except ClientError as error:
        code = "ConfigurationError"
        if "AccessDenied" in error.response["Error"]["Code"]:
            code = "PermissionError"
        raise ActionFailed(code, wording(error, "AWSLambda")) from error


def data(work: Work) -> dict[str, Any]:
    """What the function is told of its job."""
    told: dict[str, Any] = {
        "actionConfiguration": {"configuration": dict(work.configuration)},
        "inputArtifacts": [artifact(one) for one in work.inputs],
        "outputArtifacts": [artifact(one) for one in work.outputs],
        "artifactCredentials": {
            "accessKeyId": work.credentials.access_key,
            "secretAccessKey": work.credentials.secret_key,
            "sessionToken": work.credentials.token,
        },
    }
    if work.continuation:
        told["continuationToken"] = work.continuation
    return told


def artifact(one: Artifact) -> dict[str, Any]:
    """An artifact as jobs show it."""
    location = {"type": "S3", "s3Location": {"bucketName": one.bucket, "objectKey": one.key}}
    return {"name": one.name, "revision": one.revision or None, "location": location}
