"""What CodePipeline accepts as a pipeline, and its words for what it does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session

from workshop.sandbox import constraints
from workshop.sandbox.call import AwsError
from workshop.sandbox.codepipeline.validation import validate

Change = Callable[[dict[str, Any]], object]


def declaration() -> dict[str, Any]:
    """The workshop's pipeline."""
    return copy.deepcopy(
        {
            "name": "janed-pg23-pipeline",
            "roleArn": "arn:aws:iam::111122223333:role/pg23-codepipeline-role",
            "artifactStore": {"type": "S3", "location": "codepipeline-eu-west-1-123456789012"},
            "stages": [
                {"name": "Source", "actions": [source()]},
                {"name": "Build", "actions": [build()]},
                {"name": "Deploy", "actions": [change_set(), execute()]},
            ],
        }
    )


def _type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def source() -> dict[str, Any]:
    return {
        "name": "Source",
        "namespace": "SourceVariables",
        "actionTypeId": _type("Source", "CodeCommit"),
        "configuration": {"RepositoryName": "pg23repo", "BranchName": "master"},
        "outputArtifacts": [{"name": "SourceArtifact"}],
    }


def build() -> dict[str, Any]:
    return {
        "name": "Build",
        "actionTypeId": _type("Build", "CodeBuild"),
        "configuration": {"ProjectName": "janed-pg23-build"},
        "inputArtifacts": [{"name": "SourceArtifact"}],
        "outputArtifacts": [{"name": "BuildArtifact"}],
    }


def change_set() -> dict[str, Any]:
    return {
        "name": "CreateChangeSet",
        "runOrder": 1,
        "actionTypeId": _type("Deploy", "CloudFormation"),
        "configuration": {
            "ActionMode": "CHANGE_SET_REPLACE",
            "StackName": "janed-pg23-stack",
            "ChangeSetName": "janed-pg23-cs",
            "TemplatePath": "BuildArtifact::outputtemplate.yml",
        },
        "inputArtifacts": [{"name": "BuildArtifact"}],
    }


def execute() -> dict[str, Any]:
    return {
        "name": "ExecuteChangeSet",
        "runOrder": 2,
        "actionTypeId": _type("Deploy", "CloudFormation"),
        "configuration": {
            "ActionMode": "CHANGE_SET_EXECUTE",
            "StackName": "janed-pg23-stack",
            "ChangeSetName": "janed-pg23-cs",
        },
    }


