"""A step with questions."""

from workshop.lab import Lab
from workshop.step import NotYet, Question


def questions(lab: Lab) -> list[Question]:
    return [Question("colour", "Which colour?", ("red", "green")), Question("word", "Which word?")]


def do(lab: Lab) -> None:
    raise NotYet("Nobody can choose for you.", hint="Choose.")


def check_the_colour(lab: Lab) -> str:
    """You chose green."""
    if lab.answers.get("colour") != "green":
        raise NotYet(f"You chose {lab.answers.get('colour', 'nothing')}.")
    return f"green, and {lab.answers.get('word', '')}"
