"""Permissions of CloudWatch, CloudWatch Logs, EventBridge, its scheduler and CloudTrail."""

from __future__ import annotations

from typing import Final

from workshop.sandbox.permissions.catalog.entry import Catalog, Pass

# AWS evaluates a log group with its (here absent) stream, as its messages show.
GROUP: Final = "log-group:{logGroupName}:log-stream:"
LOGS: Final = Catalog(
    "logs",
    named_by=(
        "log-group:{logGroupName}:log-stream:{logStreamName}",
        GROUP,
        "log-group:{logGroupNames}:log-stream:",
        "{logGroupIdentifier}",
        "{logGroupIdentifiers}",
        "destination:{destinationName}",
        "{resourceArn}",
        "{resourceIdentifier}",
    ),
    resources={
        "DescribeLogGroups": ("log-group:{logGroupNamePrefix=}:log-stream:",),
        "DescribeLogStreams": (GROUP,),
        "FilterLogEvents": (GROUP,),
        "ListLogGroups": (),
        "DescribeQueries": (),
        "GetQueryResults": (),
        "StopQuery": (),
        "DescribeMetricFilters": (GROUP,),
    },
    passes={
        "PutSubscriptionFilter": (Pass("roleArn", "logs.amazonaws.com"),),
        "PutDestination": (Pass("roleArn", "logs.amazonaws.com"),),
    },
)

CLOUDWATCH: Final = Catalog(
    "cloudwatch",
    named_by=("alarm:{AlarmName}", "alarm:{AlarmNames}", "{ResourceARN}", "metric-stream/{Name}"),
    resources={
        "GetDashboard": ("arn:aws:cloudwatch::{account}:dashboard/{DashboardName}",),
        "PutDashboard": ("arn:aws:cloudwatch::{account}:dashboard/{DashboardName}",),
        "DeleteDashboards": ("arn:aws:cloudwatch::{account}:dashboard/{DashboardNames}",),
        "DescribeAlarms": ("alarm:{AlarmNames=*}",),
    },
    keys={"cloudwatch:namespace": "Namespace", "cloudwatch:AlarmActions": "AlarmActions"},
)

RULE: Final = ("rule/{Name}",)
RULE_OF_TARGETS: Final = ("rule/{Rule}",)
EVENTS: Final = Catalog(
    "events",
    named_by=("{ResourceARN}",),
    resources={
        "PutRule": RULE,
        "DeleteRule": RULE,
        "DescribeRule": RULE,
        "EnableRule": RULE,
        "DisableRule": RULE,
        "PutTargets": RULE_OF_TARGETS,
        "RemoveTargets": RULE_OF_TARGETS,
        "ListTargetsByRule": RULE_OF_TARGETS,
        "PutEvents": ("event-bus/{Entries.EventBusName=default}",),
        "CreateEventBus": ("event-bus/{Name}",),
        "DeleteEventBus": ("event-bus/{Name}",),
        "DescribeEventBus": ("event-bus/{Name=default}",),
        "PutPermission": ("event-bus/{EventBusName=default}",),
        "RemovePermission": ("event-bus/{EventBusName=default}",),
        "CreateArchive": ("archive/{ArchiveName}",),
        "DescribeArchive": ("archive/{ArchiveName}",),
        "DeleteArchive": ("archive/{ArchiveName}",),
        "StartReplay": ("replay/{ReplayName}",),
        "DescribeReplay": ("replay/{ReplayName}",),
        "CreateConnection": ("connection/{Name}",),
        "CreateApiDestination": ("api-destination/{Name}",),
    },
    keys={
        "events:TargetArn": "Targets.Arn",
        "events:source": "Entries.Source",
        "events:detail-type": "Entries.DetailType",
    },
    passes={
        "PutRule": (Pass("RoleArn", "events.amazonaws.com"),),
        "PutTargets": (Pass("Targets.RoleArn", "events.amazonaws.com"),),
    },
)

SCHEDULER: Final = Catalog(
    "scheduler",
    named_by=("schedule/{GroupName=default}/{Name}", "{ResourceArn}"),
    passes={
        "CreateSchedule": (Pass("Target.RoleArn", "scheduler.amazonaws.com"),),
        "UpdateSchedule": (Pass("Target.RoleArn", "scheduler.amazonaws.com"),),
    },
)

CLOUDTRAIL: Final = Catalog(
    "cloudtrail",
    named_by=("trail/{TrailName}",),
    resources={
        "CreateTrail": ("trail/{Name}",),
        "UpdateTrail": ("trail/{Name}",),
        "DeleteTrail": ("trail/{Name}",),
        "GetTrail": ("trail/{Name}",),
        "GetTrailStatus": ("trail/{Name}",),
        "StartLogging": ("trail/{Name}",),
        "StopLogging": ("trail/{Name}",),
    },
    passes={"CreateTrail": (Pass("CloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),)},
)
