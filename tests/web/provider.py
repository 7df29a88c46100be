"""A small OpenID Connect provider on a port of this machine: one that does as the standard says, unless told.

Code flow with PKCE, as OpenID Connect Core 1.0 (3.1) and RFC 7636 have it; ID tokens are signed with RS256
by a key that can be changed. Whoever is asked to sign in is signed in at once, as `person`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from tests.conftest import free_port

CLIENT, SECRET = "workshop", "a secret of the client"


class Provider:
    """What it knows: a person, its key, the codes that it gave; and `wrong`, what it shall get wrong."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.person: dict[str, Any] = {
            "sub": "42",
            "email": "Ana@Example.org",
            "email_verified": True,
            "name": "Ana Cruz",
        }
        self.wrong: dict[str, Any] = {}
        self.without: set[str] = set()
        self.refuses = ""
        self.asked: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()

    def rotate(self, name: str | None = None) -> None:
        """Another key from now on; the old one is forgotten."""
        self.key = RSAKey.generate_key(
            2048, {"kid": name or secrets.token_hex(4), "use": "sig", "alg": "RS256"}
        )

    def app(self) -> Flask:
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self.discovery)
        app.add_url_rule("/authorize", view_func=self.authorize)
        app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/keys", view_func=self.keys)
        return app

    def discovery(self) -> Response:
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/keys",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
        )

    def keys(self) -> Response:
        return jsonify(KeySet([self.key]).as_dict(private=False))

    def authorize(self) -> Any:
        given = request.args.to_dict()
        self.asked.append(given)
        if self.refuses:
            said = {"error": "access_denied", "error_description": self.refuses, "state": given["state"]}
            return redirect(f"{given['redirect_uri']}?{urlencode(said)}")
        assert given["response_type"] == "code"
        assert given["client_id"] == CLIENT
        assert given["code_challenge_method"] == "S256"
        assert "openid" in given["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = given
        return redirect(f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}")

    def token(self) -> Any:
        """Tokens for a code, once, for the client that asked and can show the verifier of its challenge."""
        asked = self._codes.pop(request.form.get("code", ""), None)
        credentials = f"{CLIENT}:{SECRET}".encode()
        allowed = request.headers.get("Authorization") == f"Basic {base64.b64encode(credentials).decode()}"
        digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = asked is not None and asked["code_challenge"] == challenge
        if not (allowed and fits and asked and asked["redirect_uri"] == request.form.get("redirect_uri")):
            return jsonify(error="invalid_grant"), 400
        answer = {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 60}
        if "id_token" not in self.without:
            answer["id_token"] = self._id_token(asked["nonce"])
        return jsonify(answer)

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
        }
        claims = {key: value for key, value in (claims | self.wrong).items() if key not in self.without}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


@contextmanager
def provider() -> Iterator[Provider]:
    """One that listens."""
    port = free_port()
    made = Provider(port)
    server = make_server("127.0.0.1", port, made.app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
