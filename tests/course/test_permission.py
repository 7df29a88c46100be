"""Whether a role may write: every correct way counts, and a Deny anywhere wins."""

import json
from typing import Any

import pytest

from steps import define_the_build, fix_the_build, look
from workshop.insight.permission import speaks_of
from workshop.lab import Lab
from workshop.step import NotYet

ROLE = "arn:aws:iam::424200000007:role/service-role/codebuild-paulf-pg23-build-service-role"
ROOT = "arn:aws:iam::424200000007:root"


@pytest.mark.parametrize(
    ("effect", "principal", "speaks"),
    [
        ("Allow", {"Principal": "*"}, True),
        ("Allow", {"Principal": {"AWS": "*"}}, True),
        ("Allow", {"Principal": {"AWS": ROLE}}, True),
        ("Allow", {"Principal": {"AWS": [ROOT, ROLE]}}, True),
        ("Allow", {"Principal": {"AWS": ROOT}}, False),
        ("Allow", {"Principal": {"AWS": "424200000007"}}, False),
        ("Allow", {"Principal": {"Service": "codebuild.amazonaws.com"}}, False),
        ("Deny", {"Principal": {"AWS": ROOT}}, True),
        ("Deny", {"Principal": {"AWS": "424200000007"}}, True),
        ("Deny", {"Principal": {"AWS": f"{ROLE}-of-janed"}}, False),
        ("Deny", {"NotPrincipal": {"AWS": [ROLE, ROOT]}}, False),
        ("Deny", {"NotPrincipal": {"AWS": f"{ROLE}-of-janed"}}, True),
    ],
)
def test_a_bucket_policy_speaks_of_whom_it_names(
    effect: str, principal: dict[str, Any], speaks: bool
) -> None:
    assert speaks_of({"Effect": effect, **principal}, ROLE) is speaks


def document(resource: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": "s3:PutObject", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def inline(lab: Lab, role: str, target: str) -> None:
    lab.client("iam").put_role_policy(RoleName=role, PolicyName="put", PolicyDocument=document(target))


def managed(lab: Lab, role: str, target: str) -> None:
    iam = lab.client("iam")
    made = iam.create_policy(PolicyName=lab.name("put"), PolicyDocument=document(target))
    iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])


def of_the_bucket(lab: Lab, role: str, target: str) -> None:
    who = {"AWS": lab.arn("iam", f"role/service-role/{role}")}
    lab.client("s3").put_bucket_policy(Bucket=lab.packages, Policy=document(target, Principal=who))


def full_access(lab: Lab, role: str, target: str) -> None:
    lab.client("iam").attach_role_policy(
        RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )


@pytest.mark.parametrize("allow", [inline, managed, of_the_bucket, full_access])
def test_every_correct_way_counts_until_a_deny(lab: Lab, allow: Any) -> None:
    define_the_build.do(lab)
    role, target = look.build_role(lab), f"{lab.arn('s3', lab.packages)}/*"
    with pytest.raises(NotYet, match="is not allowed"):
        fix_the_build.check_the_role_may_write(lab)
    allow(lab, role, target)
    assert "is allowed by" in fix_the_build.check_the_role_may_write(lab)
    lab.client("iam").put_role_policy(
        RoleName=role, PolicyName="never", PolicyDocument=document(target, "Deny")
    )
    with pytest.raises(NotYet, match="explicitly denied by never"):
        fix_the_build.check_the_role_may_write(lab)


@pytest.mark.parametrize(("allow", "praised"), [(inline, True), (full_access, False)])
def test_what_is_as_narrow_as_the_need_is_praised(lab: Lab, allow: Any, praised: bool) -> None:
    define_the_build.do(lab)
    allow(lab, look.build_role(lab), f"{lab.arn('s3', lab.packages)}/*")
    assert ("well done" in fix_the_build.check_the_role_may_write(lab)) is praised


@pytest.mark.parametrize("prefix", ["other/*", "prefix/*"])
def test_a_policy_for_other_keys_is_not_enough(lab: Lab, prefix: str) -> None:
    define_the_build.do(lab)
    inline(lab, look.build_role(lab), f"{lab.arn('s3', lab.packages)}/{prefix}")
    with pytest.raises(NotYet):
        fix_the_build.check_the_role_may_write(lab)
