"""Buckets and tables in stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, policy, retagging, tag_pairs

# Property of the bucket: its operation, that operation's parameter, and the one that takes it away.
SETTINGS = {
    "BucketEncryption": (
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "delete_bucket_encryption",
    ),
    "CorsConfiguration": ("put_bucket_cors", "CORSConfiguration", "delete_bucket_cors"),
    "LifecycleConfiguration": (
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "delete_bucket_lifecycle",
    ),
    "NotificationConfiguration": ("put_bucket_notification_configuration", "NotificationConfiguration", None),
    "OwnershipControls": (
        "put_bucket_ownership_controls",
        "OwnershipControls",
        "delete_bucket_ownership_controls",
    ),
    "PublicAccessBlockConfiguration": (
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        "delete_public_access_block",
    ),
    "VersioningConfiguration": ("put_bucket_versioning", "VersioningConfiguration", None),
    "WebsiteConfiguration": ("put_bucket_website", "WebsiteConfiguration", "delete_bucket_website"),
}
OFF: Mapping[str, Any] = {"VersioningConfiguration": {"Status": "Suspended"}, "NotificationConfiguration": {}}
# Where the API's words differ from the template's.
WORDS = {
    "ServerSideEncryptionConfiguration": "Rules",
    "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
    "Id": "ID",
    "LambdaConfigurations": "LambdaFunctionConfigurations",
    "Function": "LambdaFunctionArn",
    "Topic": "TopicArn",
    "Queue": "QueueArn",
    "MaxAge": "MaxAgeSeconds",
}


def _create_bucket(work: Work, properties: Properties) -> Made:
    name = properties.get("BucketName") or work.generated(63, lower=True)
    region = work.place.region
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    work.call("s3", "create_bucket", Bucket=name, **where)
    work.begun(name)
    _configure(work, name, {}, properties)
    return Made(name, _bucket_attributes(work, name))


def _bucket_attributes(work: Work, name: str) -> dict[str, str]:
    region = work.place.region
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
    }


def _update_bucket(work: Work, old: Resource, properties: Properties) -> Made:
    _configure(work, str(old.physical_id), old.properties, properties)
    return Made(str(old.physical_id), old.attributes)


def _configure(work: Work, name: str, old: Properties, new: Properties) -> None:
    for key, (put, parameter, remove) in SETTINGS.items():
        if old.get(key) == new.get(key):
            continue
        if key in new or key in OFF:
            work.call("s3", put, {"Bucket": name, parameter: _as_api(key, new.get(key, OFF.get(key)))})
        elif remove:
            work.call("s3", remove, Bucket=name)
    tags = tag_pairs(new.get("Tags"))
    if tags != tag_pairs(old.get("Tags")):
        if tags:
            work.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": tags})
        else:
            work.call("s3", "delete_bucket_tagging", Bucket=name)


def _website(value: Mapping[str, Any]) -> dict[str, Any]:
    documents = {"IndexDocument": "Suffix", "ErrorDocument": "Key"}
    return {key: {documents[key]: item} if key in documents else item for key, item in value.items()}


def _lifecycle(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(rule) for rule in value.get("Rules") or ()]}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The API nests what the template writes flat."""
    found = {
        key: item
        for key, item in rule.items()
        if key not in ("ExpirationInDays", "Prefix", "NoncurrentVersionExpirationInDays")
    }
    found.setdefault("Filter", {"Prefix": rule.get("Prefix", "")})
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "NoncurrentVersionExpirationInDays" in rule:
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "Transitions" in rule:
        found["Transitions"] = [{**t, "Days": t.get("TransitionInDays")} for t in rule["Transitions"]]
    return _reworded(found)  # type: ignore[no-any-return]


def _as_api(key: str, value: Any) -> Any:
    if key == "WebsiteConfiguration":
        return _website(value)
    return _lifecycle(value) if key == "LifecycleConfiguration" else _reworded(value)


def _reworded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {WORDS.get(key, key): _reworded(item) for key, item in value.items()}
    return [_reworded(item) for item in value] if isinstance(value, list) else value


def _delete_bucket(work: Work, resource: Resource) -> None:
    work.attempt("s3", "delete_bucket", Bucket=resource.physical_id)


def _put_bucket_policy(work: Work, properties: Properties) -> Made:
    bucket = properties["Bucket"]
    work.call("s3", "put_bucket_policy", Bucket=bucket, Policy=policy(properties["PolicyDocument"]))
    return Made(bucket)


def _update_bucket_policy(work: Work, _: Resource, properties: Properties) -> Made:
    return _put_bucket_policy(work, properties)


def _delete_bucket_policy(work: Work, resource: Resource) -> None:
    work.attempt("s3", "delete_bucket_policy", Bucket=resource.properties["Bucket"])


def _create_table(work: Work, properties: Properties) -> Made:
    name = properties.get("TableName") or work.generated(255)
    table = work.call("dynamodb", "create_table", properties, TableName=name)["TableDescription"]
    attributes = {"Arn": table["TableArn"]}
    if table.get("LatestStreamArn"):
        attributes["StreamArn"] = table["LatestStreamArn"]
    _time_to_live(work, name, properties)
    return Made(name, attributes)


def _time_to_live(work: Work, name: str, properties: Properties) -> None:
    wanted = properties.get("TimeToLiveSpecification")
    if wanted:
        work.call("dynamodb", "update_time_to_live", TableName=name, TimeToLiveSpecification=wanted)


def _update_table(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    keys = (
        "BillingMode",
        "ProvisionedThroughput",
        "StreamSpecification",
        "AttributeDefinitions",
        "DeletionProtectionEnabled",
    )
    changed = {
        key: properties[key]
        for key in keys
        if key in properties and properties[key] != old.properties.get(key)
    }
    if changed:
        work.call("dynamodb", "update_table", changed, TableName=name)
    if properties.get("TimeToLiveSpecification") != old.properties.get("TimeToLiveSpecification"):
        _time_to_live(work, name, properties)
    return Made(name, old.attributes)


def _delete_table(work: Work, resource: Resource) -> None:
    work.attempt("dynamodb", "delete_table", TableName=resource.physical_id)


KINDS: Mapping[str, Kind] = {
    "AWS::DynamoDB::Table": Kind(
        _create_table,
        _delete_table,
        _update_table,
        retagging("dynamodb", "ResourceArn", lambda _, made: made.attributes["Arn"]),
    ),
    "AWS::S3::Bucket": Kind(_create_bucket, _delete_bucket, _update_bucket),
    "AWS::S3::BucketPolicy": Kind(_put_bucket_policy, _delete_bucket_policy, _update_bucket_policy),
}
