"""IAM's users, groups, roles and managed policies: found by a call, attached, shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from moto.iam.models import Group, Role, User

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.permissions.grants import iam_of

MOST_ATTACHED = 10


def _missing(what: str, name: str) -> AwsError:
    return AwsError("NoSuchEntity", f"The {what} with name {name} cannot be found.", 404)


def role(call: Call) -> Role:
    """The role that a call names; AwsError NoSuchEntity if there is none."""
    name = call.params["RoleName"]
    found = next((r for r in list(iam_of(call.account).roles.values()) if r.name == name), None)
    if found is None:
        raise _missing("role", name)
    return found


def user(call: Call, name: str) -> User:
    """A user by name; AwsError NoSuchEntity if there is none."""
    found = iam_of(call.account).users.get(name)
    if found is None:
        raise _missing("user", name)
    return found


def group(call: Call) -> Group:
    """The group that a call names; AwsError NoSuchEntity if there is none."""
    found = iam_of(call.account).groups.get(call.params["GroupName"])
    if found is None:
        raise _missing("group", call.params["GroupName"])
    return found


def policy(call: Call) -> Any:
    """The managed policy that a call names; AwsError NoSuchEntity if there is none."""
    arn = call.params["PolicyArn"]
    found = iam_of(call.account).managed_policies.get(arn)
    if found is None:
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
    return found


def attach(call: Call, entity: Role | User | Group, kind: str) -> None:
    """Attach the policy that a call names to a Role, User or Group (`kind`); again changes nothing."""
    attached = policy(call)
    if attached.arn in entity.managed_policies:
        return
    if len(entity.managed_policies) >= MOST_ATTACHED:
        message = f"Cannot exceed quota for PoliciesPer{kind}: {MOST_ATTACHED}"
        raise AwsError("LimitExceeded", message, 409)
    attached.attach_to(entity)


def detach(call: Call, entity: Role | User | Group) -> None:
    """Detach the policy that a call names."""
    arn = call.params["PolicyArn"]
    if arn not in entity.managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", 404)
    entity.managed_policies[arn].detach_from(entity)


def shown_role(role: Role) -> dict[str, Any]:
    """A role as IAM shows it; the trust policy goes URL-encoded over the wire."""
    used = {"LastUsedDate": role.last_used, "Region": role.last_used_region}
    found = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        "Description": role.description,
        "MaxSessionDuration": int(role.max_session_duration or 3600),
        "PermissionsBoundary": role.permissions_boundary,
        "Tags": role.tags,
        "RoleLastUsed": {key: value for key, value in used.items() if value},
    }
    return {key: value for key, value in found.items() if value or key == "RoleLastUsed"}


def shown_user(user: User) -> dict[str, Any]:
    """A user as IAM shows it."""
    boundary = getattr(user, "permissions_boundary_arn", None)
    found = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "PasswordLastUsed": user.password_last_used,
        "Tags": user.tags,
        "PermissionsBoundary": boundary
        and {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary},
    }
    return {key: value for key, value in found.items() if value}
