"""Who stands behind a git client's username and password."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.session import get_session

from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.codecommit import signature
from workshop.sandbox.codecommit.store import Store

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


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
        access_key, _, token = user.partition("%")
        known = self._sandbox.identity.credentials("codecommit", access_key, token or None)
        if not signature.is_current(password, datetime.now(UTC)):
            raise AwsError(
                "SignatureDoesNotMatch",
                "Signature expired: the git password is older than 15 minutes. Ask the credential helper "
                "for a new one; a saved password has to be removed from git's credential store first.",
            )
        regions = self._regions(known.principal.account, repository)
        region = signature.region_of(password, known.secret_key, path, host, regions)
        if region is None:
            raise AwsError(
                "SignatureDoesNotMatch",
                "The git password does not match the signature we calculated. Check your AWS secret "
                "access key and that git's credential.UseHttpPath is true.",
            )
        return Visitor(known.principal, region)

    def _regions(self, account: str, repository: str) -> Iterator[str]:
        """Where the signature may have been made for, the likeliest first."""
        yield from self._store.regions_with(account, repository)
        yield self._sandbox.settings.region
        yield from _all_regions()

    def _with_password(self, user: str, password: str) -> Visitor:
        """An IAM user with HTTPS git credentials; nothing names the region, so it is the default one."""
        found = self._sandbox.service("iam").git_passwords.find(user)
        if found is None or not hmac.compare_digest(found.password.encode(), password.encode()):
            raise AwsError(
                "UnrecognizedClientException",
                "The git user name or password is wrong. Either use the AWS CLI's credential helper or "
                "the HTTPS git credentials of an IAM user.",
            )
        return Visitor(found.principal, self._sandbox.settings.region)


@functools.cache
def _all_regions() -> tuple[str, ...]:
    return tuple(get_session().get_available_regions("codecommit"))
