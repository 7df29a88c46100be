"""Says what is wrong with a pipeline's declaration, in CodePipeline's codes and words.

Source: CodePipeline user guide, "Pipeline structure reference"; messages observed in AWS
where the tests mark them so, otherwise in AWS's manner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.call import AwsError
from workshop.sandbox.codepipeline import catalogue
from workshop.sandbox.codepipeline.flow import check_flow, repeated
from workshop.sandbox.codepipeline.structure import Action, Stage, Structure, parse
from workshop.sandbox.codepipeline.words import invalid_action, invalid_structure

CHANGE_SET_MODES = ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE")
STACK_MODES = ("CREATE_UPDATE", "DELETE_ONLY", "REPLACE_ON_FAILURE")
WITH_TEMPLATE = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE")
MOST_STAGES = 50
MOST_ACTIONS = 50


def validate(declaration: Mapping[str, Any], region: str) -> Structure:
    """The structure declared, if it is sound; AwsError if not."""
    _stores(declaration)
    _absent(declaration)
    structure = parse(declaration)
    _stages(structure)
    for _, action in structure.actions:
        _action(action, region)
    check_flow(structure, region, has_variables=bool(declaration.get("variables")))
    return structure


def _stores(declaration: Mapping[str, Any]) -> None:
    if ("artifactStore" in declaration) == ("artifactStores" in declaration):
        raise invalid_structure(
            "You must include either artifactStore or artifactStores in your pipeline, "
            "but you cannot use both."
        )


def _absent(declaration: Mapping[str, Any]) -> None:
    """Refuse what the sandbox would otherwise silently leave out."""
    if declaration.get("triggers"):
        raise invalid_structure(
            "This sandbox has no connections, which triggers need. Use an EventBridge rule."
        )
    for stage in declaration["stages"]:
        parts = [part for part in ("beforeEntry", "onSuccess") if part in stage]
        failure = stage.get("onFailure", {})
        if "conditions" in failure or failure.get("result") == "SKIP":
            parts.append("onFailure")
        if parts:
            raise AwsError(
                "InvalidStageDeclarationException",
                f"Stage {stage['name']} declares conditions ({', '.join(parts)}), "
                "which this sandbox does not evaluate.",
            )


def _stages(structure: Structure) -> None:
    count = len(structure.stages)
    if count < 2:
        raise invalid_structure(
            f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a pipeline"
        )
    if count > MOST_STAGES:
        raise AwsError("LimitExceededException", f"Pipeline has {count} stages; the limit is {MOST_STAGES}")
    for name in repeated(stage.name for stage in structure.stages):
        raise AwsError(
            "InvalidStageDeclarationException",
            f"Stage name must be unique within the pipeline. {name} has been used more than once.",
        )
    for stage in structure.stages:
        _stage(stage)
    first, *later = structure.stages
    if any(action.category != "Source" for action in first.actions):
        raise invalid_structure("Pipeline should start with a stage that only contains source actions")
    if any(action.category == "Source" for stage in later for action in stage.actions):
        raise invalid_structure("Only the first stage of a pipeline may contain source actions")


def _stage(stage: Stage) -> None:
    count = len(stage.actions)
    if not 1 <= count <= MOST_ACTIONS:
        raise AwsError(
            "InvalidStageDeclarationException",
            f"Stage {stage.name} has {count} actions. "
            f"There should be between 1 and {MOST_ACTIONS} actions in a stage",
        )
    for name in repeated(action.name for action in stage.actions):
        raise invalid_action(
            f"Action name must be unique within a stage. {name} has been used more than once."
        )


def _action(action: Action, region: str) -> None:
    kind = catalogue.find(**action.type_id)
    if kind is None:
        raise invalid_action(
            f"ActionType (Category: '{action.category}', Provider: '{action.provider}', "
            f"Owner: '{action.owner}', Version: '{action.version}') in action '{action.name}' "
            f"is not available in region '{region.upper().replace('-', '_')}'"
        )
    _keys(action, kind)
    _counts(action, "input", len(action.inputs), kind.inputs)
    _counts(action, "output", len(action.outputs), kind.outputs)
    if action.timeout and not kind.settable:
        raise invalid_action(
            f"Action {action.name} declares timeoutInMinutes, "
            "which is only supported for manual approval actions"
        )
    if (action.category, action.provider) == ("Deploy", "CloudFormation"):
        _cloudformation(action)
    if (action.category, action.provider) == ("Deploy", "S3"):
        _needs(action, "ObjectKey", when=action.configuration["Extract"] == "false")
    if action.configuration.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise invalid_action(
            f"OutputArtifactFormat of action '{action.name}' must be CODE_ZIP: "
            "this sandbox passes sources on as zips only"
        )
    if action.provider == "CodeBuild":
        _needs(action, "PrimarySource", when=len(action.inputs) > 1)


def _keys(action: Action, kind: catalogue.ActionType) -> None:
    known = {key.name for key in kind.keys}
    for name in action.configuration:
        if name not in known:
            raise invalid_action(
                f"Action configuration for action '{action.name}' contains unknown configuration '{name}'"
            )
    for key in kind.keys:
        _needs(action, key.name, when=key.required)


def _needs(action: Action, name: str, *, when: bool) -> None:
    if when and name not in action.configuration:
        raise invalid_action(
            f"Action configuration for action '{action.name}' is missing required configuration '{name}'"
        )


def _counts(action: Action, what: str, count: int, between: tuple[int, int]) -> None:
    least, most = between
    if count < least:
        raise invalid_action(
            f"Action {action.name} declares {count} {what} artifacts "
            f"which is less than the minimum count ({least})"
        )
    if count > most:
        raise invalid_action(
            f"Action {action.name} declares {count} {what} artifacts "
            f"which is more than the maximum count ({most})"
        )


def _cloudformation(action: Action) -> None:
    mode = action.configuration["ActionMode"]
    if "#{" in mode:
        return
    if mode not in CHANGE_SET_MODES + STACK_MODES:
        raise invalid_action(
            f"Action configuration for action '{action.name}' contains an invalid value '{mode}' "
            f"for 'ActionMode'. Valid values are: {', '.join(CHANGE_SET_MODES + STACK_MODES)}"
        )
    _needs(action, "ChangeSetName", when=mode in CHANGE_SET_MODES)
    _needs(action, "TemplatePath", when=mode in WITH_TEMPLATE)
    for key in ("TemplatePath", "TemplateConfiguration"):
        _path(action, key)


def _path(action: Action, key: str) -> None:
    path = action.configuration.get(key)
    if path is None or "#{" in path:
        return
    artifact, separator, file = path.partition("::")
    if not (artifact and separator and file):
        raise invalid_action(
            f"{key} of action '{action.name}' must have the form InputArtifactName::FileName, not '{path}'"
        )
    if artifact not in action.inputs:
        raise invalid_action(
            f"{key} of action '{action.name}' refers to the artifact '{artifact}', "
            "which is not one of its input artifacts"
        )
