"""Which module runs which kind of action."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workshop.sandbox.codepipeline.actions import (
    approval,
    cloudformation,
    codebuild,
    codecommit,
    lambda_,
    s3_deploy,
    s3_source,
)
from workshop.sandbox.codepipeline.work import Outcome, Work

PROVIDERS: Mapping[tuple[str, str], Callable[[Work], Outcome | None]] = {
    ("Source", "CodeCommit"): codecommit.run,
    ("Source", "S3"): s3_source.run,
    ("Build", "CodeBuild"): codebuild.run,
    ("Test", "CodeBuild"): codebuild.run,
    ("Deploy", "CloudFormation"): cloudformation.run,
    ("Deploy", "S3"): s3_deploy.run,
    ("Approval", "Manual"): approval.run,
    ("Invoke", "Lambda"): lambda_.run,
}
