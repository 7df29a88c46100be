"""Weighs all policies that speak about a request, in the order AWS does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
Explicit Deny anywhere refuses; else a resource policy may allow within its account;
else identity policy, boundary and session policy must all allow.  Across accounts
both sides must.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from workshop.sandbox.call import Principal
from workshop.sandbox.permissions.document import Policy, Statement
from workshop.sandbox.permissions.pattern import Context
from workshop.sandbox.permissions.principal import Meant, meant

# Whatever a bucket policy says, the root of its account can take it back.
KEPT_BY_ROOT = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})


class Reason(StrEnum):
    """What a decision rests on, in the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class Kind(StrEnum):
    """The kinds of policies, in the words of AWS's messages."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"


@dataclass(frozen=True)
class Named:
    """A policy under the name by which its owner knows it."""

    name: str
    policy: Policy


@dataclass(frozen=True)
class Law:
    """Every policy that speaks about one request.

    `boundary` and `session` are None where there is none, which limits nothing; an
    empty tuple limits everything.
    """

    identity: tuple[Named, ...] = ()
    boundary: tuple[Named, ...] | None = None
    session: tuple[Named, ...] | None = None
    resource: tuple[Named, ...] = ()

    @property
    def kinds(self) -> tuple[tuple[Kind, tuple[Named, ...] | None], ...]:
        """The caller's own policies, kind by kind."""
        return (
            (Kind.IDENTITY, self.identity),
            (Kind.BOUNDARY, self.boundary),
            (Kind.SESSION, self.session),
        )


@dataclass(frozen=True)
class Question:
    """May `caller` do `action` to `resource`, an ARN or ``*``?  `owner` is the resource's account."""

    caller: Principal
    action: str
    resource: str
    context: Context
    owner: str

    @property
    def stays_home(self) -> bool:
        """Whether the resource is the caller's account's own."""
        return self.owner == self.caller.account


@dataclass(frozen=True)
class Decision:
    """The answer, the kind of policy that it rests on and which statement of which policy, if one did it."""

    allowed: bool
    reason: Reason
    kind: Kind
    statement: Statement | None = None
    policy: str | None = None

    def because(self, action: str) -> str:
        """The last clause of AWS's message for a refusal."""
        if self.reason is Reason.EXPLICIT_DENY:
            article = "an" if self.kind is Kind.IDENTITY else "a"
            return f"with an explicit deny in {article} {self.kind}"
        return f"because no {self.kind} allows the {action} action"


@dataclass(frozen=True)
class Finding:
    """A statement that speaks about a request, and its policy's name."""

    statement: Statement
    policy: str
    how: Meant = Meant.SELF


@dataclass(frozen=True)
class Verdict:
    """What policies of one kind say: the first statement that denies, the strongest that allows."""

    denies: Finding | None = None
    allows: Finding | None = None


def decide(law: Law, question: Question) -> Decision:
    """Weigh the law; pure, and the same for a request as for a simulation of one."""
    if question.caller.is_root and question.stays_home and question.action in KEPT_BY_ROOT:
        return Decision(True, Reason.ALLOWED, Kind.IDENTITY)
    granted = _of_resource(law.resource, question)
    own = [(kind, _of_caller(policies, question)) for kind, policies in law.kinds if policies is not None]
    for kind, verdict in (*own, (Kind.RESOURCE, granted)):
        if verdict.denies:
            return _decision(Reason.EXPLICIT_DENY, kind, verdict.denies)
    return _allow(own, granted.allows, question)


def _allow(own: list[tuple[Kind, Verdict]], granted: Finding | None, question: Question) -> Decision:
    how = granted.how if granted else Meant.NOT
    if question.caller.is_service or question.caller.arn == "anonymous":
        return _granted(granted) if how is Meant.SELF else _refused(Kind.RESOURCE)
    if not question.stays_home and not granted:
        return _refused(Kind.RESOURCE)
    if question.caller.is_root:
        return Decision(True, Reason.ALLOWED, Kind.IDENTITY)
    if question.stays_home and how is Meant.SELF:
        return _granted(granted)
    by_role = question.stays_home and how is Meant.ROLE
    for kind, verdict in own:
        if verdict.allows is None and not (by_role and kind is Kind.IDENTITY):
            return _refused(kind)
    return _decision(Reason.ALLOWED, Kind.IDENTITY, own[0][1].allows or granted)


def _granted(by: Finding | None) -> Decision:
    return _decision(Reason.ALLOWED, Kind.RESOURCE, by)


def _refused(kind: Kind) -> Decision:
    return Decision(False, Reason.IMPLICIT_DENY, kind)


def _decision(reason: Reason, kind: Kind, by: Finding | None) -> Decision:
    statement, policy = (by.statement, by.policy) if by else (None, None)
    return Decision(reason is Reason.ALLOWED, reason, kind, statement, policy)


def _of_caller(policies: Iterable[Named], question: Question) -> Verdict:
    denies = allows = None
    for named in policies:
        for statement in named.policy.statements:
            if statement.allows and allows:
                continue
            if not statement.covers(question.action, question.resource, question.context):
                continue
            if not statement.allows:
                return Verdict(denies=Finding(statement, named.name))
            allows = Finding(statement, named.name)
    return Verdict(denies, allows)


def _of_resource(policies: Iterable[Named], question: Question) -> Verdict:
    allows = None
    for named in policies:
        for statement in named.policy.statements:
            how = meant(statement.principals, question.caller)
            if not how or not statement.covers(question.action, question.resource, question.context):
                continue
            if not statement.allows:
                return Verdict(denies=Finding(statement, named.name))
            if allows is None or how > allows.how:
                allows = Finding(statement, named.name, how)
    return Verdict(allows=allows)
