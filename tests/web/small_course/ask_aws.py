"""A step whose question AWS refuses to answer, and whose help is refused as well."""

from workshop.lab import Lab


def do(lab: Lab) -> None:
    lab.client("iam").create_user(UserName="nobody")


def check_the_users(lab: Lab) -> str:
    """Nobody else is in your account."""
    return str(lab.client("iam").list_users())
