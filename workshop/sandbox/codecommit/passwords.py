"""HTTPS git credentials of IAM users: the operations of IAM that make them, and their check.

IAM calls them service-specific credentials; the IAM service takes these operations in.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html#git-credentials-code-commit
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.codecommit.state import now

SERVICE = "codecommit.amazonaws.com"
USER = re.compile(r".+-at-(?P<account>\d{12})")
MOST_FOR_A_USER = 2


@dataclass
class GitPassword:
    """One pair of a git user name and password."""

    id: str
    user: str
    git_user: str
    password: str
    status: str = "Active"
    created: datetime = field(default_factory=now)

    def metadata(self) -> dict[str, Any]:
        """A ServiceSpecificCredentialMetadata, which never shows the password."""
        return {
            "UserName": self.user,
            "Status": self.status,
            "ServiceUserName": self.git_user,
            "CreateDate": self.created,
            "ServiceSpecificCredentialId": self.id,
            "ServiceName": SERVICE,
        }


class GitPasswords:
    """IAM's operations on service-specific credentials; CodeCommit is the one service they are for."""

    def __init__(self) -> None:
        self.git_passwords: dict[str, dict[str, GitPassword]] = {}

    def create_service_specific_credential(self, call: Call) -> dict[str, Any]:
        _check_service(call)
        user = _user(call)
        there = [each for each in self._of(call.account).values() if each.user == user]
        if len(there) >= MOST_FOR_A_USER:
            quota = f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {MOST_FOR_A_USER}"
            raise AwsError("LimitExceeded", quota, 409)
        taken = {each.git_user for each in there}
        names = (f"{user}-at-{call.account}", f"{user}+1-at-{call.account}")
        git_user = next(name for name in names if name not in taken)
        made = GitPassword(_new_id(), user, git_user, _new_password())
        self._of(call.account)[made.id] = made
        return {"ServiceSpecificCredential": made.metadata() | {"ServicePassword": made.password}}

    def list_service_specific_credentials(self, call: Call) -> dict[str, Any]:
        if "ServiceName" in call.params:
            _check_service(call)
        user = None if call.params.get("AllUsers") else _user(call)
        every = self._of(call.account).values()
        shown = [each.metadata() for each in every if user in (None, each.user)]
        return {"ServiceSpecificCredentials": shown}

    def reset_service_specific_credential(self, call: Call) -> dict[str, Any]:
        found = self._named(call)
        found.password = _new_password()
        return {"ServiceSpecificCredential": found.metadata() | {"ServicePassword": found.password}}

    def update_service_specific_credential(self, call: Call) -> dict[str, Any]:
        self._named(call).status = call.params["Status"]
        return {}

    def delete_service_specific_credential(self, call: Call) -> dict[str, Any]:
        del self._of(call.account)[self._named(call).id]
        return {}

    def git_user(self, name: str, password: str) -> Principal | None:
        """The IAM user behind a git user name and password; None if they are wrong or inactive."""
        match = USER.fullmatch(name)
        if match is None:
            return None
        known = self.git_passwords.get(match["account"], {}).values()
        found = next((each for each in list(known) if each.git_user == name), None)
        if found is None or found.status != "Active":
            return None
        if not hmac.compare_digest(found.password.encode(), password.encode()):
            return None
        return _principal(match["account"], found.user)

    def _of(self, account: str) -> dict[str, GitPassword]:
        return self.git_passwords.setdefault(account, {})

    def _named(self, call: Call) -> GitPassword:
        wanted = call.params["ServiceSpecificCredentialId"]
        found = self._of(call.account).get(wanted)
        if found is None or found.user != _user(call):
            raise AwsError("NoSuchEntity", f"The specified credential {wanted} cannot be found.", 404)
        return found


def _principal(account: str, user_name: str) -> Principal | None:
    try:
        user = iam_backends[account]["aws"].get_user(user_name)
    except NotFoundException:
        return None
    return Principal(account, user.arn, user.id)


def _user(call: Call) -> str:
    """The user that a call names, or who calls."""
    name = call.params.get("UserName") or call.caller.arn.rsplit("/", 1)[-1]
    if _principal(call.account, name) is None:
        raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
    return str(name)


def _check_service(call: Call) -> None:
    if call.params["ServiceName"] != SERVICE:
        words = f"No such service {call.params['ServiceName']} is supported for Service Specific Credentials"
        raise AwsError("NotSupportedService", words, 404)


def _new_id() -> str:
    return "ACCA" + base64.b32encode(secrets.token_bytes(10)).decode()


def _new_password() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
