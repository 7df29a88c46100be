"""Authorises every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from moto.core.request import Request

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.permissions import context as facts
from workshop.sandbox.permissions import s3
from workshop.sandbox.permissions.catalog.entry import Requirement
from workshop.sandbox.permissions.catalog.find import catalog
from workshop.sandbox.permissions.evaluation import Decision, Question, decide
from workshop.sandbox.permissions.grants import iam_of, law_of
from workshop.sandbox.permissions.refusal import FORBIDDEN, refused
from workshop.sandbox.permissions.resource import Resources, owner_of
from workshop.sandbox.permissions.trust import session_principal, trusts

if TYPE_CHECKING:
    from moto.iam.models import Role

    from workshop.sandbox.sandbox import Sandbox

# What anybody may ask who can sign: IAM has no say in it.
FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetAccessKeyInfo"})
# Decided by the role's trust policy as well, which the STS service weighs itself.
ELSEWHERE = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
INVALID_TOKEN = "The security token included in the request is invalid."
Facts = Mapping[str, str | Sequence[str]]


class Permissions:
    """Evaluates the policies that apply to a call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._resources = Resources(sandbox)
        s3.judge_alone()

    def authorize(self, call: Call, request: Request) -> None:
        """Raise AwsError AccessDenied, in AWS's words, unless the caller may make this call."""
        if call.service == "sts" and call.operation in ELSEWHERE:
            return
        if call.service == "iam" and call.caller.expires and not call.caller.role:
            # IAM takes no sessions of users made without a second factor.
            raise AwsError("InvalidClientTokenId", INVALID_TOKEN, FORBIDDEN)
        about = facts.of_request(call, self._sandbox.now(), request.headers)
        if call.service == "s3":
            about |= s3.signature_facts(request)
        taken = [n for n in catalog(call.service).requirements(call) if n.action not in FREE]
        if call.service == "s3":
            taken = self._one_by_one(call, taken, about)
        for needed in taken:
            self._insist(call.service, call.caller, needed, about)
        if call.service == "s3":
            self._hide_missing_key(call, about)

    def require(
        self,
        caller: Principal,
        action: str,
        resource: str,
        region: str,
        context: Facts | None = None,
    ) -> None:
        """Raise AwsError AccessDenied unless `caller` may do `action` to `resource`."""
        prefix = action.partition(":")[0]
        needed = Requirement(action, resource, facts.folded(context or {}))
        about: dict[str, tuple[str, ...]] = {"aws:requestedregion": (region,)}
        self._insist(prefix, caller, needed, facts.always(self._sandbox.now()) | about)

    def evaluate(
        self, caller: Principal, action: str, resource: str, context: Facts | None = None
    ) -> Decision:
        """Whether `caller` may do `action` to `resource`, and which policy says so."""
        about = facts.always(self._sandbox.now()) | facts.folded(context or {})
        return self._decide(caller, Requirement(action, resource, about), {})

    def trusts(self, role: Role, service: str, context: Facts | None = None) -> bool:
        """Whether a role's trust policy lets the AWS service `service` assume it."""
        caller = Principal(role.account_id, service, service)
        return trusts(role, caller, facts.of_caller(caller) | facts.folded(context or {})).allowed

    def assume(self, role_arn: str, session_name: str, service: str, region: str) -> Principal:
        """The session of a role assumed by an AWS service; AwsError if it does not trust it."""
        account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
        role = next((r for r in list(iam_of(account).roles.values()) if r.name == name), None)
        if role is None or role.arn != role_arn or not self.trusts(role, service):
            raise AwsError(
                "AccessDenied",
                f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                FORBIDDEN,
            )
        return session_principal(role, session_name)

    def _insist(
        self, service: str, caller: Principal, needed: Requirement, about: Mapping[str, tuple[str, ...]]
    ) -> None:
        decision = self._decide(caller, needed, about)
        if not decision.allowed:
            owner = owner_of(needed.resource, caller.account)
            raise refused(service, caller, needed.action, needed.resource, decision, owner)

    def _decide(
        self, caller: Principal, needed: Requirement, about: Mapping[str, tuple[str, ...]]
    ) -> Decision:
        makes = needed.action == "s3:CreateBucket"  # whoever asks may do that in their own account
        owner = caller.account if makes else owner_of(needed.resource, caller.account)
        context = {**about, **facts.of_caller(caller), **needed.context, "aws:resourceaccount": (owner,)}
        law = law_of(caller, self._resources.policies_on(needed.resource))
        return decide(law, Question(caller, needed.action, needed.resource, context, owner))

    def _one_by_one(
        self, call: Call, taken: list[Requirement], about: Mapping[str, tuple[str, ...]]
    ) -> list[Requirement]:
        """What S3 takes as a whole: DeleteObjects is not refused, only the objects that may not go are."""
        if call.operation != "DeleteObjects":
            s3.spare(frozenset())
            return taken
        kept = (n.resource for n in taken if not self._decide(call.caller, n, about).allowed)
        s3.spare(frozenset(kept))
        return []

    def _hide_missing_key(self, call: Call, about: Mapping[str, tuple[str, ...]]) -> None:
        """Who may not list a bucket is not told that it lacks a key: S3 answers 403 instead of 404."""
        if s3.misses_key(call):
            listing = Requirement("s3:ListBucket", f"arn:aws:s3:::{call.params['Bucket']}")
            self._insist("s3", call.caller, listing, about)
