"""May a role do this to that, and which statement decides? AWS itself evaluates it.

`iam:SimulatePrincipalPolicy` judges the role's own policies and boundary, wherever a policy says so.
It takes no bucket policy together with a role, so the statements of the bucket's policy that speak of
this role are handed in as policies of it: within one account, a Deny anywhere wins and one Allow is
enough, which is just how AWS combines the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from workshop.lab import REFUSALS, Lab, Refused, code_of
from workshop.language.tongue import gettext

Statement = dict[str, Any]
S3 = "arn:aws:s3:::"


@dataclass(frozen=True)
class Policy:
    """A policy on the role, or the bucket's own: `source` is its ARN where it has one, else its name."""

    name: str
    source: str
    text: str = ""


@dataclass(frozen=True)
class Spoken:
    """A statement that decided, and the policy it stands in; `text` is JSON, "" if not to be read."""

    policy: str
    effect: str
    text: str


@dataclass(frozen=True)
class Evaluation:
    """Who, what, on which; what AWS decided, by which statements, out of which policies."""

    who: str
    action: str
    resource: str
    decision: str
    spoken: tuple[Spoken, ...]
    asked: tuple[Policy, ...]
    sources: tuple[str, ...] = ()
    boundary: bool | None = None

    @property
    def allowed(self) -> bool:
        return self.decision == "allowed"

    @property
    def denied(self) -> bool:
        return self.decision == "explicitDeny"


def evaluate(
    lab: Lab, who: str, action: str, resource: str, bucket: str = "", detail: bool = False
) -> Evaluation:
    """AWS's verdict on `action` ("s3:PutObject") by the role `who` on the ARN `resource`.

    `bucket` is the one whose own policy counts too. With `detail` the policies are read as well, so
    that the statement that decided can be shown.
    """
    spoken = bucket_statements(lab, bucket, who) if bucket else []
    answer = lab.client("iam").simulate_principal_policy(
        PolicySourceArn=who,
        ActionNames=[action],
        ResourceArns=[resource],
        PolicyInputList=[_document(spoken)] if spoken else [],
        ContextEntries=_context(lab),
    )["EvaluationResults"][0]
    matched = answer.get("MatchedStatements", [])
    policies = [*_policies_on(lab, who.rsplit("/", 1)[-1])] if detail else []
    if spoken:
        name = gettext("the policy of %(bucket)s", bucket=bucket)
        policies.append(Policy(name, "PolicyInputList.1", _document(spoken)))
    boundary = answer.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary")
    return Evaluation(
        who,
        action,
        resource,
        answer["EvalDecision"],
        tuple(_spoken(match, policies, answer["EvalDecision"]) for match in matched),
        tuple(policies),
        tuple(sorted({_name(match["SourcePolicyId"], policies) for match in matched})),
        boundary,
    )


def bucket_of(arn: str) -> str:
    """The bucket that an S3 ARN names; "" for other ARNs."""
    return arn.removeprefix(S3).partition("/")[0] if arn.startswith(S3) else ""


def _spoken(match: dict[str, Any], policies: list[Policy], decision: str) -> Spoken:
    source = match["SourcePolicyId"]
    text = next((one.text for one in policies if _is(one, source)), "")
    cut = part(text, match.get("StartPosition", {}), match.get("EndPosition", {}))
    effect = "Deny" if decision == "explicitDeny" else "Allow"
    return Spoken(_name(source, policies), effect, pretty(cut))


def _name(source: str, policies: list[Policy]) -> str:
    known = next((one.name for one in policies if _is(one, source)), source)
    return known.rsplit("/", 1)[-1] if known.startswith("arn:") else known


def _is(policy: Policy, source: str) -> bool:
    """IAM names a source by ARN, by name, or as `role_<role>_<policy>` for an inline one (observed)."""
    if source.startswith("PolicyInputList"):
        return policy.source.startswith("PolicyInputList")
    return source in (policy.source, policy.name) or source.endswith(f"_{policy.name}")


def part(text: str, start: dict[str, int], end: dict[str, int]) -> str:
    """What stands in a document between two places, lines and columns counted from 1."""
    if not text or not start or not end:
        return ""
    lines = text.splitlines(keepends=True)
    offsets = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    if max(start["Line"], end["Line"]) > len(lines):
        return ""
    begin, stop = (offsets[place["Line"] - 1] + place["Column"] - 1 for place in (start, end))
    return text[begin:stop]


def pretty(text: str) -> str:
    """A statement as JSON over several lines; as it is where it is cut differently."""
    try:
        found, _ = json.JSONDecoder().raw_decode(text.strip())
    except ValueError:
        return text
    return json.dumps(found, indent=2)


def _policies_on(lab: Lab, role: str) -> Iterator[Policy]:
    """All policies on the role; one whose text the attendee may not read stands there without it."""
    iam = lab.client("iam")
    for one in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        yield Policy(one["PolicyName"], one["PolicyArn"], _text_of(iam, one["PolicyArn"]))
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield Policy(name, name, _written(document))


def _text_of(iam: Any, arn: str) -> str:
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    except REFUSALS:
        return ""
    return _written(document)


def _written(document: Any) -> str:
    return unquote(document) if isinstance(document, str) else json.dumps(document)


def bucket_statements(lab: Lab, bucket: str, role_arn: str) -> list[Statement]:
    """What the bucket's policy says of this role, as statements of an identity policy."""
    listed = statements(bucket_policy(lab, bucket))
    return [_own(statement) for statement in listed if speaks_of(statement, role_arn)]


def bucket_policy(lab: Lab, bucket: str) -> dict[str, Any]:
    """The bucket's policy; empty where it has none."""
    try:
        return dict(json.loads(lab.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]))
    except Refused as error:
        if code_of(error) == "NoSuchBucketPolicy":
            return {}
        raise


def statements(document: dict[str, Any]) -> list[Statement]:
    """The statements of a policy; IAM writes a single one without a list around it."""
    found = document.get("Statement", [])
    return list(found) if isinstance(found, list) else [found]


def speaks_of(statement: Statement, role_arn: str) -> bool:
    """Whether a bucket policy's statement reaches the role.

    An Allow for the account only lets the account's own policies decide; a Deny for it is a Deny
    for everyone in it. (AWS: "AWS JSON policy elements: Principal".)
    """
    account = role_arn.split(":")[4]
    whole = {account, f"arn:aws:iam::{account}:root"}
    deny = statement["Effect"] == "Deny"
    if "NotPrincipal" in statement:
        spared = principals(statement["NotPrincipal"])
        return not spared & {role_arn, "*"}
    named = principals(statement.get("Principal", {}))
    return bool(named & {role_arn, "*"}) or (deny and bool(named & whole))


def principals(principal: Any) -> set[str]:
    """The accounts, users and roles that a Principal element names; "*" for everybody."""
    if principal == "*":
        return {"*"}
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return {named} if isinstance(named, str) else set(named)


def _own(statement: Statement) -> Statement:
    return {key: value for key, value in statement.items() if key not in ("Principal", "NotPrincipal", "Sid")}


def _document(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _context(lab: Lab) -> list[dict[str, Any]]:
    """What a call of the build carries with it, for policies with conditions."""
    entries = {
        "aws:ResourceAccount": lab.account,
        "aws:PrincipalAccount": lab.account,
        "aws:RequestedRegion": lab.region,
        "s3:x-amz-server-side-encryption": "AES256",
    }
    return [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in entries.items()
    ]
