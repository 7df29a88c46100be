"""Permissions of DynamoDB, SQS, SNS, KMS, Systems Manager, Secrets Manager and ECR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from moto.secretsmanager.models import secretsmanager_backends

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import Catalog


def _rewrite(change: Callable[[str], str], *names: str) -> Callable[[Call], Call]:
    """A preparation that changes the texts of some parameters."""

    def changed(value: Any) -> Any:
        return [change(v) for v in value] if isinstance(value, list) else change(value)

    def prepared(call: Call) -> Call:
        ours = {name: changed(call.params[name]) for name in names if call.params.get(name)}
        return replace(call, params={**call.params, **ours})

    return prepared


def _secret_by_arn(call: Call) -> Call:
    """A secret's ARN ends in six characters that callers may leave out."""
    asked = call.params.get("SecretId", "")
    secrets = secretsmanager_backends[call.account][call.region].secrets
    secret = secrets.get(asked) if asked and not asked.startswith("arn:") else None
    return replace(call, params={**call.params, "SecretId": secret.arn}) if secret else call


DYNAMODB: Final = Catalog(
    "dynamodb",
    named_by=(
        "table/{TableName}/index/{IndexName}",
        "table/{TableName}",
        "{ResourceArn}",
        "{TableArn}",
        "{BackupArn}",
        "{TransactItems.Put.TableName}",
    ),
    actions={
        "ExecuteStatement": ("PartiQLSelect",),
        "TransactWriteItems": ("PutItem",),
        "TransactGetItems": ("GetItem",),
    },
    resources={
        "BatchGetItem": ("table/{RequestItems}",),
        "BatchWriteItem": ("table/{RequestItems}",),
        "TransactGetItems": ("table/{TransactItems.Get.TableName}",),
        "TransactWriteItems": (
            "table/{TransactItems.Put.TableName}",
            "table/{TransactItems.Update.TableName}",
            "table/{TransactItems.Delete.TableName}",
            "table/{TransactItems.ConditionCheck.TableName}",
        ),
        "ListTables": (),
    },
)

SNS: Final = Catalog(
    "sns",
    named_by=("{TopicArn}", "{ResourceArn}", "{TargetArn}", "{SubscriptionArn}"),
    resources={"CreateTopic": ("{Name}",), "ListTopics": (), "ListSubscriptions": ()},
    keys={"sns:Endpoint": "Endpoint", "sns:Protocol": "Protocol"},
)

KMS: Final = Catalog(
    "kms",
    named_by=("key/{KeyId}", "key/{TargetKeyId}"),
    actions={"ReEncrypt": ("ReEncryptFrom", "ReEncryptTo")},
    resources={
        "CreateAlias": ("{AliasName}", "key/{TargetKeyId}"),
        "UpdateAlias": ("{AliasName}", "key/{TargetKeyId}"),
        "DeleteAlias": ("{AliasName}",),
        "ReEncrypt": ("key/{DestinationKeyId}",),
    },
    keys={"kms:GrantOperations": "Operations", "kms:GranteePrincipal": "GranteePrincipal"},
)

SSM: Final = Catalog(
    "ssm",
    named_by=(
        "parameter/{Name}",
        "parameter/{Names}",
        "parameter/{Path}",
        "document/{DocumentName}",
    ),
    resources={
        "DescribeParameters": (),
        "CreateDocument": ("document/{Name}",),
        "GetDocument": ("document/{Name}",),
        "DescribeDocument": ("document/{Name}",),
        "UpdateDocument": ("document/{Name}",),
        "DeleteDocument": ("document/{Name}",),
    },
    # A parameter's name may begin with a slash; its ARN has one slash either way.
    prepare=_rewrite(lambda name: name.lstrip("/") or "*", "Name", "Names", "Path"),
)

SECRETSMANAGER: Final = Catalog(
    "secretsmanager",
    named_by=("secret:{SecretId}", "secret:{Name}"),
    resources={"ListSecrets": (), "GetRandomPassword": ()},
    keys={"secretsmanager:VersionStage": "VersionStage", "secretsmanager:SecretId": "SecretId"},
    prepare=_secret_by_arn,
)

SQS: Final = Catalog(
    "sqs",
    named_by=("{QueueUrl}", "{QueueName}", "{SourceArn}"),
    actions={
        "SendMessageBatch": ("SendMessage",),
        "DeleteMessageBatch": ("DeleteMessage",),
        "ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
    },
    resources={"ListQueues": ()},
    prepare=_rewrite(lambda url: url.rsplit("/", 1)[-1], "QueueUrl"),
)

ECR: Final = Catalog("ecr", named_by=("repository/{repositoryName}", "repository/{repositoryNames}"))
