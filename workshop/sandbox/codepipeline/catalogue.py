"""The action types this sandbox has: their artifacts, configuration keys and time limits.

Source: CodePipeline user guide, "Pipeline structure reference" and "Action structure
reference"; limits from "Quotas in AWS CodePipeline".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOUR = 60
DAY = 24 * HOUR


@dataclass(frozen=True)
class Key:
    """One configuration key of an action type."""

    name: str
    required: bool = False
    description: str = ""


@dataclass(frozen=True)
class ActionType:
    """What an action of this type may take and give; `minutes` is its time limit.

    `settable` says whether an action may choose another limit with `timeoutInMinutes`.
    """

    category: str
    provider: str
    keys: tuple[Key, ...]
    inputs: tuple[int, int]
    outputs: tuple[int, int]
    minutes: int
    settable: bool = False
    entity_url: str = ""

    @property
    def id(self) -> dict[str, str]:
        return {
            "category": self.category,
            "owner": "AWS",
            "provider": self.provider,
            "version": "1",
        }


CONSOLE = "https://{Region}.console.aws.amazon.com"

_CODEBUILD = (
    Key("ProjectName", True, "The name of the build project"),
    Key("PrimarySource", False, "The input artifact that holds the buildspec"),
    Key("EnvironmentVariables", False, "Environment variables as a JSON array"),
    Key("BatchEnabled", False, "Run a batch build"),
    Key("CombineArtifacts", False, "Put the artifacts of a batch into one"),
    Key("BuildspecOverride", False, "A buildspec in place of the project's"),
    Key("ServiceRoleArnOverride", False, "A service role in place of the project's"),
)

ACTION_TYPES = (
    ActionType(
        "Source",
        "CodeCommit",
        (
            Key("RepositoryName", True, "The name of the repository"),
            Key("BranchName", True, "The branch whose changes are taken"),
            Key("PollForSourceChanges", False, "Poll the repository; true if left out"),
            Key("OutputArtifactFormat", False, "CODE_ZIP or CODEBUILD_CLONE_REF"),
        ),
        (0, 0),
        (1, 1),
        HOUR,
        entity_url="/codesuite/codecommit/repositories/{Config:RepositoryName}/browse"
        "/refs/heads/{Config:BranchName}?region={Region}",
    ),
    ActionType(
        "Source",
        "S3",
        (
            Key("S3Bucket", True, "A bucket with versioning"),
            Key("S3ObjectKey", True, "The object whose changes are taken"),
            Key("PollForSourceChanges", False, "Poll the bucket; true if left out"),
            Key("AllowOverrideForS3ObjectKey", False, "Let a start choose another object"),
        ),
        (0, 0),
        (1, 1),
        HOUR,
        entity_url="/s3/object/{Config:S3Bucket}?prefix={Config:S3ObjectKey}",
    ),
    ActionType(
        "Build",
        "CodeBuild",
        _CODEBUILD,
        (1, 5),
        (0, 5),
        36 * HOUR,
        entity_url="/codesuite/codebuild/projects/{Config:ProjectName}/view?region={Region}",
    ),
    ActionType(
        "Test",
        "CodeBuild",
        _CODEBUILD,
        (1, 5),
        (0, 5),
        8 * HOUR,
        entity_url="/codesuite/codebuild/projects/{Config:ProjectName}/view?region={Region}",
    ),
    ActionType(
        "Deploy",
        "CloudFormation",
        (
            Key("ActionMode", True, "What to do with the stack or change set"),
            Key("StackName", True, "The name of the stack"),
            Key("ChangeSetName", False, "The name of the change set"),
            Key("TemplatePath", False, "artifact::file"),
            Key("TemplateConfiguration", False, "artifact::file"),
            Key("Capabilities", False, "Capabilities, separated by commas"),
            Key("RoleArn", False, "The role CloudFormation takes"),
            Key("ParameterOverrides", False, "Parameters as a JSON object"),
            Key("OutputFileName", False, "The file that holds the stack's outputs"),
        ),
        (0, 10),
        (0, 1),
        3 * DAY,
        entity_url="/cloudformation/home?region={Region}#/stacks?filteringText={Config:StackName}",
    ),
    ActionType(
        "Deploy",
        "S3",
        (
            Key("BucketName", True, "The bucket to deploy to"),
            Key("Extract", True, "Whether to unpack the artifact"),
            Key("ObjectKey", False, "The object to write; needed unless unpacked"),
            Key("KMSEncryptionKeyARN", False, "The key to encrypt with"),
            Key("CannedACL", False, "A canned ACL for the objects"),
            Key("CacheControl", False, "The objects' Cache-Control"),
        ),
        (1, 1),
        (0, 0),
        90,
        entity_url="/s3/buckets/{Config:BucketName}",
    ),
    ActionType(
        "Approval",
        "Manual",
        (
            Key("CustomData", False, "What the reviewer should know"),
            Key("ExternalEntityLink", False, "What the reviewer should look at"),
            Key("NotificationArn", False, "The SNS topic that is told"),
        ),
        (0, 0),
        (0, 0),
        7 * DAY,
        settable=True,
    ),
    ActionType(
        "Invoke",
        "Lambda",
        (
            Key("FunctionName", True, "The function"),
            Key("UserParameters", False, "A string that the function is given"),
        ),
        (0, 5),
        (0, 5),
        20,
        entity_url="/lambda/home?region={Region}#/functions/{Config:FunctionName}",
    ),
)


def find(category: str, owner: str, provider: str, version: str) -> ActionType | None:
    """The action type of that name, if the sandbox has it."""
    if owner != "AWS" or version != "1":
        return None
    return next(
        (kind for kind in ACTION_TYPES if (kind.category, kind.provider) == (category, provider)),
        None,
    )


def entity_url(kind: ActionType, configuration: Mapping[str, str], region: str) -> str:
    """The console's page of what an action works on; empty if it has none."""
    if not kind.entity_url:
        return ""
    url = (CONSOLE + kind.entity_url).replace("{Region}", region)
    for name, value in configuration.items():
        url = url.replace(f"{{Config:{name}}}", value)
    return url


def describe(kind: ActionType) -> dict[str, Any]:
    """The type as ListActionTypes shows it; the model allows at most 5 artifacts there."""
    settings = {"entityUrlTemplate": CONSOLE + kind.entity_url} if kind.entity_url else {}
    return {
        "id": kind.id,
        "settings": settings,
        "actionConfigurationProperties": [
            {
                "name": key.name,
                "required": key.required,
                "key": True,
                "secret": False,
                "queryable": False,
                "description": key.description,
            }
            for key in kind.keys
        ],
        "inputArtifactDetails": _counts(kind.inputs),
        "outputArtifactDetails": _counts(kind.outputs),
    }


def _counts(between: tuple[int, int]) -> dict[str, int]:
    return {"minimumCount": between[0], "maximumCount": min(between[1], 5)}
