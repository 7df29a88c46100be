"""CloudWatch: it says nothing of what it has not looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

NOW = datetime.now(UTC)
SPAN = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW}


def test_a_new_alarm_has_insufficient_data(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    "query",
    [
        {"Id": "e", "Expression": "1 * 2"},
        {
            "Id": "p",
            "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "p90"},
        },
    ],
)
def test_metrics_that_must_be_computed_are_not_there(account: Account, query: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        account.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **SPAN)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
