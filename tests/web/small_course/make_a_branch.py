"""A step that is judged by its effect in AWS."""

from workshop.lab import Lab
from workshop.step import NotYet


def do(lab: Lab) -> None:
    codecommit = lab.client("codecommit")
    tip = codecommit.get_branch(repositoryName=lab.repository, branchName=lab.branch)["branch"]["commitId"]
    try:
        codecommit.create_branch(repositoryName=lab.repository, branchName="feature", commitId=tip)
        lab.say("Created the branch feature")
    except codecommit.exceptions.BranchNameExistsException:
        lab.say("The branch feature is there already")


def check_the_repository(lab: Lab) -> str:
    """Your repository is there."""
    return str(
        lab.client("codecommit").get_repository(repositoryName=lab.repository)["repositoryMetadata"]["Arn"]
    )


def check_the_branch(lab: Lab) -> str:
    """It has a branch feature."""
    codecommit = lab.client("codecommit")
    branches = codecommit.list_branches(repositoryName=lab.repository)["branches"]
    if "feature" not in branches:
        raise NotYet(f"It has {', '.join(branches)}.", hint="Create feature <b>from</b> master.")
    return "It has feature"


def check_its_tip(lab: Lab) -> str:
    """The branch has a commit."""
    codecommit = lab.client("codecommit")
    branch = codecommit.get_branch(repositoryName=lab.repository, branchName="feature")["branch"]
    return str(branch["commitId"])


def undo(lab: Lab) -> None:
    """Delete the branch feature."""
    codecommit = lab.client("codecommit")
    if "feature" in codecommit.list_branches(repositoryName=lab.repository)["branches"]:
        codecommit.delete_branch(repositoryName=lab.repository, branchName="feature")
