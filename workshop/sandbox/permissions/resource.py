"""Finds whose a resource is and which policy lies on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.permissions.evaluation import Named
from workshop.sandbox.permissions.grants import read

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

ARN_PARTS = 6


def owner_of(arn: str, otherwise: str) -> str:
    """The account a resource belongs to; `otherwise` where its ARN does not tell."""
    parts = arn.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return otherwise
    if parts[2] == "s3":
        _, account = s3_backends.bucket_accounts.get(bucket_name(arn), ("aws", otherwise))
        return str(account)
    return parts[4] if parts[4].isdigit() else otherwise


def bucket_name(arn: str) -> str:
    """The bucket of an S3 ARN."""
    return arn.split(":", ARN_PARTS - 1)[-1].partition("/")[0]


def bucket(name: str) -> Any:
    """moto's bucket of that name, whosever it is, or None."""
    held = s3_backends.bucket_accounts.get(name)
    return s3_backends[held[1]][held[0]].buckets.get(name) if held else None


class Resources:
    """The resource-based policies in a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._finders = {
            "s3": _of_bucket,
            "lambda": self._of_function,
            "sqs": _of_queue,
            "sns": _of_topic,
            "secretsmanager": _of_secret,
            "logs": _of_logs,
        }

    def policies_on(self, arn: str) -> tuple[Named, ...]:
        """Those on one resource: a bucket, function, queue, topic, secret or log group."""
        parts = arn.split(":", ARN_PARTS - 1)
        if len(parts) < ARN_PARTS:
            return ()
        finder = self._finders.get(parts[2])
        text = finder(*parts[3:]) if finder else None
        return (Named(f"policy of {arn}", read(text)),) if text else ()

    def _of_function(self, region: str, account: str, name: str) -> str | None:
        """A function's policy, as its service tells it; which service, the sandbox knows."""
        kind, _, function = name.partition(":")
        get_policy = getattr(self._sandbox.services.get("lambda"), "get_policy", None)
        if kind != "function" or get_policy is None:
            return None
        function, _, qualifier = function.partition(":")
        params = {"FunctionName": function} | ({"Qualifier": qualifier} if qualifier else {})
        itself = Principal(account, "lambda.amazonaws.com", "lambda.amazonaws.com")
        try:
            found = get_policy(Call("lambda", "GetPolicy", params, account, region, itself, ""))
        except AwsError:
            return None
        return str(found["Policy"])


def _of_bucket(_region: str, _account: str, name: str) -> str | None:
    found = bucket(name.partition("/")[0])
    policy = getattr(found, "policy", None)
    return policy.decode() if policy else None


def _of_queue(region: str, account: str, name: str) -> str | None:
    queue = sqs_backends[account][region].queues.get(name)
    return _text(queue.policy) if queue and queue.policy else None


def _of_topic(region: str, account: str, name: str) -> str | None:
    topic = sns_backends[account][region].topics.get(f"arn:aws:sns:{region}:{account}:{name}")
    return _text(topic.policy) if topic and topic.policy else None


def _of_secret(region: str, account: str, name: str) -> str | None:
    arn = f"arn:aws:secretsmanager:{region}:{account}:{name}"
    secrets = secretsmanager_backends[account][region].secrets.values()
    policies = (getattr(s, "policy", None) for s in list(secrets) if s.arn == arn)
    return next((_text(policy) for policy in policies if policy), None)


def _of_logs(region: str, account: str, _name: str) -> str | None:
    """The policies of CloudWatch Logs are a region's: each names its log groups itself."""
    policies = list(logs_backends[account][region].resource_policies.values())
    found = [json.loads(policy.policy_document)["Statement"] for policy in policies]
    statements = [one for given in found for one in (given if isinstance(given, list) else [given])]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _text(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)
