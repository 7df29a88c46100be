"""What several steps make for the attendee; each adopts what is there already."""

import json
from typing import Any

from workshop.lab import Lab

from . import blueprint

NOT_KNOWN_YET = ("InvalidInputException", "InvalidStructureException", "NoSuchEntity")


def service_role(lab: Lab, name: str, service: str, policy: str, document: dict[str, Any]) -> None:
    """A role under /service-role/ that trusts `service`, with one customer managed policy."""
    iam = lab.client("iam")
    try:
        iam.create_role(
            Path="/service-role/",
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(blueprint.trust(service)),
        )
        lab.say(f"Created the role {name}")
    except iam.exceptions.EntityAlreadyExistsException:
        lab.say(f"The role {name} is there")
    arn = _policy(lab, policy, document)
    if arn not in _attached(iam, name):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        lab.say(f"Attached {policy}")


def _policy(lab: Lab, name: str, document: dict[str, Any]) -> str:
    iam = lab.client("iam")
    try:
        iam.create_policy(Path="/service-role/", PolicyName=name, PolicyDocument=json.dumps(document))
        lab.say(f"Created the policy {name}")
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    return lab.arn("iam", f"policy/service-role/{name}")


def _attached(iam: Any, role: str) -> list[str]:
    found = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return [policy["PolicyArn"] for policy in found]


def change_detection(lab: Lab) -> None:
    """The rule that starts the pipeline on every commit, and the role it does so under."""
    service_role(lab, lab.rule_role, "events.amazonaws.com", lab.rule_policy, blueprint.start_policy(lab))
    events = lab.client("events")
    name = blueprint.rule_name(lab)
    events.put_rule(Name=name, EventPattern=json.dumps(blueprint.event_pattern(lab)), State="ENABLED")
    answer = events.put_targets(
        Rule=name,
        Targets=[
            {
                "Id": "codepipeline",
                "Arn": lab.arn("codepipeline", lab.name("pipeline")),
                "RoleArn": lab.arn("iam", f"role/service-role/{lab.rule_role}"),
            }
        ],
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"EventBridge refused the target: {answer['FailedEntries']}")
    lab.say(f"The rule {name} starts {lab.name('pipeline')} on every commit")


def save(lab: Lab, declared: dict[str, Any]) -> None:
    """Save a changed pipeline. AWS counts its version up and ends what is running."""
    lab.client("codepipeline").update_pipeline(pipeline=declared)
    lab.say(f"Saved {declared['name']}")
