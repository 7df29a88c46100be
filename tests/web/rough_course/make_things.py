"""Three branches a round, with one commit on each."""

import time
from typing import Any

from workshop.lab import Lab
from workshop.step import NotYet

from .alone import alone

PARTS = 3


def do(lab: Lab) -> None:
    codecommit = lab.client("codecommit")
    with alone(lab) as number:
        first = _branches(lab)[lab.branch]
        for part in range(PARTS):
            name = f"round-{number}-{part}"
            tip = _branches(lab).get(name)
            if tip is None:
                codecommit.create_branch(repositoryName=lab.repository, branchName=name, commitId=first)
                lab.say(f"Made the branch {name}")
            time.sleep(0.1)
            if tip in (None, first):
                _commit(codecommit, lab, name, first)
                lab.say(f"Committed to {name}")


def _commit(codecommit: Any, lab: Lab, name: str, parent: str) -> None:
    codecommit.put_file(
        repositoryName=lab.repository,
        branchName=name,
        filePath="part.txt",
        fileContent=name.encode(),
        parentCommitId=parent,
    )


def _branches(lab: Lab) -> dict[str, str]:
    codecommit = lab.client("codecommit")
    names = codecommit.list_branches(repositoryName=lab.repository)["branches"]
    found = (codecommit.get_branch(repositoryName=lab.repository, branchName=name) for name in names)
    return {one["branch"]["branchName"]: one["branch"]["commitId"] for one in found}


def check_the_round(lab: Lab) -> str:
    """Every part of the round has a commit of its own."""
    branches = _branches(lab)
    wanted = {f"round-{lab.answers.get('round')}-{part}" for part in range(PARTS)}
    made = {name for name in wanted & set(branches) if branches[name] != branches[lab.branch]}
    if made != wanted:
        raise NotYet(f"There is {', '.join(made) or 'nothing'}.")
    return f"There is {', '.join(sorted(made))}"
