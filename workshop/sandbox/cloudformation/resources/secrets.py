"""Parameters, secrets and keys in stacks."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, policy, retagging, tag_pairs

PUNCTUATION = string.punctuation


def _put_parameter(work: Work, properties: Properties) -> Made:
    name = properties.get("Name") or work.generated(512)
    work.call("ssm", "put_parameter", _parameter(properties), Name=name)
    if properties.get("Tags"):
        work.call(
            "ssm",
            "add_tags_to_resource",
            {"Tags": tag_pairs(properties["Tags"])},
            ResourceType="Parameter",
            ResourceId=name,
        )
    return Made(name, {"Type": properties["Type"], "Value": properties["Value"]})


def _parameter(properties: Properties) -> dict[str, Any]:
    return {key: item for key, item in properties.items() if key != "Tags"}


def _update_parameter(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("ssm", "put_parameter", _parameter(properties), Name=old.physical_id, Overwrite=True)
    return Made(str(old.physical_id), {"Type": properties["Type"], "Value": properties["Value"]})


def _delete_parameter(work: Work, resource: Resource) -> None:
    work.attempt("ssm", "delete_parameter", Name=resource.physical_id)


def _create_secret(work: Work, properties: Properties) -> Made:
    name = properties.get("Name") or work.generated(512)
    text = _secret_text(properties)
    arn = work.call("secretsmanager", "create_secret", properties, Name=name, SecretString=text)["ARN"]
    return Made(arn, {"Id": arn})


def _secret_text(properties: Properties) -> str:
    if "SecretString" in properties:
        return policy(properties["SecretString"])
    wanted = properties.get("GenerateSecretString")
    return _random_secret(wanted) if wanted is not None else "{}"


def _random_secret(wanted: Mapping[str, Any]) -> str:
    letters = string.ascii_letters + string.digits
    if str(wanted.get("ExcludePunctuation", "false")).lower() != "true":
        letters += PUNCTUATION
    allowed = [letter for letter in letters if letter not in str(wanted.get("ExcludeCharacters", ""))]
    made = "".join(secrets.choice(allowed) for _ in range(int(wanted.get("PasswordLength", 32))))
    if "GenerateStringKey" not in wanted:
        return made
    return json.dumps(
        {**json.loads(wanted.get("SecretStringTemplate", "{}")), wanted["GenerateStringKey"]: made}
    )


def _update_secret(work: Work, old: Resource, properties: Properties) -> Made:
    given = {key: properties[key] for key in ("Description", "KmsKeyId") if key in properties}
    same = [
        old.properties.get(key) == properties.get(key) for key in ("SecretString", "GenerateSecretString")
    ]
    if not all(same):
        given["SecretString"] = _secret_text(properties)
    work.call("secretsmanager", "update_secret", given, SecretId=old.physical_id)
    return Made(str(old.physical_id), old.attributes)


def _delete_secret(work: Work, resource: Resource) -> None:
    work.attempt(
        "secretsmanager", "delete_secret", SecretId=resource.physical_id, ForceDeleteWithoutRecovery=True
    )


def _create_key(work: Work, properties: Properties) -> Made:
    given = {key: item for key, item in properties.items() if key not in ("Tags", "KeyPolicy")}
    if "KeyPolicy" in properties:
        given["Policy"] = properties["KeyPolicy"]
    tags = [{"TagKey": key, "TagValue": item} for key, item in tag_pairs(properties.get("Tags")).items()]
    found = work.call("kms", "create_key", given, Tags=tags)["KeyMetadata"]
    work.begun(found["KeyId"])
    if str(properties.get("EnableKeyRotation", "")).lower() == "true":
        work.call("kms", "enable_key_rotation", KeyId=found["KeyId"])
    return Made(found["KeyId"], {"Arn": found["Arn"], "KeyId": found["KeyId"]})


def _update_key(work: Work, old: Resource, properties: Properties) -> Made:
    key = str(old.physical_id)
    if properties.get("KeyPolicy") != old.properties.get("KeyPolicy") and "KeyPolicy" in properties:
        work.call(
            "kms", "put_key_policy", KeyId=key, PolicyName="default", Policy=policy(properties["KeyPolicy"])
        )
    if properties.get("Description") != old.properties.get("Description"):
        work.call("kms", "update_key_description", KeyId=key, Description=properties.get("Description", ""))
    rotate = str(properties.get("EnableKeyRotation", "")).lower() == "true"
    work.call("kms", "enable_key_rotation" if rotate else "disable_key_rotation", KeyId=key)
    return Made(key, old.attributes)


def _delete_key(work: Work, resource: Resource) -> None:
    days = int(resource.properties.get("PendingWindowInDays", 30))
    work.attempt("kms", "schedule_key_deletion", KeyId=resource.physical_id, PendingWindowInDays=days)


def _create_alias(work: Work, properties: Properties) -> Made:
    work.call("kms", "create_alias", properties)
    return Made(properties["AliasName"])


def _update_alias(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("kms", "update_alias", properties)
    return Made(str(old.physical_id))


def _delete_alias(work: Work, resource: Resource) -> None:
    work.attempt("kms", "delete_alias", AliasName=resource.physical_id)


KINDS: Mapping[str, Kind] = {
    "AWS::KMS::Alias": Kind(_create_alias, _delete_alias, _update_alias),
    "AWS::KMS::Key": Kind(
        _create_key,
        _delete_key,
        _update_key,
        retagging("kms", "KeyId", lambda _, made: made.id, entry=("TagKey", "TagValue")),
    ),
    "AWS::SSM::Parameter": Kind(_put_parameter, _delete_parameter, _update_parameter),
    "AWS::SecretsManager::Secret": Kind(
        _create_secret,
        _delete_secret,
        _update_secret,
        retagging("secretsmanager", "SecretId", lambda _, made: made.id),
    ),
}
