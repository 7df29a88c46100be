"""Rules, topics, subscriptions and queues in stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.intrinsics import text_of
from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Failed, Kind, Made, Properties, Work, policy, retagging

TOPIC_SETTINGS = ("DisplayName", "KmsMasterKeyId", "FifoTopic", "ContentBasedDeduplication")
SUBSCRIPTION_SETTINGS = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
)
QUEUE_SETTINGS = (
    "ContentBasedDeduplication",
    "DelaySeconds",
    "FifoQueue",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def _put_rule(work: Work, properties: Properties) -> Made:
    name = properties.get("Name") or work.generated()
    return _rule(work, name, {}, properties)


def _rule(work: Work, name: str, old: Properties, properties: Properties) -> Made:
    arn = work.call("events", "put_rule", properties, Name=name)["RuleArn"]
    work.begun(name)
    bus = {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
    targets = properties.get("Targets") or []
    if targets:
        answer = work.call("events", "put_targets", Rule=name, Targets=[_target(t) for t in targets], **bus)
        if answer.get("FailedEntries"):
            raise Failed(str(answer["FailedEntries"][0].get("ErrorMessage")))
    kept = {target["Id"] for target in targets}
    gone = [target["Id"] for target in old.get("Targets") or () if target["Id"] not in kept]
    if gone:
        work.call("events", "remove_targets", Rule=name, Ids=gone, **bus)
    return Made(name, {"Arn": arn})


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    return {key: policy(item) if key == "Input" else item for key, item in target.items()}


def _update_rule(work: Work, old: Resource, properties: Properties) -> Made:
    return _rule(work, str(old.physical_id), old.properties, properties)


def _delete_rule(work: Work, resource: Resource) -> None:
    bus = (
        {"EventBusName": resource.properties["EventBusName"]} if "EventBusName" in resource.properties else {}
    )
    ids = [target["Id"] for target in resource.properties.get("Targets") or ()]
    if ids and not work.attempt("events", "remove_targets", Rule=resource.physical_id, Ids=ids, **bus):
        return
    work.attempt("events", "delete_rule", Name=resource.physical_id, **bus)


def _settings(names: tuple[str, ...], properties: Properties) -> dict[str, str]:
    """Attributes as SNS and SQS take them: text, objects as JSON."""
    found = {name: properties[name] for name in names if name in properties}
    return {
        name: policy(item) if isinstance(item, Mapping) else text_of(item) for name, item in found.items()
    }


def _create_topic(work: Work, properties: Properties) -> Made:
    fifo = text_of(properties.get("FifoTopic", "")) == "true"
    name = properties.get("TopicName") or work.generated(256) + (".fifo" if fifo else "")
    attributes = _settings(TOPIC_SETTINGS, properties)
    arn = work.call(
        "sns", "create_topic", Name=name, Attributes=attributes, Tags=properties.get("Tags") or []
    )["TopicArn"]
    work.begun(arn)
    for entry in properties.get("Subscription") or ():
        work.call("sns", "subscribe", entry, TopicArn=arn)
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def _update_topic(work: Work, old: Resource, properties: Properties) -> Made:
    arn = str(old.physical_id)
    before, after = _settings(TOPIC_SETTINGS, old.properties), _settings(TOPIC_SETTINGS, properties)
    for name in {*before, *after}:
        if before.get(name) != after.get(name):
            work.call(
                "sns",
                "set_topic_attributes",
                TopicArn=arn,
                AttributeName=name,
                AttributeValue=after.get(name, ""),
            )
    for entry in properties.get("Subscription") or ():
        if entry not in (old.properties.get("Subscription") or ()):
            work.call("sns", "subscribe", entry, TopicArn=arn)
    return Made(arn, old.attributes)


def _delete_topic(work: Work, resource: Resource) -> None:
    work.attempt("sns", "delete_topic", TopicArn=resource.physical_id)


def _create_subscription(work: Work, properties: Properties) -> Made:
    attributes = _settings(SUBSCRIPTION_SETTINGS, properties)
    found = work.call("sns", "subscribe", properties, Attributes=attributes, ReturnSubscriptionArn=True)
    return Made(found["SubscriptionArn"], {"Arn": found["SubscriptionArn"]})


def _update_subscription(work: Work, old: Resource, properties: Properties) -> Made:
    after = _settings(SUBSCRIPTION_SETTINGS, properties)
    for name, value in after.items():
        work.call(
            "sns",
            "set_subscription_attributes",
            SubscriptionArn=old.physical_id,
            AttributeName=name,
            AttributeValue=value,
        )
    return Made(str(old.physical_id), old.attributes)


def _delete_subscription(work: Work, resource: Resource) -> None:
    work.attempt("sns", "unsubscribe", SubscriptionArn=resource.physical_id)


def _create_queue(work: Work, properties: Properties) -> Made:
    fifo = text_of(properties.get("FifoQueue", "")) == "true"
    name = properties.get("QueueName") or work.generated(75) + (".fifo" if fifo else "")
    attributes = _settings(QUEUE_SETTINGS, properties)
    url = work.call(
        "sqs", "create_queue", {"Tags": properties.get("Tags") or []}, QueueName=name, Attributes=attributes
    )["QueueUrl"]
    return Made(url, {"Arn": work.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _update_queue(work: Work, old: Resource, properties: Properties) -> Made:
    work.call(
        "sqs",
        "set_queue_attributes",
        QueueUrl=old.physical_id,
        Attributes=_settings(QUEUE_SETTINGS, properties),
    )
    return Made(str(old.physical_id), old.attributes)


def _delete_queue(work: Work, resource: Resource) -> None:
    work.attempt("sqs", "delete_queue", QueueUrl=resource.physical_id)


def _put_queue_policy(work: Work, properties: Properties) -> Made:
    return _queue_policy(work, work.generated(), properties)


def _queue_policy(work: Work, name: str, properties: Properties) -> Made:
    for url in properties["Queues"]:
        attributes = {"Policy": policy(properties["PolicyDocument"])}
        work.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=attributes)
    return Made(name, {"Id": name})


def _update_queue_policy(work: Work, old: Resource, properties: Properties) -> Made:
    return _queue_policy(work, str(old.physical_id), properties)


def _delete_queue_policy(work: Work, resource: Resource) -> None:
    for url in resource.properties["Queues"]:
        work.attempt("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": ""})


def _put_topic_policy(work: Work, properties: Properties) -> Made:
    return _topic_policy(work, work.generated(), properties)


def _topic_policy(work: Work, name: str, properties: Properties) -> Made:
    for arn in properties["Topics"]:
        document = policy(properties["PolicyDocument"])
        work.call(
            "sns", "set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=document
        )
    return Made(name, {"Id": name})


def _update_topic_policy(work: Work, old: Resource, properties: Properties) -> Made:
    return _topic_policy(work, str(old.physical_id), properties)


def _keep_topic_policy(work: Work, resource: Resource) -> None:
    """SNS has no way to take a topic's policy away; it goes with the topic."""


KINDS: Mapping[str, Kind] = {
    "AWS::Events::Rule": Kind(
        _put_rule,
        _delete_rule,
        _update_rule,
        retagging("events", "ResourceARN", lambda _, made: made.attributes["Arn"]),
    ),
    "AWS::SNS::Subscription": Kind(_create_subscription, _delete_subscription, _update_subscription),
    "AWS::SNS::Topic": Kind(
        _create_topic, _delete_topic, _update_topic, retagging("sns", "ResourceArn", lambda _, made: made.id)
    ),
    "AWS::SNS::TopicPolicy": Kind(_put_topic_policy, _keep_topic_policy, _update_topic_policy),
    "AWS::SQS::Queue": Kind(
        _create_queue,
        _delete_queue,
        _update_queue,
        retagging("sqs", "QueueUrl", lambda _, made: made.id, "tag_queue", "untag_queue"),
    ),
    "AWS::SQS::QueuePolicy": Kind(_put_queue_policy, _delete_queue_policy, _update_queue_policy),
}
