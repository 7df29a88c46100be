"""What the course builds, as data: the project, the pipeline's stages, the rule that starts it."""

from typing import Any

from workshop.lab import Lab

Declared = dict[str, Any]

IMAGE = "aws/codebuild/standard:8.0"
PACKAGED = "outputtemplate.yml"
HOLD = "Hold"


def project(lab: Lab) -> Declared:
    """The build project, as CreateProject takes it: what the console's defaults amount to."""
    return {
        "name": lab.name("build"),
        "source": {"type": "CODEPIPELINE", "buildspec": "buildspec.yml"},
        "artifacts": {"type": "CODEPIPELINE"},
        "cache": {"type": "NO_CACHE"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [variable(lab)],
        },
        "serviceRole": lab.arn("iam", f"role/service-role/{lab.build_role}"),
    }


def variable(lab: Lab) -> Declared:
    """The variable by which the build knows where its package goes."""
    return {"name": "PACKAGE_BUCKET", "value": lab.packages, "type": "PLAINTEXT"}


def build_policy(lab: Lab) -> Declared:
    """What the console lets a new build role do: write its log, and use the pipeline's bucket."""
    logs = lab.arn("logs", f"log-group:/aws/codebuild/{lab.name('build')}")
    return _document(
        _allow([logs, f"{logs}:*"], "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        _allow(
            [f"arn:aws:s3:::codepipeline-{lab.region}-*"],
            "s3:PutObject",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:GetBucketAcl",
            "s3:GetBucketLocation",
        ),
        _allow(
            [lab.arn("codebuild", f"report-group/{lab.name('build')}-*")],
            "codebuild:CreateReportGroup",
            "codebuild:CreateReport",
            "codebuild:UpdateReport",
            "codebuild:BatchPutTestCases",
            "codebuild:BatchPutCodeCoverages",
        ),
    )


def start_policy(lab: Lab) -> Declared:
    """What lets EventBridge start this one pipeline."""
    pipeline_arn = lab.arn("codepipeline", lab.name("pipeline"))
    return _document(_allow([pipeline_arn], "codepipeline:StartPipelineExecution"))


def trust(service: str) -> Declared:
    """A trust policy for one AWS service."""
    return _document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def pipeline(lab: Lab) -> Declared:
    """The pipeline as "Review and create" makes it: Source and Build."""
    return {
        "name": lab.name("pipeline"),
        "roleArn": lab.arn("iam", f"role/{lab.pipeline_role}"),
        "pipelineType": "V2",
        "executionMode": "SUPERSEDED",
        "artifactStore": {"type": "S3", "location": lab.artifacts},
        "stages": [source_stage(lab), build_stage(lab)],
    }


def source_stage(lab: Lab) -> Declared:
    """Source: the repository's branch, watched by an event."""
    return {
        "name": "Source",
        "actions": [
            {
                "name": "Source",
                "runOrder": 1,
                "namespace": "SourceVariables",
                "actionTypeId": _type("Source", "CodeCommit"),
                "configuration": {
                    "RepositoryName": lab.repository,
                    "BranchName": lab.branch,
                    "PollForSourceChanges": "false",
                    "OutputArtifactFormat": "CODE_ZIP",
                },
                "inputArtifacts": [],
                "outputArtifacts": [{"name": "SourceArtifact"}],
            }
        ],
    }


def build_stage(lab: Lab) -> Declared:
    """Build: the project, from the source's artifact to the package's."""
    return {
        "name": "Build",
        "actions": [
            {
                "name": "Build",
                "runOrder": 1,
                "namespace": "BuildVariables",
                "actionTypeId": _type("Build", "CodeBuild"),
                "configuration": {"ProjectName": lab.name("build")},
                "inputArtifacts": [{"name": "SourceArtifact"}],
                "outputArtifacts": [{"name": "BuildArtifact"}],
            }
        ],
    }


def hold() -> Declared:
    """An approval that keeps a stage under construction from running."""
    return {
        "name": HOLD,
        "runOrder": 1,
        "actionTypeId": _type("Approval", "Manual"),
        "configuration": {"CustomData": "This stage is under construction."},
        "inputArtifacts": [],
        "outputArtifacts": [],
    }


def create_change_set(lab: Lab, artifact: str = "BuildArtifact") -> Declared:
    """The action that has CloudFormation work out what would change."""
    return {
        "name": "CreateChangeSet",
        "runOrder": 1,
        "actionTypeId": _type("Deploy", "CloudFormation"),
        "configuration": {
            "ActionMode": "CHANGE_SET_REPLACE",
            "StackName": lab.name("stack"),
            "ChangeSetName": lab.name("changes"),
            "TemplatePath": f"{artifact}::{PACKAGED}",
            "Capabilities": "CAPABILITY_IAM,CAPABILITY_AUTO_EXPAND",
            "RoleArn": lab.arn("iam", f"role/{lab.deploy_role}"),
        },
        "inputArtifacts": [{"name": artifact}],
        "outputArtifacts": [],
    }


def execute_change_set(lab: Lab, change_set: str, order: int) -> Declared:
    """The action that has CloudFormation do what the change set says."""
    return {
        "name": "ExecuteChangeSet",
        "runOrder": order,
        "namespace": "DeployVariables",
        "actionTypeId": _type("Deploy", "CloudFormation"),
        "configuration": {
            "ActionMode": "CHANGE_SET_EXECUTE",
            "StackName": lab.name("stack"),
            "ChangeSetName": change_set,
        },
        "inputArtifacts": [],
        "outputArtifacts": [],
    }


def rule_name(lab: Lab) -> str:
    """The rule's name; the console makes one of the same beginning."""
    return f"codepipeline-{lab.name('pipeline')}-rule"


def event_pattern(lab: Lab) -> Declared:
    """Which events start the pipeline: a branch of this name was made or moved."""
    return {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "resources": [lab.arn("codecommit", lab.repository)],
        "detail": {
            "event": ["referenceCreated", "referenceUpdated"],
            "referenceType": ["branch"],
            "referenceName": [lab.branch],
        },
    }


def _type(category: str, provider: str) -> Declared:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def _document(*statements: Declared) -> Declared:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(resources: list[str], *actions: str) -> Declared:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}
