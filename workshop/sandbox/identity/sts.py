"""STS: temporary credentials for roles, users and whom they vouch for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from workshop.sandbox.call import AwsError, Call, Credentials, Principal
from workshop.sandbox.identity import assume, keys, limits
from workshop.sandbox.permissions.grants import FEDERATED_BY, user_name

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

FORBIDDEN = 403
HOUR = 3600
NOTHING = '{"Version": "2012-10-17", "Statement": []}'


class Sts:
    """The Security Token Service.

    Its sessions are sealed tokens that name their principal (see `sessions`); nothing of
    them is stored.
    """

    name: ClassVar[str] = "sts"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def get_caller_identity(self, call: Call) -> dict[str, Any]:
        """Who the caller is; anybody who can sign may ask."""
        caller = call.caller
        return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}

    def assume_role(self, call: Call) -> dict[str, Any]:
        """A session of a role whose trust policy means the caller."""
        now = self._sandbox.now()
        session = assume.session(call, now)
        made = self._sandbox.sessions.mint(session)
        answer: dict[str, Any] = {
            "Credentials": _credentials(made),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        }
        if session.policies or session.tags:
            answer["PackedPolicySize"] = assume.packed_size(session)
        if source := call.params.get("SourceIdentity"):
            answer["SourceIdentity"] = source
        return answer

    def get_session_token(self, call: Call) -> dict[str, Any]:
        """A session of the calling user, who must not be in one already."""
        limits.check(call.params, limits.SESSION_TOKEN)
        caller = _long_term(call)
        made = self._mint(caller, call, HOUR if caller.is_root else 36 * HOUR)
        return {"Credentials": _credentials(made)}

    def get_federation_token(self, call: Call) -> dict[str, Any]:
        """A session of somebody the user vouches for, allowed what the user and the policies allow."""
        limits.check(call.params, limits.FEDERATION_TOKEN)
        caller, name = _long_term(call), call.params["Name"]
        arn = f"arn:aws:sts::{call.account}:federated-user/{name}"
        marks = ((FEDERATED_BY, "root" if caller.is_root else user_name(caller)),)
        policies = assume.session_policies(call) or (NOTHING,)
        tags = (*assume.tags_of(call.params), *marks)
        federated = Principal(call.account, arn, f"{call.account}:{name}", None, policies, tags)
        made = self._mint(federated, call, HOUR if caller.is_root else 36 * HOUR)
        return {
            "Credentials": _credentials(made),
            "FederatedUser": {"FederatedUserId": federated.user_id, "Arn": arn},
            "PackedPolicySize": assume.packed_size(federated),
        }

    def get_access_key_info(self, call: Call) -> dict[str, Any]:
        """The account that an access key id names."""
        account = keys.account_of(call.params["AccessKeyId"])
        if account is None:
            raise limits.invalid("Invalid Access Key ID")
        return {"Account": account}

    def _mint(self, principal: Principal, call: Call, most: int) -> Credentials:
        seconds = min(call.params.get("DurationSeconds", 12 * HOUR), most)
        return self._sandbox.sessions.mint(replace(principal, expires=self._sandbox.now() + seconds))


def _long_term(call: Call) -> Principal:
    """The caller, if it is a user or root with keys of its own."""
    if call.caller.expires:
        raise AwsError("AccessDenied", f"Cannot call {call.operation} with session credentials", FORBIDDEN)
    return call.caller


def _credentials(made: Credentials) -> dict[str, Any]:
    return {
        "AccessKeyId": made.access_key,
        "SecretAccessKey": made.secret_key,
        "SessionToken": made.token,
        "Expiration": datetime.fromtimestamp(int(made.expires or 0), UTC),
    }
