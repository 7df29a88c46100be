"""Report groups: what a console and a CLI want to list; builds here collect no reports."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codebuild.desk import Desk
from workshop.sandbox.codebuild.paging import page
from workshop.sandbox.codebuild.state import now


class ReportGroups(Desk):
    """CreateReportGroup and its kin."""

    def create_report_group(self, call: Call) -> dict[str, Any]:
        arn = call.arn(f"report-group/{call.params['name']}")
        with self.lock:
            groups = self.region(call).report_groups
            if arn in groups:
                raise AwsError("ResourceAlreadyExistsException", f"Report group already exists: {arn}")
            members = ("name", "type", "exportConfig", "tags")
            groups[arn] = {
                "arn": arn,
                **{name: call.params[name] for name in members if name in call.params},
                "created": now(),
                "lastModified": now(),
                "status": "ACTIVE",
            }
            return {"reportGroup": groups[arn]}

    def batch_get_report_groups(self, call: Call) -> dict[str, Any]:
        with self.lock:
            groups = self.region(call).report_groups
            asked = call.params["reportGroupArns"]
            return {
                "reportGroups": [groups[arn] for arn in asked if arn in groups],
                "reportGroupsNotFound": [arn for arn in asked if arn not in groups],
            }

    def delete_report_group(self, call: Call) -> dict[str, Any]:
        with self.lock:
            self.region(call).report_groups.pop(call.params["arn"], None)
        return {}

    def list_report_groups(self, call: Call) -> dict[str, Any]:
        with self.lock:
            arns = sorted(self.region(call).report_groups)
        return page("reportGroups", arns, call.params)
