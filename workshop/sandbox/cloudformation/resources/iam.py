"""IAM in stacks: roles, policies, users, groups, instance profiles and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, policy, tag_pairs

HOLDERS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _role_made(role: Mapping[str, Any]) -> Made:
    return Made(role["RoleName"], {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _create_role(work: Work, properties: Properties) -> Made:
    name = properties.get("RoleName") or work.generated()
    rest = {key: value for key, value in properties.items() if key != "Policies"}
    role = work.call("iam", "create_role", rest, RoleName=name)["Role"]
    work.begun(name)
    _attach(work, "role", "RoleName", name, {}, properties)
    return _role_made(role)


def _update_role(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    if old.properties.get("AssumeRolePolicyDocument") != properties["AssumeRolePolicyDocument"]:
        document = policy(properties["AssumeRolePolicyDocument"])
        work.call("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=document)
    if any(old.properties.get(key) != properties.get(key) for key in ("Description", "MaxSessionDuration")):
        description, duration = properties.get("Description", ""), properties.get("MaxSessionDuration", 3600)
        work.call("iam", "update_role", RoleName=name, Description=description, MaxSessionDuration=duration)
    boundary = properties.get("PermissionsBoundary")
    if boundary and boundary != old.properties.get("PermissionsBoundary"):
        work.call("iam", "put_role_permissions_boundary", RoleName=name, PermissionsBoundary=boundary)
    if not boundary and old.properties.get("PermissionsBoundary"):
        work.call("iam", "delete_role_permissions_boundary", RoleName=name)
    _attach(work, "role", "RoleName", name, old.properties, properties)
    _retag(work, "role", "RoleName", name, old.properties, properties)
    return Made(name, old.attributes)


def _delete_role(work: Work, resource: Resource) -> None:
    name = str(resource.physical_id)
    _detach(work, "role", "RoleName", name, resource.properties, {})
    work.attempt("iam", "delete_role", RoleName=name)


def _attach(work: Work, holder: str, key: str, name: str, old: Properties, new: Properties) -> None:
    """Give a role, user or group the managed and inline policies of `new`, drop those of `old`."""
    for arn in new.get("ManagedPolicyArns") or ():
        if arn not in (old.get("ManagedPolicyArns") or ()):
            work.call("iam", f"attach_{holder}_policy", {key: name, "PolicyArn": arn})
    before = {entry["PolicyName"]: entry for entry in old.get("Policies") or ()}
    for entry in new.get("Policies") or ():
        if before.get(entry["PolicyName"]) != entry:
            work.call("iam", f"put_{holder}_policy", {key: name, **entry})
    _detach(work, holder, key, name, old, new)


def _detach(work: Work, holder: str, key: str, name: str, old: Properties, new: Properties) -> None:
    for arn in old.get("ManagedPolicyArns") or ():
        if arn not in (new.get("ManagedPolicyArns") or ()):
            work.attempt("iam", f"detach_{holder}_policy", **{key: name, "PolicyArn": arn})
    kept = {entry["PolicyName"] for entry in new.get("Policies") or ()}
    for entry in old.get("Policies") or ():
        if entry["PolicyName"] not in kept:
            work.attempt("iam", f"delete_{holder}_policy", **{key: name, "PolicyName": entry["PolicyName"]})


def _retag(work: Work, holder: str, key: str, name: str, old: Properties, new: Properties) -> None:
    before, after = tag_pairs(old.get("Tags")), tag_pairs(new.get("Tags"))
    if after != before and after:
        work.call("iam", f"tag_{holder}", {key: name, "Tags": after})
    gone = [tag for tag in before if tag not in after]
    if gone:
        work.call("iam", f"untag_{holder}", {key: name, "TagKeys": gone})


def _create_policy(work: Work, properties: Properties) -> Made:
    _put_policy(work, properties)
    return Made(work.generated())


def _update_policy(work: Work, old: Resource, properties: Properties) -> Made:
    _put_policy(work, properties)
    same = old.properties["PolicyName"] == properties["PolicyName"]
    for plural, holder, key in HOLDERS:
        kept = properties.get(plural) or () if same else ()
        for name in old.properties.get(plural) or ():
            if name not in kept:
                work.attempt(
                    "iam",
                    f"delete_{holder}_policy",
                    **{key: name, "PolicyName": old.properties["PolicyName"]},
                )
    return Made(str(old.physical_id))


def _put_policy(work: Work, properties: Properties) -> None:
    for plural, holder, key in HOLDERS:
        for name in properties.get(plural) or ():
            work.call("iam", f"put_{holder}_policy", properties, **{key: name})


def _delete_policy(work: Work, resource: Resource) -> None:
    for plural, holder, key in HOLDERS:
        for name in resource.properties.get(plural) or ():
            work.attempt(
                "iam",
                f"delete_{holder}_policy",
                **{key: name, "PolicyName": resource.properties["PolicyName"]},
            )


def _create_managed_policy(work: Work, properties: Properties) -> Made:
    name = properties.get("ManagedPolicyName") or work.generated(128)
    found = work.call("iam", "create_policy", properties, PolicyName=name)["Policy"]
    work.begun(found["Arn"])
    _hold(work, found["Arn"], {}, properties)
    return Made(found["Arn"], {"PolicyArn": found["Arn"], "PolicyId": found["PolicyId"]})


def _update_managed_policy(work: Work, old: Resource, properties: Properties) -> Made:
    arn = str(old.physical_id)
    if old.properties["PolicyDocument"] != properties["PolicyDocument"]:
        versions = work.call("iam", "list_policy_versions", PolicyArn=arn)["Versions"]
        for version in [v for v in versions if not v["IsDefaultVersion"]][3:]:
            work.call("iam", "delete_policy_version", PolicyArn=arn, VersionId=version["VersionId"])
        work.call("iam", "create_policy_version", properties, PolicyArn=arn, SetAsDefault=True)
    _hold(work, arn, old.properties, properties)
    return Made(arn, old.attributes)


def _hold(work: Work, arn: str, old: Properties, new: Properties) -> None:
    for plural, holder, key in HOLDERS:
        before, after = old.get(plural) or (), new.get(plural) or ()
        for name in [n for n in after if n not in before]:
            work.call("iam", f"attach_{holder}_policy", {key: name, "PolicyArn": arn})
        for name in [n for n in before if n not in after]:
            work.attempt("iam", f"detach_{holder}_policy", **{key: name, "PolicyArn": arn})


def _delete_managed_policy(work: Work, resource: Resource) -> None:
    arn = str(resource.physical_id)
    _hold(work, arn, resource.properties, {})
    versions = work.call("iam", "list_policy_versions", PolicyArn=arn)["Versions"]
    for version in versions:
        if not version["IsDefaultVersion"]:
            work.attempt("iam", "delete_policy_version", PolicyArn=arn, VersionId=version["VersionId"])
    work.attempt("iam", "delete_policy", PolicyArn=arn)


def _create_user(work: Work, properties: Properties) -> Made:
    name = properties.get("UserName") or work.generated()
    rest = {key: value for key, value in properties.items() if key != "Policies"}
    user = work.call("iam", "create_user", rest, UserName=name)["User"]
    work.begun(name)
    _attach(work, "user", "UserName", name, {}, properties)
    for group in properties.get("Groups") or ():
        work.call("iam", "add_user_to_group", UserName=name, GroupName=group)
    if "LoginProfile" in properties:
        work.call("iam", "create_login_profile", properties["LoginProfile"], UserName=name)
    return Made(name, {"Arn": user["Arn"]})


def _update_user(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    before, after = old.properties.get("Groups") or (), properties.get("Groups") or ()
    for group in [g for g in after if g not in before]:
        work.call("iam", "add_user_to_group", UserName=name, GroupName=group)
    for group in [g for g in before if g not in after]:
        work.attempt("iam", "remove_user_from_group", UserName=name, GroupName=group)
    _attach(work, "user", "UserName", name, old.properties, properties)
    _retag(work, "user", "UserName", name, old.properties, properties)
    return Made(name, old.attributes)


def _delete_user(work: Work, resource: Resource) -> None:
    name = str(resource.physical_id)
    for group in resource.properties.get("Groups") or ():
        work.attempt("iam", "remove_user_from_group", UserName=name, GroupName=group)
    if "LoginProfile" in resource.properties:
        work.attempt("iam", "delete_login_profile", UserName=name)
    _detach(work, "user", "UserName", name, resource.properties, {})
    work.attempt("iam", "delete_user", UserName=name)


def _create_group(work: Work, properties: Properties) -> Made:
    name = properties.get("GroupName") or work.generated(128)
    group = work.call("iam", "create_group", properties, GroupName=name)["Group"]
    work.begun(name)
    _attach(work, "group", "GroupName", name, {}, properties)
    return Made(name, {"Arn": group["Arn"]})


def _update_group(work: Work, old: Resource, properties: Properties) -> Made:
    _attach(work, "group", "GroupName", str(old.physical_id), old.properties, properties)
    return Made(str(old.physical_id), old.attributes)


def _delete_group(work: Work, resource: Resource) -> None:
    _detach(work, "group", "GroupName", str(resource.physical_id), resource.properties, {})
    work.attempt("iam", "delete_group", GroupName=resource.physical_id)


def _create_profile(work: Work, properties: Properties) -> Made:
    name = properties.get("InstanceProfileName") or work.generated(128)
    profile = work.call("iam", "create_instance_profile", properties, InstanceProfileName=name)[
        "InstanceProfile"
    ]
    work.begun(name)
    for role in properties.get("Roles") or ():
        work.call("iam", "add_role_to_instance_profile", InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": profile["Arn"]})


def _update_profile(work: Work, old: Resource, properties: Properties) -> Made:
    name = str(old.physical_id)
    for role in old.properties.get("Roles") or ():
        work.attempt("iam", "remove_role_from_instance_profile", InstanceProfileName=name, RoleName=role)
    for role in properties.get("Roles") or ():
        work.call("iam", "add_role_to_instance_profile", InstanceProfileName=name, RoleName=role)
    return Made(name, old.attributes)


def _delete_profile(work: Work, resource: Resource) -> None:
    name = str(resource.physical_id)
    for role in resource.properties.get("Roles") or ():
        work.attempt("iam", "remove_role_from_instance_profile", InstanceProfileName=name, RoleName=role)
    work.attempt("iam", "delete_instance_profile", InstanceProfileName=name)


def _create_key(work: Work, properties: Properties) -> Made:
    key = work.call("iam", "create_access_key", UserName=properties["UserName"])["AccessKey"]
    return Made(key["AccessKeyId"], {"SecretAccessKey": key["SecretAccessKey"]})


def _update_key(work: Work, old: Resource, properties: Properties) -> Made:
    status = properties.get("Status", "Active")
    work.call(
        "iam",
        "update_access_key",
        UserName=properties["UserName"],
        AccessKeyId=old.physical_id,
        Status=status,
    )
    return Made(str(old.physical_id), old.attributes)


def _delete_key(work: Work, resource: Resource) -> None:
    user = resource.properties["UserName"]
    work.attempt("iam", "delete_access_key", UserName=user, AccessKeyId=resource.physical_id)


KINDS: Mapping[str, Kind] = {
    "AWS::IAM::AccessKey": Kind(_create_key, _delete_key, _update_key),
    "AWS::IAM::Group": Kind(_create_group, _delete_group, _update_group),
    "AWS::IAM::InstanceProfile": Kind(_create_profile, _delete_profile, _update_profile),
    "AWS::IAM::ManagedPolicy": Kind(_create_managed_policy, _delete_managed_policy, _update_managed_policy),
    "AWS::IAM::Policy": Kind(_create_policy, _delete_policy, _update_policy),
    "AWS::IAM::Role": Kind(_create_role, _delete_role, _update_role),
    "AWS::IAM::User": Kind(_create_user, _delete_user, _update_user),
}
