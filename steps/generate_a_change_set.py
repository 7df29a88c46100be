"""Generate a change set: CloudFormation works out what a deployment would change."""

from typing import Any

import yaml

from workshop.lab import Lab
from workshop.step import NotYet, holds

from . import blueprint, look, make

MODE = "CHANGE_SET_REPLACE"
SERVICE = "cloudformation.amazonaws.com"
IAM = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}


def do(lab: Lab) -> None:
    """Put the action into the stage behind Build, in the place of what held it."""
    declared = look.pipeline(lab)
    if _complete(lab):
        lab.there("The action is there")
        return
    artifact = look.build_action(lab, declared).outputs[0]
    action = blueprint.create_change_set(lab, artifact)
    make.save(lab, {**declared, "stages": _stages(lab, declared, action)})


def undo(lab: Lab) -> None:
    """Take the action that makes the change set out of the pipeline."""
    make.take_out(lab, MODE)


def _stages(lab: Lab, declared: dict[str, Any], action: dict[str, Any]) -> list[dict[str, Any]]:
    """The stages with the action in the first one behind Build; made if there is none."""
    known = {placed.name for placed in look.mode_actions(declared, MODE)} | {action["name"], blueprint.HOLD}
    place = look.build_action(lab, declared).place + 1
    stages = [dict(stage) for stage in declared["stages"]]
    if place == len(stages):
        stages.append({"name": "Deploy", "actions": []})
    kept = [one for one in stages[place]["actions"] if one["name"] not in known]
    stages[place]["actions"] = [action, *kept]
    return stages


def _complete(lab: Lab) -> bool:
    return holds(
        lab,
        check_an_action_makes_a_change_set,
        check_it_takes_the_packaged_template,
        check_it_may_make_roles,
        check_cloudformation_has_a_role,
    )


def check_an_action_makes_a_change_set(lab: Lab) -> str:
    """An action after Build creates or replaces a change set for your stack."""
    action = _action(lab)
    stack = action.settings.get("StackName")
    if stack != lab.name("stack"):
        raise NotYet(
            f"{action.name} is for the stack {stack}.",
            hint=(
                f"What is yours begins with {lab.handle}-{lab.prefix}: the stack as well.",
                f"Set StackName of {action.name} to {lab.name('stack')}, and save.",
            ),
        )
    if not action.settings.get("ChangeSetName"):
        raise NotYet(
            f"{action.name} names no change set.",
            hint=(
                "The next action has to find the change set again, so it needs a name.",
                f"Set ChangeSetName of {action.name} to {lab.name('changes')}, for one, and save.",
            ),
        )
    return f"{action.name}: {action.settings['ChangeSetName']} for {stack}"


def check_it_takes_the_packaged_template(lab: Lab) -> str:
    """It takes the template that the build has packaged."""
    action = _action(lab)
    build = look.build_action(lab, look.pipeline(lab))
    path = action.settings.get("TemplatePath", "")
    artifact, _, file = path.partition("::")
    if artifact not in build.outputs or artifact not in action.inputs:
        raise NotYet(
            f"TemplatePath is {path or 'empty'}, the inputs are {', '.join(action.inputs) or 'none'}.",
            hint=(
                "The template comes out of an artifact, and an action sees only those that it takes in.",
                f"Both have to name what the build hands on: {', '.join(build.outputs)}.",
                f"Input artifact {build.outputs[0]}, TemplatePath {build.outputs[0]}::{blueprint.PACKAGED}.",
            ),
        )
    handed = _handed_on(lab)
    if file not in handed:
        raise NotYet(
            f"TemplatePath is {path}; the build hands on {', '.join(handed)}.",
            hint=(
                "Of the two templates, which one says where in S3 the code lies?",
                f"{artifact}::{blueprint.PACKAGED} is the packaged one: set TemplatePath to it, and save.",
            ),
        )
    return path


def check_it_may_make_roles(lab: Lab) -> str:
    """It acknowledges that the template makes a role."""
    given = _action(lab).settings.get("Capabilities", "")
    if not IAM & set(given.split(",")):
        raise NotYet(
            f"Its capabilities are {given or 'none'}.",
            hint=(
                "Who makes roles hands out permissions: CloudFormation wants that said aloud.",
                "SAM makes a role for the function, so CAPABILITY_IAM has to be given.",
                f"Set Capabilities of {_action(lab).name} to CAPABILITY_IAM,CAPABILITY_AUTO_EXPAND.",
            ),
        )
    return given


def check_cloudformation_has_a_role(lab: Lab) -> str:
    """It hands CloudFormation a role that trusts it."""
    arn = _action(lab).settings.get("RoleArn", "")
    if not arn:
        raise NotYet(
            "It has no role.",
            hint=(
                "The pipeline itself cannot make a function: CloudFormation works under another role.",
                f"Set RoleArn to {lab.arn('iam', f'role/{lab.deploy_role}')}, and save.",
            ),
        )
    name = arn.rsplit("/", 1)[-1]
    trusted = look.trusted_services(look.role(lab, name))
    if SERVICE not in trusted:
        raise NotYet(
            f"{name} trusts {', '.join(trusted) or 'no service'}.",
            hint=(
                f"CloudFormation can take on only a role that trusts {SERVICE}.",
                f"Take {lab.deploy_role}, which was prepared for that.",
            ),
        )
    return f"{name} trusts {SERVICE}"


def _action(lab: Lab) -> look.Placed:
    declared = look.pipeline(lab)
    build = look.build_action(lab, declared)
    found = [one for one in look.mode_actions(declared, MODE) if one.place > build.place]
    if found:
        return found[0]
    later = [one for one in look.actions(declared) if one.place > build.place]
    have = ", ".join(f"{one.name} ({one.settings.get('ActionMode', 'no change set')})" for one in later)
    raise NotYet(
        f"After Build there is {have or 'nothing'}.",
        hint=(
            "One mode of a CloudFormation action only works out what would change, and deploys nothing.",
            "Its action mode has to be “Create or replace a change set” (CHANGE_SET_REPLACE).",
            f"It takes the place of {blueprint.HOLD}, with the stack {lab.name('stack')} and the change set"
            f" {lab.name('changes')}; the page shows it whole.",
        ),
    )


def _handed_on(lab: Lab) -> list[str]:
    """The files that the buildspec on the branch hands on."""
    spec = yaml.safe_load(look.file(lab, look.tip(lab), "buildspec.yml"))
    artifacts = spec.get("artifacts", {}) if isinstance(spec, dict) else {}
    return [str(name) for name in artifacts.get("files", [])]
