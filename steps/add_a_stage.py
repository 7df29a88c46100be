"""Add a stage: room for the deployment, held back until it is complete."""

from workshop.lab import Lab
from workshop.step import NotYet

from . import blueprint, look, make


def do(lab: Lab) -> None:
    """Add the stage Deploy behind Build, with an approval that holds it."""
    declared = look.pipeline(lab)
    if _later(lab):
        lab.there("There is a stage behind Build")
        return
    stage = {"name": "Deploy", "actions": [blueprint.hold()]}
    make.save(lab, {**declared, "stages": [*declared["stages"], stage]})


def undo(lab: Lab) -> None:
    """Take every stage behind Build out of the pipeline; what it deployed stays."""
    declared = look.pipeline_if_any(lab)
    if not declared or not _later(lab):
        return
    last = look.build_action(lab, declared).place
    make.save(lab, {**declared, "stages": declared["stages"][: last + 1]})


def check_there_is_a_stage_after_build(lab: Lab) -> str:
    """Your pipeline has a stage after Build."""
    later = _later(lab)
    if later:
        return "; ".join(f"{action.stage}: {action.name}" for action in later)
    stages = [stage["name"] for stage in look.pipeline(lab)["stages"]]
    raise NotYet(
        f"The stages are {' → '.join(stages)}.",
        hint=(
            "A pipeline is saved as a whole, and AWS keeps no empty stage: it comes with its first action.",
            f"Behind {stages[-1]} add the stage Deploy, in it a manual approval named {blueprint.HOLD}, and"
            " save.",
        ),
    )


def _later(lab: Lab) -> list[look.Placed]:
    declared = look.pipeline(lab)
    build = look.build_action(lab, declared)
    return [action for action in look.actions(declared) if action.place > build.place]