def action(pipeline: dict[str, Any], stage: int, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = pipeline["stages"][stage]["actions"][number]
    return found


def test_the_workshops_pipeline_is_sound() -> None:
    structure = validate(declaration(), "eu-west-1")
    assert [stage.name for stage in structure.stages] == ["Source", "Build", "Deploy"]


CASES: dict[str, tuple[Change, str, str]] = {
    "one stage (moto's text)": (
        lambda p: p.update(stages=p["stages"][:1]),
        "InvalidStructureException",
        "Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline",
    ),
    "no source stage first (observed)": (
        lambda p: p["stages"].reverse(),
        "InvalidStructureException",
        "Pipeline should start with a stage that only contains source actions",
    ),
    "a late source": (
        lambda p: p["stages"][1]["actions"].append({**source(), "outputArtifacts": [{"name": "More"}]}),
        "InvalidStructureException",
        "Only the first stage of a pipeline may contain source actions",
    ),
    "two stages of one name": (
        lambda p: p["stages"][2].update(name="Build"),
        "InvalidStageDeclarationException",
        "Stage name must be unique",
    ),
    "two actions of one name": (
        lambda p: action(p, 2, 1).update(name="CreateChangeSet"),
        "InvalidActionDeclarationException",
        "Action name must be unique",
    ),
    "an unknown provider (observed)": (
        lambda p: action(p, 1)["actionTypeId"].update(provider="Jenkins", owner="Custom"),
        "InvalidActionDeclarationException",
        "ActionType (Category: 'Build', Provider: 'Jenkins', Owner: 'Custom', Version: '1') "
        "in action 'Build' is not available in region 'EU_WEST_1'",
    ),
    "a missing key": (
        lambda p: action(p, 1).update(configuration={}),
        "InvalidActionDeclarationException",
        "Action configuration for action 'Build' is missing required configuration 'ProjectName'",
    ),
    "an unknown key": (
        lambda p: action(p, 1)["configuration"].update(Project="x"),
        "InvalidActionDeclarationException",
        "Action configuration for action 'Build' contains unknown configuration 'Project'",
    ),
    "an unknown mode": (
        lambda p: action(p, 2)["configuration"].update(ActionMode="DEPLOY"),
        "InvalidActionDeclarationException",
        "invalid value 'DEPLOY'",
    ),
    "a change set without a name": (
        lambda p: action(p, 2)["configuration"].pop("ChangeSetName"),
        "InvalidActionDeclarationException",
        "missing required configuration 'ChangeSetName'",
    ),
    "a template of another artifact": (
        lambda p: action(p, 2)["configuration"].update(TemplatePath="SourceArtifact::t.yml"),
        "InvalidActionDeclarationException",
        "not one of its input artifacts",
    ),
    "no input artifact (observed)": (
        lambda p: action(p, 1).update(inputArtifacts=[]),
        "InvalidActionDeclarationException",
        "Action Build declares 0 input artifacts which is less than the minimum count (1)",
    ),
    "an artifact nobody made": (
        lambda p: action(p, 1).update(inputArtifacts=[{"name": "Nothing"}]),
        "InvalidStructureException",
        "Input Artifact Bundle Nothing in action Build is not declared",
    ),
    "an artifact of the same run order": (
        lambda p: (
            p["stages"][1]["actions"].append(
                {**build(), "name": "Again", "inputArtifacts": [{"name": "BuildArtifact"}]}
            ),
            action(p, 1, 1).update(outputArtifacts=[]),
        ),
        "InvalidStructureException",
        "Input Artifact Bundle BuildArtifact in action Again",
    ),
    "an artifact made twice": (
        lambda p: action(p, 1).update(outputArtifacts=[{"name": "SourceArtifact"}]),
        "InvalidStructureException",
        "SourceArtifact has been used more than once.",
    ),
    "a namespace taken twice": (
        lambda p: action(p, 1).update(namespace="SourceVariables"),
        "InvalidStructureException",
        "Namespace must be unique",
    ),
    "a reserved namespace": (
        lambda p: action(p, 1).update(namespace="codepipeline"),
        "InvalidStructureException",
        "reserved",
    ),
    "a namespace nobody declares": (
        lambda p: action(p, 1)["configuration"].update(ProjectName="#{Nobody.Name}"),
        "InvalidActionDeclarationException",
        "refers to the namespace 'Nobody'",
    ),
    "a reference without a key": (
        lambda p: action(p, 1)["configuration"].update(ProjectName="#{SourceVariables}"),
        "InvalidActionDeclarationException",
        "Valid format for a pipeline execution variable reference",
    ),
    "both kinds of store": (
        lambda p: p.update(artifactStores={"eu-west-1": p["artifactStore"]}),
        "InvalidStructureException",
        "artifactStore or artifactStores",
    ),
    "a time limit for a build": (
        lambda p: action(p, 1).update(timeoutInMinutes=5),
        "InvalidActionDeclarationException",
        "timeoutInMinutes",
    ),
    "pipeline variables in a source": (
        lambda p: (
            p.update(variables=[{"name": "b", "defaultValue": "main"}]),
            action(p, 0)["configuration"].update(BranchName="#{variables.b}"),
        ),
        "InvalidActionDeclarationException",
        "refers to the namespace 'variables'",
    ),
    "an action in a region without a store": (
        lambda p: action(p, 1).update(region="us-east-1"),
        "InvalidStructureException",
        "Action Build is in region us-east-1",
    ),
    "a clone instead of a zip": (
        lambda p: action(p, 0)["configuration"].update(OutputArtifactFormat="CODEBUILD_CLONE_REF"),
        "InvalidActionDeclarationException",
        "must be CODE_ZIP",
    ),
    "triggers": (
        lambda p: p.update(triggers=[{"providerType": "CodeStarSourceConnection"}]),
        "InvalidStructureException",
        "EventBridge rule",
    ),
    "skipping on failure": (
        lambda p: p["stages"][1].update(onFailure={"result": "SKIP"}),
        "InvalidStageDeclarationException",
        "conditions (onFailure)",
    ),
    "conditions": (
        lambda p: p["stages"][1].update(beforeEntry={"conditions": []}),
        "InvalidStageDeclarationException",
        "conditions (beforeEntry)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    change, code, words = CASES[case]
    pipeline = declaration()
    change(pipeline)
    with pytest.raises(AwsError) as refused:
        validate(pipeline, "eu-west-1")
    assert refused.value.code == code
    assert words in refused.value.message


CONSTRAINTS: dict[str, tuple[Change, str]] = {
    "a bad name": (
        lambda p: p.update(name="my pipeline"),
        "Value 'my pipeline' at 'pipeline.name' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [A-Za-z0-9.@\-_]+",
    ),
    "an empty configuration value (observed)": (
        lambda p: action(p, 0)["configuration"].update(BranchName=""),
        "Value at 'pipeline.stages.1.member.actions.1.member.configuration' failed to satisfy constraint: "
        "Map value must satisfy constraint: [Member must have length less than or equal to 50000, "
        "Member must have length greater than or equal to 1]",
    ),
    "a run order too high": (
        lambda p: action(p, 1).update(runOrder=1000),
        "Value '1000' at 'pipeline.stages.2.member.actions.1.member.runOrder' failed to satisfy constraint: "
        "Member must have value less than or equal to 999",
    ),
    "an unknown mode of execution": (
        lambda p: p.update(executionMode="RANDOM"),
        "Value 'RANDOM' at 'pipeline.executionMode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [QUEUED, SUPERSEDED, PARALLEL]",
    ),
}


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_what_breaks_the_models_constraints(case: str) -> None:
    change, expected = CONSTRAINTS[case]
    pipeline = declaration()
    change(pipeline)
    model = get_session().get_service_model("codepipeline").operation_model("CreatePipeline")
    assert constraints.violations(model.input_shape, {"pipeline": pipeline}) == [expected]
