"""Fix the build: let the build's role put its package into the bucket."""

from workshop.lab import Lab
from workshop.step import NotYet, Seen

from . import look, make, permission

POLICY = "AmazonS3FullAccess"
ACTION = "s3:PutObject"
SOME_KEY = "d41d8cd98f00b204e9800998ecf8427e"


def do(lab: Lab) -> None:
    """Attach AmazonS3FullAccess to the role that the build runs under."""
    role = look.build_role(lab)
    if _verdict(lab, lab.packages).allowed:
        lab.there(f"{role} may write to {lab.packages}")
        return
    lab.client("iam").attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::aws:policy/{POLICY}")
    lab.say(f"Attached {POLICY} to {role}")


def undo(lab: Lab) -> None:
    """Take away what lets the build write its package: from its role, or from the bucket's policy."""
    if not look.project_if_any(lab):
        return
    verdict = _verdict(lab, lab.packages)
    if not verdict.allowed:
        return
    _take_from_role(lab, look.build_role(lab), verdict)
    permission.take_from_bucket(lab, lab.packages, str(look.project(lab)["serviceRole"]))


def _take_from_role(lab: Lab, role: str, verdict: permission.Verdict) -> None:
    """The policies that spoke for it; not the one that the project came with."""
    iam = lab.client("iam")
    for arn in make.attached(iam, role):
        name = arn.rsplit("/", 1)[-1]
        if name == POLICY or (name != lab.build_policy and verdict.names(name)):
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
            lab.say(f"Took {name} from {role}")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        if verdict.names(name):
            iam.delete_role_policy(RoleName=role, PolicyName=name)
            lab.say(f"Took {name} from {role}")


def check_the_build_has_a_role(lab: Lab) -> str:
    """Your build runs under a role of its own."""
    role = look.build_role(lab)
    return f"{role}, with {', '.join(look.policies_on(lab, role)) or 'no policies'}"


def check_the_role_may_write(lab: Lab) -> str:
    """That role may put objects into the bucket for packages."""
    verdict = _verdict(lab, lab.packages)
    see = ("permission", str(look.project(lab)["serviceRole"]), ACTION, _object(lab, lab.packages))
    if verdict.allowed:
        return Seen(f"{ACTION} on {lab.packages} is allowed by {verdict.because}.{_praise(lab)}", see)
    role = look.build_role(lab)
    if verdict.denied:
        raise NotYet(
            f"{ACTION} on {lab.packages} is explicitly denied by {verdict.because or 'a policy'}.",
            hint=(
                "A Deny wins over every Allow, so one more permission does not help here.",
                f"Take that statement out, of {role} or of {lab.packages}: the verdict names it.",
            ),
            see=see,
        )
    raise NotYet(
        f"{ACTION} on {lab.packages} is not allowed. {role} has"
        f" {', '.join(look.policies_on(lab, role)) or 'no policies'}.",
        hint=(
            "Who writes is the role of the build, not you: look which policies that role has.",
            f"{ACTION} on {lab.packages} is all that is missing: a policy of {role} or of the bucket.",
            f"Attach {POLICY} to {role} (not to yourself), or allow {ACTION} on the bucket.",
        ),
        see=see,
    )


def _verdict(lab: Lab, bucket: str) -> permission.Verdict:
    arn = str(look.project(lab)["serviceRole"])
    return permission.may(lab, arn, ACTION, _object(lab, bucket), bucket=bucket)


def _object(lab: Lab, bucket: str) -> str:
    """The ARN of an object such as a build puts there."""
    return f"{lab.arn('s3', bucket)}/{SOME_KEY}"


def _praise(lab: Lab) -> str:
    """A word where the permission is as narrow as the need."""
    arn = str(look.project(lab)["serviceRole"])
    elsewhere = permission.may(lab, arn, ACTION, f"{lab.arn('s3', 'somebody-elses-bucket')}/{SOME_KEY}")
    return "" if elsewhere.allowed else " And nowhere else: as narrow as the need, well done."
