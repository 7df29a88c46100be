"""What AssumeRole demands and makes: the rules of trust, duration, tags and session policies.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.identity import limits
from workshop.sandbox.permissions import context as facts
from workshop.sandbox.permissions.document import MalformedPolicyError, parse
from workshop.sandbox.permissions.grants import SOURCE_IDENTITY, TRANSITIVE, iam_of, marks
from workshop.sandbox.permissions.trust import session_principal, trusts

if TYPE_CHECKING:
    from moto.iam.models import Role

FORBIDDEN = 403
HOUR = 3600
PACKED_MOST = 4096
ROLE = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?P<path>.*/)?(?P<name>[\w+=,.@-]+)")
Tags = tuple[tuple[str, str], ...]


def session(call: Call, now: float) -> Principal:
    """The principal of the session asked for; AwsError if it is not to be had."""
    limits.check(call.params, limits.ASSUME_ROLE)
    if call.caller.is_root:
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", FORBIDDEN)
    role = _role(call)
    inherited = _inherited(call.caller)
    _check_trust(call, role, inherited, now)
    seconds = _duration(call, role)
    marked = _marks(call)
    tags = tuple(dict((*inherited, *tags_of(call.params))).items())
    made = session_principal(
        role, call.params["RoleSessionName"], session_policies(call), (*tags, *marked), now + seconds
    )
    if packed_size(made) > 100:
        raise AwsError(
            "PackedPolicyTooLarge",
            f"Packed policy consumes {packed_size(made)}% of allotted space, please use smaller policy.",
        )
    return made


def _role(call: Call) -> Role:
    match = ROLE.fullmatch(call.params["RoleArn"])
    if not match:
        raise limits.invalid(f"{call.params['RoleArn']} is invalid")
    held = list(iam_of(match["account"]).roles.values())
    role = next((r for r in held if r.name == match["name"] and r.arn == call.params["RoleArn"]), None)
    if role is None:
        raise _refused(call, "sts:AssumeRole")
    return role


def _refused(call: Call, action: str) -> AwsError:
    who, role = call.caller.arn, call.params["RoleArn"]
    return AwsError(
        "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {role}", FORBIDDEN
    )


def _check_trust(call: Call, role: Role, inherited: Tags, now: float) -> None:
    """The trust policy, and the caller's own, must allow each thing that is asked."""
    context = {
        **facts.of_request(call, now, Headers()),
        **facts.of_caller(call.caller),
        **_about(call),
        "aws:resourceaccount": (role.account_id,),
        **{f"aws:resourcetag/{t['Key'].lower()}": (t["Value"],) for t in role.tags or ()},
    }
    asked = {
        "sts:AssumeRole": True,
        "sts:TagSession": bool(call.params.get("Tags") or inherited),
        "sts:SetSourceIdentity": bool(call.params.get("SourceIdentity")),
    }
    for action, wanted in asked.items():
        if wanted and not trusts(role, call.caller, context, action).allowed:
            raise _refused(call, action)


def _about(call: Call) -> dict[str, tuple[str, ...]]:
    keys = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
    found: dict[str, tuple[str, ...]]
    found = {key: (call.params[name],) for key, name in keys.items() if name in call.params}
    if source := call.params.get("SourceIdentity"):
        found["sts:sourceidentity"] = (source,)
    if transitive := call.params.get("TransitiveTagKeys"):
        found["sts:transitivetagkeys"] = tuple(transitive)
    return found


def _duration(call: Call, role: Role) -> int:
    seconds = int(call.params.get("DurationSeconds", HOUR))
    if call.caller.role and seconds > HOUR:
        raise limits.invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
            "chaining"
        )
    if seconds > int(role.max_session_duration or HOUR):
        raise limits.invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def session_policies(call: Call) -> tuple[str, ...]:
    """The inline session policy and the ARNs of managed ones."""
    arns = tuple(item["arn"] for item in call.params.get("PolicyArns", ()))
    if len(arns) > limits.MOST_POLICIES:
        raise limits.invalid("The number of PolicyArns must be less than or equal to 10")
    for arn in arns:
        if arn not in iam_of(call.account).managed_policies:
            raise AwsError("MalformedPolicyDocument", f"The policy {arn} does not exist.")
    text = call.params.get("Policy")
    if text:
        _check_policy(text)
    return (*((text,) if text else ()), *arns)


def _check_policy(text: str) -> None:
    try:
        parse(text)
    except MalformedPolicyError as error:
        raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from error


def tags_of(params: Mapping[str, Any]) -> Tags:
    """The session tags asked for; AwsError if a key comes twice or is AWS's own."""
    tags = tuple((tag["Key"], tag["Value"]) for tag in params.get("Tags", ()))
    folded = {key.casefold() for key, _ in tags}
    if len(folded) < len(tags):
        raise AwsError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    if len(tags) > limits.MOST_TAGS:
        raise limits.invalid("The number of tags must be less than or equal to 50")
    if any(key.startswith("aws:") for key in folded):
        raise AwsError("InvalidParameterValue", "Tag keys must not start with 'aws:'")
    return tags


def _inherited(caller: Principal) -> Tags:
    """The transitive tags of the session that calls, which follow it along a chain of roles."""
    transitive = marks(caller).get(TRANSITIVE, "").split("\n")
    return tuple((key, value) for key, value in caller.tags if key in transitive)


def _marks(call: Call) -> Tags:
    """What the session remembers besides tags: its source identity and which tags are transitive."""
    held = marks(call.caller)
    transitive = [held.get(TRANSITIVE, ""), *call.params.get("TransitiveTagKeys", ())]
    found = {
        SOURCE_IDENTITY: held.get(SOURCE_IDENTITY) or call.params.get("SourceIdentity", ""),
        TRANSITIVE: "\n".join(filter(None, transitive)),
    }
    return tuple((mark, value) for mark, value in found.items() if value)


def packed_size(made: Principal) -> int:
    """How much of the room for policies and tags a session takes, in percent."""
    size = sum(map(len, made.policies)) + sum(len(key) + len(value) for key, value in made.tags)
    return -(-100 * size // PACKED_MOST)
