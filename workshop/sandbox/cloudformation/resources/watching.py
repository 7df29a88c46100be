"""Log groups, alarms and dashboards in stacks."""

from __future__ import annotations

from collections.abc import Mapping

from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, policy, retagging


def _create_group(work: Work, properties: Properties) -> Made:
    name = properties.get("LogGroupName") or work.generated(512)
    work.call("logs", "create_log_group", properties, logGroupName=name)
    work.begun(name)
    _retain(work, name, {}, properties)
    return Made(name, {"Arn": work.arn("logs", f"log-group:{name}:*")})


def _update_group(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    _retain(work, name, old.properties, properties)
    return Made(name, old.attributes)


def _retain(work: Work, name: str, old: Properties, new: Properties) -> None:
    before, after = old.get("RetentionInDays"), new.get("RetentionInDays")
    if after and after != before:
        work.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=after)
    if before and not after:
        work.call("logs", "delete_retention_policy", logGroupName=name)


def _delete_group(work: Work, resource: Resource) -> None:
    work.attempt("logs", "delete_log_group", logGroupName=resource.physical_id)


def _put_alarm(work: Work, properties: Properties) -> Made:
    name = properties.get("AlarmName") or work.generated(255)
    return _alarm(work, name, properties)


def _alarm(work: Work, name: str, properties: Properties) -> Made:
    work.call("cloudwatch", "put_metric_alarm", properties, AlarmName=name)
    return Made(name, {"Arn": work.arn("cloudwatch", f"alarm:{name}")})


def _update_alarm(work: Work, old: Resource, properties: Properties) -> Made:
    return _alarm(work, str(old.physical_id), properties)


def _delete_alarm(work: Work, resource: Resource) -> None:
    work.attempt("cloudwatch", "delete_alarms", AlarmNames=[resource.physical_id])


def _put_dashboard(work: Work, properties: Properties) -> Made:
    return _dashboard(work, properties.get("DashboardName") or work.generated(255), properties)


def _dashboard(work: Work, name: str, properties: Properties) -> Made:
    work.call(
        "cloudwatch", "put_dashboard", DashboardName=name, DashboardBody=policy(properties["DashboardBody"])
    )
    return Made(name)


def _update_dashboard(work: Work, old: Resource, properties: Properties) -> Made:
    return _dashboard(work, str(old.physical_id), properties)


def _delete_dashboard(work: Work, resource: Resource) -> None:
    work.attempt("cloudwatch", "delete_dashboards", DashboardNames=[resource.physical_id])


KINDS: Mapping[str, Kind] = {
    "AWS::CloudWatch::Alarm": Kind(
        _put_alarm,
        _delete_alarm,
        _update_alarm,
        retagging("cloudwatch", "ResourceARN", lambda _, made: made.attributes["Arn"]),
    ),
    "AWS::CloudWatch::Dashboard": Kind(_put_dashboard, _delete_dashboard, _update_dashboard),
    "AWS::Logs::LogGroup": Kind(
        _create_group,
        _delete_group,
        _update_group,
        retagging(
            "logs",
            "resourceArn",
            lambda _, made: made.attributes["Arn"].removesuffix(":*"),
            tags="tags",
            keys="tagKeys",
        ),
    ),
}
