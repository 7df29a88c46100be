"""Seals what must not lie about readable: the AWS keys that open an attendee's account."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken

from workshop.lab import Keys


class Vault:
    """Seals and opens with a key made from the installation's secret."""

    def __init__(self, secret: str) -> None:
        digest = hashlib.sha256(b"attendees' keys\0" + secret.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest))

    def seal(self, keys: Keys) -> str:
        """The keys as a text that only this installation can open."""
        words = json.dumps([keys.access_key, keys.secret_key])
        return self._fernet.encrypt(words.encode()).decode()

    def open(self, sealed: str) -> Keys | None:
        """The keys, or None where there are none or another secret has sealed them."""
        try:
            access_key, secret_key = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            return None
        return Keys(access_key, secret_key)
