"""May a role do this to that? AWS itself evaluates it, whatever policy says so and wherever it is.

`iam:SimulatePrincipalPolicy` judges the role's own policies and boundary. It takes no bucket policy
together with a role, so the statements of the bucket's policy that speak of this role are handed in
as policies of it: within one account, a Deny anywhere wins and one Allow is enough, which is just
how AWS combines the two.
"""

import json
from dataclasses import dataclass
from typing import Any

from workshop.lab import Lab, Refused, code_of

Statement = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What AWS decided, and which policies spoke."""

    allowed: bool
    denied: bool
    because: str

    def names(self, policy: str) -> bool:
        """Whether this policy spoke; AWS writes some with their ARN, or as "role_<role>_<policy>"."""
        spoke = (one.rsplit("/", 1)[-1] for one in self.because.split(", "))
        return any(one == policy or one.endswith(f"_{policy}") for one in spoke)


def may(lab: Lab, role_arn: str, action: str, resource: str, bucket: str = "") -> Verdict:
    """AWS's verdict on "s3:PutObject" on an ARN; `bucket` is the one whose own policy counts too."""
    spoken = bucket_statements(lab, bucket, role_arn) if bucket else []
    answer = lab.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn,
        ActionNames=[action],
        ResourceArns=[resource],
        PolicyInputList=[_document(spoken)] if spoken else [],
        ContextEntries=_context(lab),
    )["EvaluationResults"][0]
    decision = answer["EvalDecision"]
    named = {match["SourcePolicyId"] for match in answer.get("MatchedStatements", [])}
    spoke = {f"the policy of {bucket}" if one.startswith("PolicyInputList") else one for one in named}
    return Verdict(decision == "allowed", decision == "explicitDeny", ", ".join(sorted(spoke)))


def bucket_statements(lab: Lab, bucket: str, role_arn: str) -> list[Statement]:
    """What the bucket's policy says of this role, as statements of an identity policy."""
    listed = _listed(_bucket_policy(lab, bucket))
    return [_own(statement) for statement in listed if speaks_of(statement, role_arn)]


def _bucket_policy(lab: Lab, bucket: str) -> dict[str, Any]:
    try:
        return dict(json.loads(lab.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]))
    except Refused as error:
        if code_of(error) == "NoSuchBucketPolicy":
            return {}
        raise


def _listed(document: dict[str, Any]) -> list[Statement]:
    """The statements; IAM writes a single one without a list around it."""
    statements = document.get("Statement", [])
    return list(statements) if isinstance(statements, list) else [statements]


def take_from_bucket(lab: Lab, bucket: str, role_arn: str) -> None:
    """Take the statements that allow something to this role alone out of the bucket's policy."""
    s3 = lab.client("s3")
    document = _bucket_policy(lab, bucket)
    listed = _listed(document)
    kept = [one for one in listed if one["Effect"] != "Allow" or _named(one) != {role_arn}]
    if len(kept) == len(listed):
        return
    if kept:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**document, "Statement": kept}))
    else:
        s3.delete_bucket_policy(Bucket=bucket)
    lab.say(f"Took what it allowed the role from the policy of {bucket}")


def _named(statement: Statement) -> set[str]:
    return _principals(statement.get("Principal", {}))


def speaks_of(statement: Statement, role_arn: str) -> bool:
    """Whether a bucket policy's statement reaches the role.

    An Allow for the account only lets the account's own policies decide; a Deny for it is a Deny
    for everyone in it. (AWS: "AWS JSON policy elements: Principal".)
    """
    account = role_arn.split(":")[4]
    whole = {account, f"arn:aws:iam::{account}:root"}
    deny = statement["Effect"] == "Deny"
    if "NotPrincipal" in statement:
        spared = _principals(statement["NotPrincipal"])
        return not spared & {role_arn, "*"}
    named = _principals(statement.get("Principal", {}))
    return bool(named & {role_arn, "*"}) or (deny and bool(named & whole))


def _principals(principal: Any) -> set[str]:
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
