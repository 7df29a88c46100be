"""This is what success looks like: what stands now, part by part."""

from workshop.lab import Lab
from workshop.step import NotYet, Waiting

from . import look

WANTED = {"AWS::Lambda::Function": "a function", "AWS::ApiGatewayV2::Api": "an API"}
ALSO = {"AWS::ApiGateway::RestApi": "AWS::ApiGatewayV2::Api"}


def check_the_stack_is_complete(lab: Lab) -> str:
    """Your stack is complete."""
    stack = look.stack(lab)
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise Waiting(f"{stack['StackName']} is {status}.", since=stack.get("LastUpdatedTime"))
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise NotYet(
            f"{stack['StackName']} is {status}. {stack.get('StackStatusReason', '')}".strip(),
            hint=(
                "Its events say what failed first; mend that and release a change.",
                f"`aws cloudformation describe-stack-events --stack-name {stack['StackName']}` lists them,"
                " the newest first: the oldest with FAILED is the cause.",
                f"When it is mended: {look.release(lab)}.",
            ),
        )
    return f"{stack['StackName']} is {status}"


def check_a_function_and_an_api_are_in_it(lab: Lab) -> str:
    """A function and an API are in it."""
    found = {
        ALSO.get(one["ResourceType"], one["ResourceType"]): one["PhysicalResourceId"]
        for one in look.resources(lab)
    }
    missing = [words for kind, words in WANTED.items() if kind not in found]
    if missing:
        raise NotYet(
            f"There is no {' and no '.join(word.split()[1] for word in missing)} in it.",
            hint=(
                "template.yaml declares both: the function, and its HttpApi event.",
                f"Compare template.yaml on {lab.branch} with the first commit: `git log -p -- template.yaml`"
                " in your clone shows what has changed.",
                "Put back what is missing, commit, and let the run go through.",
            ),
        )
    return ", ".join(found[kind] for kind in WANTED)
