"""A step with a bug."""

from workshop.lab import Lab


def do(lab: Lab) -> None:
    lab.say("Here it comes")
    raise ZeroDivisionError("secret detail")


def check_nothing(lab: Lab) -> str:
    """It works."""
    if "whole" in lab.answers:
        return "for once"
    raise ZeroDivisionError("secret detail")
