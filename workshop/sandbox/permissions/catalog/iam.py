"""Permissions of IAM and STS, whose resources carry paths that a call does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from moto.iam.models import iam_backends

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import Catalog, Requirement, values_at

KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "iam:policyarn": "PolicyArn",
        "iam:permissionsboundary": "PermissionsBoundary",
        "iam:awsservicename": "AWSServiceName",
    }
)
COLLECTIONS: Final = (
    ("RoleName", "role", "roles"),
    ("UserName", "user", "users"),
    ("GroupName", "group", "groups"),
    ("InstanceProfileName", "instance-profile", "instance_profiles"),
)
LISTS: Final = frozenset({"ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListInstanceProfiles"})
SELF_SERVICE: Final = frozenset({"GetUser", "ListAccessKeys", "CreateAccessKey", "ChangePassword"})
ENTITY_ARNS: Final = ("PolicySourceArn", "PolicyArn", "Arn", "SAMLProviderArn", "OpenIDConnectProviderArn")


@dataclass(frozen=True)
class IamCatalog:
    """IAM's permissions; the resource of an attachment is the one attached to, not the policy."""

    def requirements(self, call: Call) -> Iterator[Requirement]:
        """What the caller must be allowed for this call."""
        context = {key: v for key, path in KEYS.items() if (v := values_at(call.params, path))}
        context |= _boundary_in_place(call)
        yield Requirement(f"iam:{call.operation}", _resource(call), context)
        if call.operation == "AddRoleToInstanceProfile":
            role = _named(call, "role", "roles", call.params.get("RoleName", ""))
            yield Requirement("iam:PassRole", role, {"iam:passedtoservice": ("ec2.amazonaws.com",)})


def _resource(call: Call) -> str:
    if call.operation in LISTS:
        kind = call.operation.removeprefix("List").lower().rstrip("s")
        return f"arn:aws:iam::{call.account}:{'policy' if kind == 'policie' else kind}/"
    for parameter, kind, collection in COLLECTIONS:
        if name := call.params.get(parameter):
            return _named(call, kind, collection, name)
    if name := call.params.get("PolicyName"):
        return f"arn:aws:iam::{call.account}:policy{call.params.get('Path') or '/'}{name}"
    if call.operation in SELF_SERVICE and ":user/" in call.caller.arn:
        return call.caller.arn
    return next((str(call.params[name]) for name in ENTITY_ARNS if call.params.get(name)), "*")


def _named(call: Call, kind: str, collection: str, name: str) -> str:
    found = find(call.account, collection, name)
    path = found.path if found and hasattr(found, "path") else call.params.get("Path") or "/"
    return f"arn:aws:iam::{call.account}:{kind}{path}{name}"


def find(account: str, collection: str, name: str) -> Any:
    """IAM's role, user, group or instance profile of that name, or None."""
    held = getattr(iam_backends[account]["aws"], collection)
    return held.get(name) or next((item for item in list(held.values()) if item.name == name), None)


def _boundary_in_place(call: Call) -> dict[str, tuple[str, ...]]:
    """The boundary that a role to be changed has, by which delegated administrators are bound."""
    if call.params.get("PermissionsBoundary"):
        return {}
    for parameter, _, collection in COLLECTIONS[:2]:
        if name := call.params.get(parameter):
            arn = getattr(find(call.account, collection, name), "permissions_boundary_arn", None)
            return {"iam:permissionsboundary": (arn,)} if arn else {}
    return {}


STS: Final = Catalog(
    "sts",
    named_by=("{RoleArn}",),
    resources={"GetFederationToken": ("arn:aws:sts::{account}:federated-user/{Name}",)},
    keys={"sts:RoleSessionName": "RoleSessionName", "sts:ExternalId": "ExternalId"},
)
