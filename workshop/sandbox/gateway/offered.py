"""What the sandbox takes moto's word for: services whose whole effect is the state that moto keeps.

moto also answers for services that run, send or compute something, and reports it as done: an
instance is "running", a command a "Success", a text message has an id.  Here these are
NotImplemented, since nothing of the kind has happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workshop.sandbox.call import Call

EVERYTHING: Final = re.compile(".*")
DELIVERED: Final = frozenset({"sqs", "lambda"})  # to which SNS delivers without leaving the sandbox

# By service: the operations that moto may answer, where no service of ours has them.
KEPT: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        **dict.fromkeys(("apigateway", "cloudwatch", "dynamodb", "events", "iam", "kms", "logs"), EVERYTHING),
        **dict.fromkeys(("resourcegroupstaggingapi", "s3", "secretsmanager", "sns", "sqs"), EVERYTHING),
        "ec2": re.compile("Describe(Regions|AvailabilityZones|Vpcs|Subnets|SecurityGroups)"),
        "ssm": re.compile(
            ".*Parameters?(ByPath|History|Version)?|(AddTagsTo|RemoveTagsFrom|ListTagsFor)Resource"
        ),
    }
)

# Of those: what moto takes for done and does not do, or takes for another operation.
PRETENDED: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "cloudwatch": re.compile(".*InsightRules?"),
        "dynamodb": re.compile(".*Backups?|RestoreTable.*|ExportTable.*|ImportTable|Describe(Ex|Im)port"),
        "events": re.compile("CreatePartnerEventSource|PutPartnerEvents|StartReplay"),
        "logs": re.compile(
            "StartLiveTail|StartQuery|GetQueryResults|(Create|Cancel)ExportTask|CreateDelivery"
            "|Put(MetricFilter|SubscriptionFilter|Destination|DestinationPolicy|Delivery.*)"
        ),
        "s3": re.compile(
            ".*(Analytics|IntelligentTiering|Metrics|BucketMetadata|Abac|Annotation|Torrent|RequestPayment"
            "|RenameObject|CreateSession|RestoreObject|UpdateObjectEncryption|WriteGetObjectResponse"
            "|ListDirectoryBuckets).*"
        ),
        "secretsmanager": re.compile("RotateSecret|ReplicateSecretToRegions"),
        "sns": re.compile(".*(Platform|SMS|PhoneNumber|Endpoint).*"),
    }
)

PLAIN_STATISTICS: Final = frozenset({"Average", "Sum", "Minimum", "Maximum", "SampleCount"})


def _computed(query: Mapping[str, Any]) -> bool:
    """Whether a metric must be computed: moto answers metric math with nothing, percentiles with a crash."""
    return "MetricStat" not in query or query["MetricStat"]["Stat"] not in PLAIN_STATISTICS


# The same for calls that only some of their parameters make a pretence.
PRETENDED_WITH: Final[Mapping[tuple[str, str], Callable[[Call], bool]]] = MappingProxyType(
    {
        ("cloudwatch", "GetMetricData"): lambda call: any(map(_computed, call.params["MetricDataQueries"])),
        ("cloudwatch", "GetMetricStatistics"): lambda call: "ExtendedStatistics" in call.params,
        ("sns", "Publish"): lambda call: "PhoneNumber" in call.params,
        ("sns", "Subscribe"): lambda call: call.params.get("Protocol") not in DELIVERED,
    }
)


def offered(call: Call) -> bool:
    """Whether moto's answer to this call would be true."""
    kept, pretended = KEPT.get(call.service), PRETENDED.get(call.service)
    if kept is None or not kept.fullmatch(call.operation):
        return False
    if pretended is not None and pretended.fullmatch(call.operation):
        return False
    pretended_with = PRETENDED_WITH.get((call.service, call.operation))
    return pretended_with is None or not pretended_with(call)
