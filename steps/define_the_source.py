"""Define the source: which repository and branch the pipeline takes its source from."""

from workshop.lab import Lab
from workshop.step import NotYet, Question

from . import look

NEEDED = ("buildspec.yml", "template.yaml")


def questions(lab: Lab) -> list[Question]:
    """The repository and the branch."""
    return [
        Question("source-repository", f"Repository in {lab.region}", placeholder="the one prepared for you"),
        Question("source-branch", "Branch", placeholder="which branch is delivered?"),
    ]


def do(lab: Lab) -> None:
    """Choose the prepared repository and its branch."""
    lab.answers["source-repository"] = lab.repository
    lab.answers["source-branch"] = lab.branch
    lab.say(f"Chose {lab.repository} and its branch {lab.branch}")


def undo(lab: Lab) -> None:
    """Forget the repository and the branch that were chosen."""
    lab.answers.pop("source-repository", None)
    lab.answers.pop("source-branch", None)


def check_the_repository_can_be_read(lab: Lab) -> str:
    """You have chosen the repository prepared for you, and it can be read."""
    chosen = lab.answers.get("source-repository", "").strip()
    if chosen != lab.repository:
        raise NotYet(
            f"You chose {chosen}." if chosen else "You have chosen no repository yet.",
            hint=(
                "List the repositories with the command above: one is prepared for this event.",
                f"Its name begins with the event's, {lab.prefix}, and it is in {lab.region}.",
            ),
        )
    found = lab.client("codecommit").get_repository(repositoryName=chosen)["repositoryMetadata"]
    return f"{found['repositoryName']}: {found.get('repositoryDescription') or found['Arn']}"


def check_the_branch_is_there(lab: Lab) -> str:
    """You have chosen the branch that is delivered, and it has commits."""
    chosen = lab.answers.get("source-branch", "").strip()
    if chosen != lab.branch:
        raise NotYet(
            f"You chose the branch {chosen}." if chosen else "You have chosen no branch yet.",
            hint=(
                "Since 2021 new repositories begin with main; this one keeps to the older custom.",
                f"`aws codecommit list-branches --repository-name {lab.repository}` lists its branches;"
                f" {lab.branch} is the one that is delivered.",
            ),
        )
    sha = look.tip(lab)
    return f"{chosen} is at {sha[:7]}, “{look.commit(lab, sha)['message'].strip()}”"


def check_it_says_how_to_build_and_deploy(lab: Lab) -> str:
    """It holds a buildspec for CodeBuild and a template for CloudFormation."""
    folder = lab.client("codecommit").get_folder(
        repositoryName=lab.repository, commitSpecifier=lab.branch, folderPath="/"
    )
    there = {file["absolutePath"] for file in folder["files"]}
    missing = [name for name in NEEDED if name not in there]
    if missing:
        raise NotYet(
            f"{' and '.join(missing)} not found; there are {', '.join(sorted(there))}.",
            hint=look.put_back(lab, missing[0]),
        )
    return " and ".join(NEEDED)
