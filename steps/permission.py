"""May a role do this to that? AWS itself evaluates it, whatever policy says so and wherever it is."""

import json
from dataclasses import dataclass

from workshop.insight.permission import Statement, bucket_policy, evaluate, principals, statements
from workshop.lab import Lab


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
    found = evaluate(lab, role_arn, action, resource, bucket)
    return Verdict(found.allowed, found.denied, ", ".join(found.sources))


def take_from_bucket(lab: Lab, bucket: str, role_arn: str) -> None:
    """Take the statements that allow something to this role alone out of the bucket's policy."""
    s3 = lab.client("s3")
    document = bucket_policy(lab, bucket)
    listed = statements(document)
    kept = [one for one in listed if one["Effect"] != "Allow" or _named(one) != {role_arn}]
    if len(kept) == len(listed):
        return
    if kept:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**document, "Statement": kept}))
    else:
        s3.delete_bucket_policy(Bucket=bucket)
    lab.say(f"Took what it allowed the role from the policy of {bucket}")


def _named(statement: Statement) -> set[str]:
    return principals(statement.get("Principal", {}))
