"""Tells from a request's credentials who is calling.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from moto.core.request import Request

from workshop.sandbox.call import AwsError, Credentials, Principal
from workshop.sandbox.gateway.wire import scope_of
from workshop.sandbox.identity import chunks, keys, signature, signature2
from workshop.sandbox.identity.refusal import Fault, rejected
from workshop.sandbox.identity.sessions import Sessions
from workshop.sandbox.permissions.principal import ANONYMOUS

MINUTE = 60
SKEW = 5 * MINUTE
S3_SKEW = 15 * MINUTE
LONGEST_LINK = 7 * 24 * 60 * MINUTE


class Identity:
    """Authenticates requests against the sessions issued here and IAM's access keys."""

    def __init__(self, sessions: Sessions, now: Callable[[], float] = time.time) -> None:
        self._sessions = sessions
        self._now = now

    def authenticate(self, request: Request) -> Principal:
        """The principal whose signature the request bears.

        AwsError, in the words of the service asked, if it bears none, a wrong one or an old
        one.  Only S3 may be asked anonymously.
        """
        service = scope_of(request).service
        try:
            claim = signature.claim_of(request)
        except signature.MalformedError as error:
            raise rejected(service, Fault.MALFORMED, str(error)) from error
        if claim:
            return self._version4(service, claim, request)
        claim2 = signature2.claim_of(request)
        if claim2:
            return self._version2(claim2, request)
        return _nobody(service, request)

    def credentials(self, service: str, access_key: str, token: str | None) -> Credentials:
        """What is known behind an access key, its secret not yet proven; AwsError if nothing valid is."""
        if token:
            return self._session(service, access_key, token)
        found = keys.long_term(access_key, self._sessions)
        if found is None:
            raise rejected(service, Fault.UNKNOWN)
        return found

    def _session(self, service: str, access_key: str, token: str) -> Credentials:
        principal = self._sessions.open(access_key, token)
        if principal is None:
            raise rejected(service, Fault.TOKEN)
        if principal.expires and principal.expires <= self._now():
            raise rejected(service, Fault.EXPIRED)
        return Credentials(access_key, self._sessions.secret(access_key), token, principal)

    def _version4(self, service: str, claim: signature.Claim, request: Request) -> Principal:
        known = self.credentials(service, claim.key, claim.token)
        self._check_time(service, claim)
        if not hmac.compare_digest(signature.expected(claim, known.secret_key, request), claim.signature):
            raise rejected(service, Fault.WRONG)
        if signature.states_other_payload(claim, request):
            raise _other_payload(service)
        if not chunks.holds(claim, known.secret_key, request):
            raise rejected(service, Fault.WRONG)
        return known.principal

    def _check_time(self, service: str, claim: signature.Claim) -> None:
        try:
            made = claim.made
        except signature.MalformedError as error:
            raise rejected(service, Fault.MALFORMED, str(error)) from error
        if claim.date != claim.time[:8]:
            raise rejected(service, Fault.WRONG)
        now, skew = self._now(), S3_SKEW if service == "s3" else SKEW
        if claim.lifetime is None:
            if abs(now - made) > skew:
                raise rejected(service, Fault.SKEWED)
        elif not 0 <= claim.lifetime <= LONGEST_LINK or made - skew > now:
            raise _unfit_link(claim.lifetime)
        elif made + claim.lifetime < now:
            raise rejected(service, Fault.LINK_EXPIRED)

    def _version2(self, claim: signature2.Claim2, request: Request) -> Principal:
        known = self.credentials("s3", claim.key, claim.token)
        if claim.until is not None and claim.until < self._now():
            raise rejected("s3", Fault.LINK_EXPIRED)
        if claim.made is not None and abs(self._now() - claim.made) > S3_SKEW:
            raise rejected("s3", Fault.SKEWED)
        made = signature2.expected(claim, known.secret_key, request)
        if not hmac.compare_digest(made.encode(), claim.signature.encode()):
            raise rejected("s3", Fault.WRONG)
        return known.principal


def _nobody(service: str, request: Request) -> Principal:
    """Anonymous, where S3 is asked; other services want a signature."""
    if service != "s3":
        raise rejected(service, Fault.MISSING)
    if request.headers.get("Authorization"):
        raise rejected("s3", Fault.MALFORMED)
    return ANONYMOUS


def _other_payload(service: str) -> AwsError:
    if service != "s3":
        return rejected(service, Fault.WRONG)
    words = "The provided 'x-amz-content-sha256' header does not match what was computed."
    return AwsError("XAmzContentSHA256Mismatch", words)


def _unfit_link(lifetime: int) -> AwsError:
    if lifetime > LONGEST_LINK:
        words = "X-Amz-Expires must be less than a week (in seconds); that is, less than 604800 seconds"
        return AwsError("AuthorizationQueryParametersError", words)
    return AwsError("AccessDenied", "Request is not valid yet", 403)
