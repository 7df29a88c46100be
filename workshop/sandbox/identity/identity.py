"""Tells from a request's credentials who is calling."""

from __future__ import annotations

import re

from moto.core.request import Request

from workshop.sandbox.call import AwsError, Principal
from workshop.sandbox.identity.sessions import Sessions, root_principal

CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")


class Identity:
    """Authenticates requests against the sessions issued here and IAM's access keys."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def authenticate(self, request: Request) -> Principal:
        """The principal whose signature the request bears; AwsError if there is none."""
        match = CREDENTIAL.search(request.headers.get("Authorization", ""))
        if not match:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        key = match["key"]
        token = request.headers.get("X-Amz-Security-Token")
        principal = self._sessions.open(key, token) if token else None
        if principal is None and key.startswith("AKIAROOT"):
            principal = root_principal(key.removeprefix("AKIAROOT"))
        if principal is None:
            raise AwsError(
                "UnrecognizedClientException", "The security token included in the request is invalid.", 403
            )
        return principal
