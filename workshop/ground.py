"""Prepares the ground: what attendees find in an account, made through the AWS API alone.

Each part is made if it is not there and brought up to date if it is, so preparing twice is as good
as once. An attendee's own work is never touched: the repository only gets its first commit.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workshop import policies
from workshop.lab import Attendee, Aws, Keys, Lab, Refused, Session, code_of
from workshop.patience import patiently

USER = "workshop"
KEYS_AT_MOST = 2
LEFT_OUT = {"node_modules", "release.json", "outputtemplate.yml"}


def prepare(attendee: Attendee, aws: Aws, admin: Keys, sample_app: Path) -> Keys:
    """Prepare an account and return fresh keys of the user who may assume the attendee's role.

    `admin` may do everything in the account. A user has two keys at most: the older of two is
    deleted, so keep what is returned rather than preparing at every turn.
    """
    lab = Lab(attendee, aws, admin)
    session = aws.session(admin)
    user = _user(session.client("iam"), lab)
    _roles(session.client("iam"), lab, user)
    _buckets(session.client("s3"), lab)
    _repository(session, lab, sample_app)
    return _keys(session.client("iam"))


def _user(iam: Any, lab: Lab) -> str:
    try:
        arn = iam.get_user(UserName=USER)["User"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        arn = iam.create_user(UserName=USER)["User"]["Arn"]
    iam.put_user_policy(
        UserName=USER,
        PolicyName="become-an-attendee",
        PolicyDocument=json.dumps(policies.may_assume(lab.arn("iam", f"role/{lab.role}"))),
    )
    return str(arn)


def _roles(iam: Any, lab: Lab, user: str) -> None:
    _role(iam, lab.role, policies.trust_tagged(user), policies.attendee(lab))
    _role(iam, lab.pipeline_role, policies.trust("codepipeline.amazonaws.com"), policies.pipeline(lab))
    _role(iam, lab.deploy_role, policies.trust("cloudformation.amazonaws.com"), policies.deploy(lab))
    # Who switches roles in the console has no session tags: the role's own say whose it is.
    iam.tag_role(RoleName=lab.role, Tags=[{"Key": "handle", "Value": lab.handle}])


def _role(iam: Any, name: str, trust: policies.Policy, policy: policies.Policy) -> None:
    document = json.dumps(trust)
    try:
        # A user made a moment ago is not yet known as a principal.
        patiently(
            lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=document),
            ("MalformedPolicyDocument",),
        )
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))


def _buckets(s3: Any, lab: Lab) -> None:
    for bucket in (lab.packages, lab.artifacts):
        _bucket(s3, bucket, lab.region)
    # CodePipeline names a revision by its version: without versions it refuses the bucket.
    s3.put_bucket_versioning(Bucket=lab.artifacts, VersioningConfiguration={"Status": "Enabled"})


def _bucket(s3: Any, name: str, region: str) -> None:
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **where)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return


def _repository(session: Session, lab: Lab, sample_app: Path) -> None:
    codecommit = session.client("codecommit")
    with contextlib.suppress(codecommit.exceptions.RepositoryNameExistsException):
        codecommit.create_repository(
            repositoryName=lab.repository,
            repositoryDescription="The application that your pipeline delivers",
        )
    try:
        codecommit.get_branch(repositoryName=lab.repository, branchName=lab.branch)
    except Refused as error:
        if code_of(error) != "BranchDoesNotExistException":
            raise
        codecommit.create_commit(
            repositoryName=lab.repository,
            branchName=lab.branch,
            authorName="Workshop",
            email="workshop@example.com",
            commitMessage="Initial commit",
            putFiles=list(files(sample_app)),
        )


def files(sample_app: Path) -> Iterator[dict[str, Any]]:
    """The application's files in the shape of CreateCommit's putFiles, without what a build makes."""
    for path in sorted(sample_app.rglob("*")):
        inside = path.relative_to(sample_app)
        if path.is_file() and not LEFT_OUT & set(inside.parts):
            yield {"filePath": inside.as_posix(), "fileContent": path.read_bytes()}


def _keys(iam: Any) -> Keys:
    known = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    if len(known) >= KEYS_AT_MOST:
        oldest = min(known, key=lambda key: key["CreateDate"])
        iam.delete_access_key(UserName=USER, AccessKeyId=oldest["AccessKeyId"])
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"])
