"""Execute the change set: the second action does what the first one worked out."""

from workshop.lab import Lab
from workshop.step import NotYet, holds

from . import blueprint, look, make
from .generate_a_change_set import MODE as CREATE

MODE = "CHANGE_SET_EXECUTE"


def do(lab: Lab) -> None:
    """Put the second action behind the first, in the same stage."""
    declared = look.pipeline(lab)
    if _complete(lab):
        lab.there("The action is there")
        return
    first = _first(lab)
    second = blueprint.execute_change_set(lab, first.settings["ChangeSetName"], first.order + 1)
    stages = [dict(stage) for stage in declared["stages"]]
    known = {action.name for action in look.mode_actions(declared, MODE)} | {second["name"]}
    for stage in stages:
        stage["actions"] = [one for one in stage["actions"] if one["name"] not in known]
    stages[first.place]["actions"].append(second)
    make.save(lab, {**declared, "stages": stages})


def undo(lab: Lab) -> None:
    """Take the action that executes the change set out of the pipeline."""
    make.take_out(lab, MODE)


def _complete(lab: Lab) -> bool:
    return holds(lab, check_an_action_executes_the_same_change_set, check_it_comes_after_the_first)


def check_an_action_executes_the_same_change_set(lab: Lab) -> str:
    """An action executes the very change set that the first one made."""
    first, second = _first(lab), _second(lab)
    for key in ("StackName", "ChangeSetName"):
        if first.settings.get(key) != second.settings.get(key):
            raise NotYet(
                f"{second.name}: {key} is {second.settings.get(key)}.",
                hint=(
                    f"Compare it with {first.name}: both have to speak of the same change set.",
                    f"{first.name} says {first.settings.get(key)}: give {second.name} the same {key}, and"
                    " save.",
                ),
            )
    return f"{second.name}: {second.settings['ChangeSetName']} of {second.settings['StackName']}"


def check_it_comes_after_the_first(lab: Lab) -> str:
    """It runs after the first, not beside it."""
    first, second = _first(lab), _second(lab)
    if (second.place, second.order) <= (first.place, first.order):
        raise NotYet(
            f"{first.name} has run order {first.order}, {second.name} {second.order}.",
            hint=(
                "Equal numbers run at once, and a lower one runs first: which has to wait for which?",
                f"Put {second.name} into {first.stage} with the run order {first.order + 1}, and save.",
            ),
        )
    return f"{first.name} {first.order}, {second.name} {second.order}, in {second.stage}"


def _first(lab: Lab) -> look.Placed:
    found = look.mode_actions(look.pipeline(lab), CREATE)
    if not found:
        raise NotYet(
            "No action makes a change set yet.",
            hint=(
                "First: “Generate a change set”.",
                f"An action of {lab.name('pipeline')} has to have the mode {CREATE}: what it has, `aws"
                f" codepipeline get-pipeline --name {lab.name('pipeline')}` shows.",
            ),
        )
    return found[0]


def _second(lab: Lab) -> look.Placed:
    found = look.mode_actions(look.pipeline(lab), MODE)
    if not found:
        raise NotYet(
            "No action executes a change set.",
            hint=(
                "The change set is worked out, but nothing carries it out yet: that takes a second action.",
                "Add an action group below the first: “Execute a change set” (CHANGE_SET_EXECUTE).",
                f"Its StackName is {lab.name('stack')}; ChangeSetName as in the first action, a higher"
                " run order.",
            ),
        )
    return found[0]
