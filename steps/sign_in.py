"""Sign in: become the attendee's role, and see who one is."""

from workshop.lab import Lab
from workshop.step import NotYet, Question


def questions(lab: Lab) -> list[Question]:
    """Who AWS says the attendee is."""
    return [
        Question(
            "caller",
            "Who does AWS say you are? Paste the Arn.",
            placeholder=f"arn:aws:sts::{lab.account}:assumed-role/…",
        )
    ]


def do(lab: Lab) -> None:
    """Ask AWS who the session is, and note the answer."""
    arn = lab.client("sts").get_caller_identity()["Arn"]
    lab.say(f"sts:GetCallerIdentity says {arn}")
    lab.answers["caller"] = arn


def undo(lab: Lab) -> None:
    """Forget the answer."""
    lab.answers.pop("caller", None)


def check_the_role_can_be_assumed(lab: Lab) -> str:
    """Your role can be assumed."""
    return f"Its session is {lab.client('sts').get_caller_identity()['Arn']}"


def check_what_is_prepared_is_in_this_region(lab: Lab) -> str:
    """Your region is the one where everything is prepared."""
    codecommit = lab.client("codecommit")
    try:
        arn = codecommit.get_repository(repositoryName=lab.repository)["repositoryMetadata"]["Arn"]
    except codecommit.exceptions.RepositoryDoesNotExistException:
        raise NotYet(
            f"There is no repository {lab.repository} in {lab.region}.",
            hint=(
                "It should have been prepared for you: ask for help.",
                f"`aws codecommit list-repositories --region {lab.region}` lists what is there under your"
                " role.",
            ),
        ) from None
    return f"{lab.region} has {arn}"


def check_you_have_seen_who_you_are(lab: Lab) -> str:
    """You have asked AWS who you are, with the credentials of that session."""
    said = lab.answers.get("caller", "").strip()
    expected = lab.client("sts").get_caller_identity()["Arn"]
    if expected in said:
        return f"You are {expected}"
    if not said:
        raise NotYet(
            "There is no answer yet.",
            hint=("Run the command above and paste its Arn.", *_how(lab)),
        )
    raise NotYet(f"You answered {said[:120]}.", hint=(_hint(lab, said), *_how(lab)))


def _how(lab: Lab) -> tuple[str, ...]:
    return (
        "The terminal needs this page's credentials: “Credentials for the AWS CLI” shows how to set them.",
        "Then `aws sts get-caller-identity --query Arn --output text` says it; it ends with"
        f" assumed-role/{lab.role}/{lab.handle}.",
    )


def _hint(lab: Lab, said: str) -> str:
    if ":user/" in said or ":root" in said:
        return "That is a user, not the role: take the credentials that this page offers."
    if lab.role not in said:
        return f"That names another role than {lab.role}. Is another profile set in your terminal?"
    if lab.account not in said:
        return f"That is another account: yours is {lab.account}."
    return f"Its session should be called {lab.handle}: take the credentials that this page offers."
