"""Which capabilities a template asks its author to acknowledge."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.sandbox.call import AwsError

from .template import Template

# The property that names each kind of IAM resource.
NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
IAM = frozenset({*NAMES, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"})


def needed(template: Template) -> tuple[str, ...]:
    """The capabilities for the IAM resources of a processed template, at most one."""
    found = [resource for resource in template.resources.values() if resource["Type"] in IAM]
    if any(NAMES.get(r["Type"]) in (r.get("Properties") or {}) for r in found):
        return ("CAPABILITY_NAMED_IAM",)
    return ("CAPABILITY_IAM",) if found else ()


def iam_types(template: Template) -> list[str]:
    """The IAM types in a template, for the reason that goes with a capability."""
    return list(dict.fromkeys(r["Type"] for r in template.resources.values() if r["Type"] in IAM))


def require(wanted: Iterable[str], given: Iterable[str]) -> None:
    """AwsError InsufficientCapabilitiesException unless all of `wanted` were given."""
    held = set(given)
    if "CAPABILITY_NAMED_IAM" in held:
        held.add("CAPABILITY_IAM")
    missing = [capability for capability in wanted if capability not in held]
    if missing:
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")
