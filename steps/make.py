"""What several steps make for the attendee; each adopts what is there already."""

import json
from typing import Any

from workshop.lab import Lab

from . import blueprint, look

NOT_KNOWN_YET = ("InvalidInputException", "InvalidStructureException", "NoSuchEntity")


def service_role(lab: Lab, name: str, service: str, policy: str, document: dict[str, Any]) -> None:
    """A role under /service-role/ that trusts `service`, with one customer managed policy."""
    _role(lab, name, service)
    arn = _policy(lab, policy, document)
    iam = lab.client("iam")
    if arn not in attached(iam, name):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        lab.say(f"Attached {policy}")


def _role(lab: Lab, name: str, service: str) -> None:
    iam, trust = lab.client("iam"), json.dumps(blueprint.trust(service))
    try:
        found = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        iam.create_role(Path="/service-role/", RoleName=name, AssumeRolePolicyDocument=trust)
        lab.say(f"Created the role {name}")
        return
    if service in look.trusted_services(found):
        lab.there(f"The role {name} is there")
        return
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    lab.say(f"The role {name} trusts {service} now")


def _policy(lab: Lab, name: str, document: dict[str, Any]) -> str:
    iam, arn = lab.client("iam"), lab.arn("iam", f"policy/service-role/{name}")
    try:
        iam.get_policy(PolicyArn=arn)
        lab.there(f"The policy {name} is there")
    except iam.exceptions.NoSuchEntityException:
        iam.create_policy(Path="/service-role/", PolicyName=name, PolicyDocument=json.dumps(document))
        lab.say(f"Created the policy {name}")
    return arn


def attached(iam: Any, role: str) -> list[str]:
    """The ARNs of the managed policies on a role."""
    found = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return [policy["PolicyArn"] for policy in found]


def change_detection(lab: Lab) -> None:
    """The rule that starts the pipeline on every commit, and the role it does so under."""
    service_role(lab, lab.rule_role, "events.amazonaws.com", lab.rule_policy, blueprint.start_policy(lab))
    made = _rule(lab), _target(lab)
    words = f"The rule {blueprint.rule_name(lab)} starts {lab.name('pipeline')} on every commit"
    (lab.say if any(made) else lab.there)(words)


def _rule(lab: Lab) -> bool:
    """Whether the rule had to be made or mended."""
    events, name, pattern = lab.client("events"), blueprint.rule_name(lab), blueprint.event_pattern(lab)
    try:
        found = events.describe_rule(Name=name)
        if found["State"] == "ENABLED" and json.loads(found.get("EventPattern", "null")) == pattern:
            return False
    except events.exceptions.ResourceNotFoundException:
        pass
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
    return True


def _target(lab: Lab) -> bool:
    """Whether the rule's target had to be made or mended."""
    events, name = lab.client("events"), blueprint.rule_name(lab)
    target = {
        "Id": "codepipeline",
        "Arn": lab.arn("codepipeline", lab.name("pipeline")),
        "RoleArn": lab.arn("iam", f"role/service-role/{lab.rule_role}"),
    }
    if target in events.list_targets_by_rule(Rule=name)["Targets"]:
        return False
    answer = events.put_targets(Rule=name, Targets=[target])
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"EventBridge refused the target: {answer['FailedEntries']}")
    return True


def drop_service_role(lab: Lab, name: str, policy: str) -> None:
    """Delete a role with all policies on it, and its own customer managed policy."""
    iam = lab.client("iam")
    try:
        iam.get_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        pass
    else:
        for arn in attached(iam, name):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)
        lab.say(f"Deleted the role {name}")
    _drop_policy(lab, policy)


def _drop_policy(lab: Lab, name: str) -> None:
    iam, arn = lab.client("iam"), lab.arn("iam", f"policy/service-role/{name}")
    try:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    except iam.exceptions.NoSuchEntityException:
        return
    for version in versions:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    lab.say(f"Deleted the policy {name}")


def drop_change_detection(lab: Lab) -> None:
    """Delete every rule that starts the pipeline, and the role of the course's own."""
    events, pipeline = lab.client("events"), lab.arn("codepipeline", lab.name("pipeline"))
    known = set(events.list_rule_names_by_target(TargetArn=pipeline)["RuleNames"])
    own = blueprint.rule_name(lab)
    known |= {rule["Name"] for rule in events.list_rules(NamePrefix=own)["Rules"] if rule["Name"] == own}
    for name in sorted(known):
        _drop_rule(lab, events, name, pipeline)
    drop_service_role(lab, lab.rule_role, lab.rule_policy)


def _drop_rule(lab: Lab, events: Any, name: str, pipeline: str) -> None:
    """Take the pipeline from a rule; a rule with no other target goes as well."""
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    ours = [target["Id"] for target in targets if target["Arn"] == pipeline]
    if ours:
        events.remove_targets(Rule=name, Ids=ours)
    if len(ours) == len(targets):
        events.delete_rule(Name=name)
        lab.say(f"Deleted the rule {name}")


def take_out(lab: Lab, mode: str) -> None:
    """Take the CloudFormation actions of this mode out of the pipeline.

    AWS keeps no empty stage: the one behind Build is held by an approval then, another one goes.
    """
    declared = look.pipeline_if_any(lab)
    placed = look.mode_actions(declared, mode) if declared else []
    if not declared or not placed:
        return
    names = {action.name for action in placed}
    stages = [
        {**stage, "actions": [one for one in stage["actions"] if one["name"] not in names]}
        for stage in declared["stages"]
    ]
    first = look.build_action(lab, declared).place + 1
    if not stages[first]["actions"]:
        stages[first]["actions"] = [blueprint.hold()]
    save(lab, {**declared, "stages": [stage for stage in stages if stage["actions"]]})


def save(lab: Lab, declared: dict[str, Any]) -> None:
    """Save a changed pipeline. AWS counts its version up and ends what is running."""
    lab.client("codepipeline").update_pipeline(pipeline=declared)
    lab.say(f"Saved {declared['name']}")
