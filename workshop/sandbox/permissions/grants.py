"""Gathers the policies that speak for a caller, out of IAM's state and the session itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import IAMBackend, iam_backends

from workshop.sandbox.call import Principal
from workshop.sandbox.permissions.document import MalformedPolicyError, Policy, parse
from workshop.sandbox.permissions.evaluation import Law, Named

EMPTY = Policy(())
EVERYTHING = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
FULL = Named("everything", parse(EVERYTHING))
# How a federated session remembers the user, or "root", whose permissions it is a part of.
FEDERATED_BY = "aws:FederatedBy"
SOURCE_IDENTITY = "aws:SourceIdentity"
TRANSITIVE = "aws:TransitiveTagKeys"


def law_of(caller: Principal, resource: tuple[Named, ...] = ()) -> Law:
    """Every policy for a request by `caller`; `resource` are those on what it is about."""
    entity = entity_of(caller)
    own = identity_policies(entity, iam_of(caller.account)) if entity else ()
    return Law(
        identity=(FULL,) if marks(caller).get(FEDERATED_BY) == "root" else own,
        boundary=boundary_of(entity, caller.account),
        session=session_policies(caller),
        resource=resource,
    )


def iam_of(account: str) -> IAMBackend:
    """IAM's state of an account."""
    return iam_backends[account]["aws"]


def entity_of(caller: Principal) -> Any:
    """IAM's user or role behind a caller; None for root, services and what was deleted since."""
    if caller.is_service or caller.is_root:
        return None
    iam = iam_of(caller.account)
    if caller.role:
        return iam.roles.get(caller.user_id.partition(":")[0])
    return iam.users.get(user_name(caller))


def user_name(caller: Principal) -> str:
    """The name of the IAM user who calls or who made the federated session; empty if none did."""
    if ":user/" in caller.arn:
        return caller.arn.rsplit("/", 1)[-1]
    return marks(caller).get(FEDERATED_BY, "")


def marks(caller: Principal) -> dict[str, str]:
    """What a session carries besides its tags; AWS keeps the prefix ``aws:`` from tags."""
    return {name: value for name, value in caller.tags if name.startswith("aws:")}


def identity_policies(entity: Any, iam: IAMBackend) -> tuple[Named, ...]:
    """Inline and managed policies of a user, group or role, and of a user's groups."""
    own = (*inline(entity.policies), *managed(entity.managed_policies.values()))
    if not hasattr(entity, "access_keys"):
        return own
    groups = [group for group in iam.groups.values() if entity in group.users]
    return own + tuple(named for group in groups for named in identity_policies(group, iam))


def inline(policies: Mapping[str, Any]) -> Iterable[Named]:
    """Inline policies as IAM keeps them: texts, or objects where CloudFormation made them."""
    return (Named(name, read(text)) for name, text in list(policies.items()))


def managed(policies: Iterable[Any]) -> Iterable[Named]:
    """The default versions of managed policies."""
    return (Named(policy.arn, read(default_text(policy))) for policy in list(policies))


def default_text(policy: Any) -> str:
    """The document of a managed policy's default version."""
    if len(policy.versions) == 1:
        return str(policy.versions[0].document)
    wanted = policy.default_version_id
    return next((str(v.document) for v in policy.versions if v.version_id == wanted), "")


def boundary_of(entity: Any, account: str) -> tuple[Named, ...] | None:
    """The permissions boundary; one whose policy is gone allows nothing."""
    arn = getattr(entity, "permissions_boundary_arn", None)
    if not arn:
        return None
    policy = iam_of(account).managed_policies.get(arn)
    return tuple(managed([policy])) if policy else ()


def session_policies(caller: Principal) -> tuple[Named, ...] | None:
    """The policies passed when the session was made, managed ones by their ARN."""
    if not caller.policies:
        return None
    held = iam_of(caller.account).managed_policies
    texts = (default_text(held[t]) if t in held else t for t in caller.policies)
    return tuple(Named("session policy", read(text)) for text in texts)


def read(text: Any) -> Policy:
    """A stored document; one that cannot be read allows nothing."""
    try:
        return parse(text if isinstance(text, str) else str(text))
    except MalformedPolicyError:
        return EMPTY
