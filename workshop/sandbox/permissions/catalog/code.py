"""Permissions of CodeCommit, CodeBuild, CodePipeline and CloudFormation."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import Catalog, Pass

BRANCH: Final = ("branchName", "targetBranch", "destinationCommitSpecifier")
# These name a pull request or a comment: CodeCommit asks itself, once it knows the repository.
ASKED_LATER: Final = (
    "CreatePullRequestApprovalRule",
    "DeleteCommentContent",
    "DeletePullRequestApprovalRule",
    "DescribePullRequestEvents",
    "EvaluatePullRequestApprovalRules",
    "GetComment",
    "GetCommentReactions",
    "GetCommentsForPullRequest",
    "GetPullRequest",
    "GetPullRequestApprovalStates",
    "GetPullRequestOverrideState",
    "OverridePullRequestApprovalRules",
    "PostCommentReply",
    "PutCommentReaction",
    "UpdateComment",
    "UpdatePullRequestApprovalRuleContent",
    "UpdatePullRequestApprovalState",
    "UpdatePullRequestDescription",
    "UpdatePullRequestStatus",
    "UpdatePullRequestTitle",
)


def with_references(call: Call) -> Call:
    """The call with `references`, the full name of the branch that it is about, as policies have it."""
    name = next((call.params[key] for key in BRANCH if call.params.get(key)), None)
    if name is None:
        return call
    full = name if name.startswith("refs/") else f"refs/heads/{name}"
    return replace(call, params={**call.params, "references": [full]})


CODECOMMIT: Final = Catalog(
    "codecommit",
    named_by=("{repositoryName}", "{repositoryNames}", "{resourceArn}", "{targets.repositoryName}"),
    resources={
        "ListRepositories": (),
        "UpdateRepositoryName": ("{oldName}",),
    },
    actions=dict.fromkeys(ASKED_LATER, ()),
    keys={"codecommit:References": "references"},
    prepare=with_references,
)


def by_project(call: Call) -> Call:
    """The call with `names` of the projects that its builds, `<project>:<uuid>`, belong to."""
    given = call.params.get("ids") or [call.params.get("id")]
    builds = [build.rsplit("build/", 1)[-1] for build in given if build]
    projects = list(dict.fromkeys(build.partition(":")[0] for build in builds))
    return replace(call, params={**call.params, "names": projects}) if projects else call


# A build has no resource of its own in IAM: its project is what a policy names.
CODEBUILD: Final = Catalog(
    "codebuild",
    named_by=(
        "project/{projectName}",
        "project/{names}",
        "report-group/{reportGroupName}",
        "{reportGroupArn}",
        "{reportGroupArns}",
        "{resourceArn}",
    ),
    resources={
        "CreateProject": ("project/{name}",),
        "UpdateProject": ("project/{name}",),
        "DeleteProject": ("project/{name}",),
        "UpdateProjectVisibility": ("{projectArn}",),
        "CreateReportGroup": ("report-group/{name}",),
        "ListProjects": (),
    },
    passes={
        "CreateProject": (Pass("serviceRole", "codebuild.amazonaws.com"),),
        "UpdateProject": (Pass("serviceRole", "codebuild.amazonaws.com"),),
        "StartBuild": (Pass("serviceRoleOverride", "codebuild.amazonaws.com"),),
    },
    prepare=by_project,
)

PIPELINE_ROLES: Final = (
    Pass("pipeline.roleArn", "codepipeline.amazonaws.com"),
    Pass("pipeline.stages.actions.roleArn", "codepipeline.amazonaws.com"),
)
CODEPIPELINE: Final = Catalog(
    "codepipeline",
    named_by=("{pipelineName}", "{pipeline.name}", "{resourceArn}"),
    resources={
        "GetPipeline": ("{name}",),
        "GetPipelineState": ("{name}",),
        "DeletePipeline": ("{name}",),
        "StartPipelineExecution": ("{name}",),
        "RetryStageExecution": ("{pipelineName}/{stageName}",),
        "RollbackStage": ("{pipelineName}/{stageName}",),
        "OverrideStageCondition": ("{pipelineName}/{stageName}",),
        "EnableStageTransition": ("{pipelineName}/{stageName}",),
        "DisableStageTransition": ("{pipelineName}/{stageName}",),
        "PutApprovalResult": ("{pipelineName}/{stageName}/{actionName}",),
        "PutActionRevision": ("{pipelineName}/{stageName}/{actionName}",),
        "PutWebhook": ("webhook:{webhook.name}", "{webhook.targetPipeline}"),
        "DeleteWebhook": ("webhook:{name}",),
        "ListPipelines": (),
    },
    passes={"CreatePipeline": PIPELINE_ROLES, "UpdatePipeline": PIPELINE_ROLES},
)

STACK_ROLE: Final = (Pass("RoleARN", "cloudformation.amazonaws.com"),)
# AWS evaluates a stack by its name, any id: a stack that is yet to be made has none.
CLOUDFORMATION: Final = Catalog(
    "cloudformation",
    named_by=("stack/{StackName}/*", "stackset/{StackSetName}:*"),
    resources={
        "ListStacks": (),
        "ListExports": (),
        "ValidateTemplate": (),
        "EstimateTemplateCost": (),
        "DescribeChangeSet": ("stack/{StackName=*}/*",),
        "DescribeStackDriftDetectionStatus": (),
    },
    keys={
        "cloudformation:ChangeSetName": "ChangeSetName",
        "cloudformation:RoleArn": "RoleARN",
        "cloudformation:TemplateUrl": "TemplateURL",
        "cloudformation:ResourceTypes": "ResourceTypes",
        "cloudformation:StackPolicyUrl": "StackPolicyURL",
    },
    passes=dict.fromkeys(
        (
            "CreateStack",
            "UpdateStack",
            "DeleteStack",
            "CreateChangeSet",
            "ContinueUpdateRollback",
            "RollbackStack",
        ),
        STACK_ROLE,
    ),
)
