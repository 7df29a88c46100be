"""Who stands behind a git client's username and password."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.session import get_session
from moto.iam.models import iam_backends

from workshop.sandbox.call import AwsError, Credentials, Principal
from workshop.sandbox.codecommit import signature
from workshop.sandbox.codecommit.store import Store
from workshop.sandbox.identity.sessions import root_principal

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

ROOT = "AKIAROOT"


class Visitor(NamedTuple):
    """An authenticated git client: whom it acts for, and in which region."""

    principal: Principal
    region: str


class GitLogin:
    """Knows the two kinds of git credentials: computed signatures and an IAM user's git password."""

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self._sandbox = sandbox
        self._store = store

    def visitor(self, user: str, password: str, repository: str, path: str, host: str) -> Visitor:
        """Who comes with these credentials; AwsError if they are wrong or too old.

        `path` and `host` are those of the request, which a signature covers.
        """
        if not signature.is_signature(password):
            return self._with_password(user, password)
        credentials = self._credentials(*user.partition("%")[::2])
        if not signature.is_current(password, datetime.now(UTC)):
            raise AwsError(
                "SignatureDoesNotMatch",
                "Signature expired: the git password is older than 15 minutes. Ask the credential helper "
                "for a new one; a saved password has to be removed from git's credential store first.",
            )
        regions = self._regions(credentials.principal.account, repository)
        region = signature.region_of(password, credentials.secret_key, path, host, regions)
        if region is None:
            raise AwsError(
                "SignatureDoesNotMatch",
                "The git password does not match the signature we calculated. Check your AWS secret "
                "access key and that git's credential.UseHttpPath is true.",
            )
        return Visitor(credentials.principal, region)

    def _regions(self, account: str, repository: str) -> Iterator[str]:
        """Where the signature may have been made for, the likeliest first."""
        yield from self._store.regions_with(account, repository)
        yield self._sandbox.settings.region
        yield from _all_regions()

    def _credentials(self, access_key: str, token: str) -> Credentials:
        """The key pair behind an access key, whose secret the signature must prove."""
        if token or access_key.startswith("ASIA"):
            return self._session(access_key, token)
        if access_key.startswith(ROOT):
            principal = root_principal(access_key.removeprefix(ROOT))
            return Credentials(access_key, self._sandbox.sessions.secret(access_key), None, principal)
        for account in list(iam_backends):
            backend = iam_backends[account]["aws"]
            key = backend.access_keys.get(access_key)
            if key is not None and key.status == "Active":
                user = backend.get_user(str(key.user_name))
                principal = Principal(account, user.arn, user.id)
                return Credentials(access_key, key.secret_access_key, None, principal)
        raise _unknown()

    def _session(self, access_key: str, token: str) -> Credentials:
        principal = self._sandbox.sessions.open(access_key, token)
        if principal is None:
            raise _unknown()
        if principal.expires and principal.expires < self._sandbox.now():
            raise AwsError("ExpiredToken", "The security token included in the request is expired")
        return Credentials(access_key, self._sandbox.sessions.secret(access_key), token, principal)

    def _with_password(self, user: str, password: str) -> Visitor:
        """An IAM user with HTTPS git credentials; nothing names the region, so it is the default one."""
        passwords = getattr(self._sandbox.services.get("iam"), "git_passwords", None)
        found = passwords.find(user) if passwords else None
        if found is None or not hmac.compare_digest(found.password.encode(), password.encode()):
            raise _unknown()
        return Visitor(found.principal, self._sandbox.settings.region)


def _unknown() -> AwsError:
    return AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")


@functools.cache
def _all_regions() -> tuple[str, ...]:
    return tuple(get_session().get_available_regions("codecommit"))
