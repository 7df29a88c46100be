"""Checks how things flow through a pipeline: artifacts and variables come from actions before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from workshop.sandbox.codepipeline import variables
from workshop.sandbox.codepipeline.structure import Action, Structure
from workshop.sandbox.codepipeline.words import invalid_action, invalid_structure


def check_flow(structure: Structure, region: str, *, has_variables: bool) -> None:
    """AwsError if an action would lack a store, an artifact or a namespace."""
    _regions(structure, region)
    _artifacts(structure)
    _variables(structure, has_variables)


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _regions(structure: Structure, region: str) -> None:
    """Every action needs an artifact store in its region."""
    for _, action in structure.actions:
        wanted = action.region or region
        has_one = wanted in structure.stores if structure.stores else wanted == region
        if not has_one:
            raise invalid_structure(
                f"Action {action.name} is in region {wanted}, for which the pipeline has no artifact store"
            )


def _artifacts(structure: Structure) -> None:
    for name in repeated(name for _, action in structure.actions for name in action.outputs):
        raise invalid_structure(
            "Output Artifact Bundle name must be unique within the pipeline. "
            f"{name} has been used more than once."
        )
    made: set[str] = set()
    for stage in structure.stages:
        for wave in stage.waves:
            _made_before(wave, made)
            made.update(name for action in wave for name in action.outputs)


def _made_before(wave: Iterable[Action], made: set[str]) -> None:
    for action in wave:
        for name in action.inputs:
            if name not in made:
                raise invalid_structure(
                    f"Input Artifact Bundle {name} in action {action.name} is not declared as "
                    "Output Artifact Bundle in any of the preceding actions"
                )


def _variables(structure: Structure, has_variables: bool) -> None:
    names = [action.namespace for _, action in structure.actions if action.namespace]
    artifacts = {name for _, action in structure.actions for name in action.outputs}
    for name in repeated(names):
        raise invalid_structure(
            f"Namespace must be unique within the pipeline. {name} has been used more than once."
        )
    for name in names:
        if name in ("codepipeline", "variables"):
            raise invalid_structure(f"The namespace '{name}' is reserved")
        if name in artifacts:
            raise invalid_structure(f"The namespace '{name}' is also the name of an artifact")
    known = {"codepipeline"}
    for stage in structure.stages:
        for wave in stage.waves:
            _known_before(wave, known)
            known |= {action.namespace for action in wave if action.namespace}
        if has_variables:
            known.add("variables")  # which source actions may not use


def _known_before(wave: Iterable[Action], known: set[str]) -> None:
    for action in wave:
        for key, text in action.configuration.items():
            if variables.malformed(text):
                raise invalid_action(
                    "Valid format for a pipeline execution variable reference is a namespace and a key "
                    f"separated by a period (.). The value of '{key}' in action '{action.name}' is '{text}'"
                )
        unknown = variables.namespaces_in(action.configuration.values()) - known
        for namespace in sorted(unknown):
            raise invalid_action(
                f"Action '{action.name}' refers to the namespace '{namespace}', "
                "which no preceding action declares"
            )
