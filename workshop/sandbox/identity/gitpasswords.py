"""IAM users' passwords for CodeCommit over HTTPS: service-specific credentials.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html
"""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import User, iam_backends

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.snapshot.kept import Kept

SERVICE = "codecommit.amazonaws.com"
MOST = 2
IN_ALL_REGIONS = "aws"
NO_ENTITY = "NoSuchEntity"
ALPHABET = string.ascii_uppercase + string.digits
SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True)
class GitPassword:
    """One user name and password for git; `principal` is the IAM user it stands for."""

    id: str
    user: str
    login: str
    password: str
    principal: Principal
    created: datetime
    status: str = "Active"


@dataclass
class State:
    """An account's git passwords, by their user names for git."""

    passwords: dict[str, GitPassword] = field(default_factory=dict)


class GitPasswords:
    """Makes and finds git passwords, two at most for a user."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self._lock = threading.Lock()

    @property
    def kept(self) -> Kept:
        """What of them is saved."""
        return Kept(self.states, lambda _: [self._lock])

    def find(self, login: str) -> GitPassword | None:
        """The active password under a git user name, if its IAM user is still there."""
        found = self._state(login.rpartition("-at-")[2]).passwords.get(login)
        if found is None or found.status != "Active":
            return None
        return found if found.user in iam_backends[found.principal.account]["aws"].users else None

    def create(self, call: Call) -> GitPassword:
        """A new one for the user that the call names."""
        if call.params["ServiceName"] != SERVICE:
            message = f"No such service {call.params['ServiceName']} is supported."
            raise AwsError("NotSupportedService", message, 404)
        user = _user(call)
        with self._lock:
            held = self.of(call.account, user.name)
            if len(held) >= MOST:
                words = f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {MOST}"
                raise AwsError("LimitExceeded", words, 409)
            made = _made(call.account, user, {p.login for p in held})
            state = self.states.setdefault((call.account, IN_ALL_REGIONS), State())
            state.passwords[made.login] = made
        return made

    def of(self, account: str, user: str | None = None) -> list[GitPassword]:
        """Those of an account, or of one user in it."""
        held = list(self._state(account).passwords.values())
        return [p for p in held if user in (None, p.user)]

    def _state(self, account: str) -> State:
        return self.states.get((account, IN_ALL_REGIONS)) or State()

    def change(self, call: Call, **changes: Any) -> GitPassword:
        """Change the one that the call names by its id."""
        with self._lock:
            changed = replace(self._named(call), **changes)
            self._state(call.account).passwords[changed.login] = changed
        return changed

    def delete(self, call: Call) -> None:
        """Forget the one that the call names by its id."""
        with self._lock:
            del self._state(call.account).passwords[self._named(call).login]

    def _named(self, call: Call) -> GitPassword:
        wanted = call.params["ServiceSpecificCredentialId"]
        found = [p for p in self.of(call.account, call.params.get("UserName")) if p.id == wanted]
        if not found:
            raise AwsError(NO_ENTITY, f"No such credential {wanted} exists", 404)
        return found[0]


def _user(call: Call) -> User:
    name = call.params["UserName"]
    user = iam_backends[call.account]["aws"].users.get(name)
    if user is None:
        raise AwsError(NO_ENTITY, f"The user with name {name} cannot be found.", 404)
    return user


def _made(account: str, user: User, taken: set[str]) -> GitPassword:
    logins = (f"{user.name}{suffix}-at-{account}" for suffix in ("", "+1"))
    return GitPassword(
        id="ACCA" + "".join(secrets.choice(ALPHABET) for _ in range(17)),
        user=user.name,
        login=next(login for login in logins if login not in taken),
        password=new_secret(),
        principal=Principal(account, user.arn, user.id),
        created=datetime.now(UTC),
    )


def new_secret() -> str:
    """A password as AWS makes them."""
    return "".join(secrets.choice(SECRET_ALPHABET) for _ in range(43)) + "="


def shown(password: GitPassword, *, secret: bool = False) -> dict[str, Any]:
    """As IAM shows it; the password itself only once."""
    found = {
        "CreateDate": password.created,
        "ServiceName": SERVICE,
        "ServiceUserName": password.login,
        "ServiceSpecificCredentialId": password.id,
        "UserName": password.user,
        "Status": password.status,
    }
    return found | {"ServicePassword": password.password} if secret else found
