"""Who may assume a role: its trust policy, and the session that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.sandbox.call import Principal
from workshop.sandbox.permissions.evaluation import Decision, Kind, Law, Named, Question, Reason, decide
from workshop.sandbox.permissions.grants import FULL, law_of, read
from workshop.sandbox.permissions.pattern import Context

if TYPE_CHECKING:
    from moto.iam.models import Role

ASSUME = "sts:AssumeRole"


def trusts(role: Role, caller: Principal, context: Context, action: str = ASSUME) -> Decision:
    """Whether the trust policy lets `caller` do `action` (sts:AssumeRole, sts:TagSession …) with the role.

    A trust in the caller's account as a whole leaves the matter to that account's own
    policies; a trust in the caller itself suffices within the account.
    """
    trust = (Named("trust policy", read(role.assume_role_policy_document)),)
    law = Law(resource=trust) if caller.is_service else law_of(caller, trust)
    decision = decide(law, Question(caller, action, role.arn, context, role.account_id))
    if decision.allowed and not caller.is_service and not _speaks(trust, caller, action, role, context):
        return Decision(False, Reason.IMPLICIT_DENY, Kind.TRUST)
    return decision


def _speaks(trust: tuple[Named, ...], caller: Principal, action: str, role: Role, context: Context) -> bool:
    """Whether the trust policy, taken alone, has a part in the permission: without it there is none."""
    stranger = Question(caller, action, role.arn, context, owner="elsewhere")
    return decide(Law(identity=(FULL,), resource=trust), stranger).allowed


def session_principal(
    role: Role,
    name: str,
    policies: tuple[str, ...] = (),
    tags: tuple[tuple[str, str], ...] = (),
    expires: float | None = None,
) -> Principal:
    """The principal of a session of `role`."""
    arn = f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{name}"
    return Principal(role.account_id, arn, f"{role.id}:{name}", role.arn, policies, tags, expires)
