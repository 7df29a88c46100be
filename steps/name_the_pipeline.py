"""Name the pipeline: by the convention, so that everybody's things can be told apart."""

import re

from workshop.lab import Lab
from workshop.step import NotYet, Question

ALLOWED = re.compile(r"[A-Za-z0-9.@\-_]{1,100}")


def questions(lab: Lab) -> list[Question]:
    """The name that the attendee chooses."""
    return [Question("pipeline-name", "Your pipeline's name", placeholder=f"<handle>-{lab.prefix}-pipeline")]


def do(lab: Lab) -> None:
    """Choose the name that the convention gives."""
    lab.answers["pipeline-name"] = lab.name("pipeline")
    lab.say(f"Chose the name {lab.name('pipeline')}")


def undo(lab: Lab) -> None:
    """Forget the name that was chosen."""
    lab.answers.pop("pipeline-name", None)


def check_it_is_a_name(lab: Lab) -> str:
    """You have chosen a name that AWS accepts."""
    name = _chosen(lab)
    if not name:
        raise NotYet(
            "You have chosen no name yet.",
            hint=("Write it into the field above.", *_convention(lab)),
        )
    wrong = sorted({sign for sign in name if not ALLOWED.fullmatch(sign)})
    if wrong:
        raise NotYet(
            f"“{name}” contains {', '.join(repr(sign) for sign in wrong)}.",
            hint=("Letters, digits and the signs . @ - _ are allowed, a space is not.", *_convention(lab)),
        )
    if len(name) > 100:
        raise NotYet(f"The name has {len(name)} characters.", hint=("100 are allowed.", *_convention(lab)))
    return f"{name} is a valid name"


def check_it_follows_the_convention(lab: Lab) -> str:
    """It follows the convention: your handle, the event, what it is."""
    name = _chosen(lab)
    if name != lab.name("pipeline"):
        raise NotYet(f"You chose {name}.", hint=(_difference(lab, name), *_convention(lab)))
    return f"{name} = {lab.handle} + {lab.prefix} + pipeline"


def check_it_is_free_or_yours(lab: Lab) -> str:
    """It is free in your account, or it is yours already."""
    codepipeline = lab.client("codepipeline")
    try:
        found = codepipeline.get_pipeline(name=lab.name("pipeline"))
    except codepipeline.exceptions.PipelineNotFoundException:
        return f"No pipeline in {lab.account} has it yet"
    return f"It is yours: {found['metadata']['pipelineArn']}"


def _chosen(lab: Lab) -> str:
    return lab.answers.get("pipeline-name", "").strip()


def _convention(lab: Lab) -> tuple[str, str]:
    return (
        "By the convention it has three parts with hyphens between: your handle, the event, what it is.",
        f"Yours are {lab.handle}, {lab.prefix} and pipeline.",
    )


def _difference(lab: Lab, name: str) -> str:
    if name.lower() == lab.name("pipeline"):
        return "Capitals count, and the convention has none."
    if not name.startswith(f"{lab.handle}-"):
        return f"It should begin with your handle, {lab.handle}."
    if f"-{lab.prefix}-" not in name:
        return f"The event, {lab.prefix}, belongs in the middle."
    return "It should end with what it is: a pipeline."
