"""Tells whether a Principal element means the one who calls.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from enum import IntEnum

from workshop.sandbox.call import Principal
from workshop.sandbox.permissions.document import Principals

EVERYONE = "*"
ANONYMOUS = Principal(account="anonymous", arn="anonymous", user_id="ANONYMOUS")


class Meant(IntEnum):
    """How a caller is meant by a Principal element; what that alone grants differs.

    ACCOUNT delegates to the account, whose own policies must allow as well; ROLE is
    limited by boundaries and session policies; SELF grants by itself.
    """

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    SELF = 3


def meant(principals: Principals | None, caller: Principal) -> Meant:
    """How the element means `caller`; a policy without one (a trust in itself) means everyone."""
    if principals is None:
        return _everyone(caller)
    how = _meant(principals, caller)
    if not principals.excepted:
        return how
    return Meant.NOT if how else _everyone(caller)


def _meant(principals: Principals, caller: Principal) -> Meant:
    if caller.is_service:
        named = caller.arn in principals.of("Service") or EVERYONE in principals.of("AWS")
        return Meant.SELF if named else Meant.NOT
    values = principals.of("AWS")
    return max((_meant_by(value, caller) for value in values), default=Meant.NOT)


def _meant_by(value: str, caller: Principal) -> Meant:
    if value == EVERYONE:
        return _everyone(caller)
    if value in (caller.arn, caller.user_id.partition(":")[0]):
        return Meant.SELF if caller.role is None or value == caller.arn else Meant.ROLE
    if value == caller.role:
        return Meant.ROLE
    if value in (caller.account, f"arn:aws:iam::{caller.account}:root"):
        return Meant.ACCOUNT
    return Meant.NOT


def _everyone(caller: Principal) -> Meant:
    return Meant.ROLE if caller.role else Meant.SELF
