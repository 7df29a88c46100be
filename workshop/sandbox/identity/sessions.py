"""Issues and reads credentials that need no storage: a session token carries, sealed, whom it stands for."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import asdict
from pathlib import Path

from workshop.sandbox.call import Credentials, Principal

# How the key ids of root users begin; the account follows.
ROOT = "AKIAROOT"
KEY_FILE = "root.key"
KEY_BYTES = 32
HOUR = 3600


def load_key(state: Path) -> bytes:
    """The sandbox's secret, made on first use and readable by its owner only.

    Whoever may read it may act as the root of every account.
    """
    file = state / KEY_FILE
    state.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    with os.fdopen(descriptor, "wb") as out:
        out.write(key := secrets.token_bytes(KEY_BYTES))
    return key


def key_id(prefix: str, account: str) -> str:
    """A new access key id, which names its account as AWS's do."""
    # All of moto comes with it, which who only asks for the root's credentials should not wait for.
    from moto.iam.utils import generate_access_key_id_from_account_id

    made: str = generate_access_key_id_from_account_id(account, prefix=prefix)
    return made


def root_principal(account: str) -> Principal:
    """The root user of an account."""
    return Principal(account, f"arn:aws:iam::{account}:root", account)


class Sessions:
    """Mints and opens credentials under one secret.

    As in AWS, a session token is self-contained: it names the principal, its session
    policies and its end, and is sealed by the sandbox's secret.  Nothing is stored, so
    sessions outlive a restart.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.open = functools.lru_cache(maxsize=4096)(self._open)

    def root(self, account: str) -> Credentials:
        """The long-term credentials of an account's root user."""
        access_key = ROOT + account
        return Credentials(access_key, self.secret(access_key), None, root_principal(account))

    def mint(self, principal: Principal, seconds: float = HOUR) -> Credentials:
        """Temporary credentials for `principal`, valid for `seconds` from now."""
        until = principal.expires or time.time() + seconds
        principal = Principal(**{**principal.__dict__, "expires": until})
        access_key = key_id("ASIA", principal.account)
        token = self._seal(access_key, principal)
        return Credentials(access_key, self.secret(access_key), token, principal)

    def _open(self, access_key: str, token: str) -> Principal | None:
        """Whom a session token stands for, or None if it was not sealed here for this key."""
        try:
            sealed = base64.urlsafe_b64decode(token.encode() + b"==")
        except (binascii.Error, UnicodeEncodeError):
            return None
        seal, body = sealed[:32], sealed[32:]
        if not hmac.compare_digest(seal, self._mac(access_key.encode() + body)):
            return None
        fields = json.loads(body)
        fields["policies"] = tuple(fields["policies"])
        fields["tags"] = tuple((name, value) for name, value in fields["tags"])
        return Principal(**fields)

    def secret(self, access_key: str) -> str:
        """The secret key that belongs to an access key issued here."""
        return base64.b64encode(self._mac(b"secret" + access_key.encode())).decode()[:40]

    def proof(self, deed: str) -> str:
        """Shows that whoever has it may read the key, and for what (a sentence) it was made; in hex."""
        return self._mac(b"deed" + deed.encode()).hex()

    def proves(self, proof: str, deed: str) -> bool:
        """Whether this is the proof for that deed."""
        return hmac.compare_digest(proof.encode(), self.proof(deed).encode())

    def _seal(self, access_key: str, principal: Principal) -> str:
        body = json.dumps(asdict(principal), separators=(",", ":")).encode()
        seal = self._mac(access_key.encode() + body)
        return base64.urlsafe_b64encode(seal + body).decode().rstrip("=")

    def _mac(self, message: bytes) -> bytes:
        return hmac.new(self._key, message, hashlib.sha256).digest()
