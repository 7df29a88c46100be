"""A step whose help takes a while."""

import time

from workshop.lab import Lab
from workshop.step import NotYet


def do(lab: Lab) -> None:
    for number in range(1, 9):
        lab.say(f"Part {number} of 8")
        time.sleep(0.25)
    lab.answers["long"] = "done"


def check_it_is_done(lab: Lab) -> str:
    """The long thing is done."""
    if "long" not in lab.answers:
        raise NotYet("It is not.")
    return "done"
