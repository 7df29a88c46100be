"""Signing in through an OpenID Connect provider: the code flow, with PKCE, state and nonce (Authlib).

The button is a link and no form: our policy lets forms lead to our own pages only. The ID token's
audience is asked for by us, for Authlib's default would take another client's token that names ours
as the authorised party.
"""

from __future__ import annotations

import logging

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import Flask, request, session, url_for
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from workshop.config import Config
from workshop.language.tongue import gettext
from workshop.room.admission import Claims

log = logging.getLogger(__name__)

NAME = "oidc"
WANTED = "oidc wanted"
SECONDS = 10
LEEWAY = 60  # between their clock and ours
AWAY = (requests.RequestException, RuntimeError, ValueError, KeyError)


class NotVouched(Exception):
    """The provider did not say who they are in a way that can be believed; the text says why."""


class Provider:
    """The one provider of these settings."""

    def __init__(self, app: Flask, config: Config) -> None:
        self._issuer = config.oidc_issuer.rstrip("/")
        self._client = OAuth(app).register(
            NAME,
            client_id=config.oidc_client_id,
            client_secret=config.oidc_client_secret or None,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": SECONDS,
            },
        )
        self._options: dict[str, dict[str, object]] = {
            "iss": {"essential": True, "value": config.oidc_issuer},
            "aud": {"essential": True, "value": config.oidc_client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }

    def depart(self, wanted: str) -> Response:
        """To the provider, and from there back to us; then on to what was wanted. Raises NotVouched."""
        for key in [key for key in session if key.startswith(f"_state_{NAME}_")]:
            session.pop(key)  # a try that was left: they would fill the cookie
        session[WANTED] = wanted
        try:
            away: Response = self._client.authorize_redirect(url_for("staff.oidc_back", _external=True))
        except AWAY as error:
            raise NotVouched(self._silent(error)) from None
        return away

    def arrive(self) -> Claims:
        """What the provider says of who comes back. Raises NotVouched."""
        try:
            token = self._client.authorize_access_token(claims_options=self._fresh_options(), leeway=LEEWAY)
            claims: Claims = token["userinfo"]
        except MismatchingStateError:
            raise NotVouched(
                gettext("That sign-in was begun in another browser, or too long ago. Begin once more.")
            ) from None
        except JoseError as error:
            self._client.server_metadata.pop("jwks", None)  # the next try asks for their keys anew
            raise NotVouched(self._wrong(error)) from None
        except AuthlibBaseError as error:
            raise NotVouched(self._refused(error)) from None
        except AWAY as error:
            raise NotVouched(self._silent(error)) from None
        return claims

    def _fresh_options(self) -> dict[str, dict[str, object]]:
        return {claim: dict(options) for claim, options in self._options.items()}  # Authlib changes them

    def _silent(self, error: Exception) -> str:
        log.warning("the OIDC provider does not answer as it should: %s", error)
        return gettext(
            "%(issuer)s does not answer as it should. Try again in a moment, or sign in with a password.",
            issuer=self._issuer,
        )

    def _wrong(self, error: JoseError) -> str:
        log.warning("an ID token was refused: %s", error)
        return gettext(
            "What %(issuer)s said of you could not be believed (%(why)s). Nobody has been signed in:"
            " begin once more.",
            issuer=self._issuer,
            why=str(error),
        )

    def _refused(self, error: AuthlibBaseError) -> str:
        why = request.args.get("error_description") or error.description or error.error
        return gettext("%(issuer)s did not let you in: %(why)s", issuer=self._issuer, why=str(why)[:200])


def back_to() -> str:
    """What was wanted before they left."""
    return str(session.pop(WANTED, ""))
