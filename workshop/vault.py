"""Seals what must not lie about readable: keys that open an attendee's account, secrets that sign news."""

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken

from workshop.lab import Keys

KEYS = "attendees' keys"
NEWS = "what signs news"


class Vault:
    """Seals and opens with a key made from the installation's secret."""

    def __init__(self, secret: str, purpose: str = KEYS) -> None:
        digest = hashlib.sha256(f"{purpose}\0{secret}".encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest))

    def seal(self, keys: Keys) -> str:
        """The keys as a text that only this installation can open."""
        return self.seal_words(json.dumps([keys.access_key, keys.secret_key]))

    def open(self, sealed: str) -> Keys | None:
        """The keys, or None where there are none or another secret has sealed them."""
        words = self.open_words(sealed)
        return Keys(*json.loads(words)) if words is not None else None

    def seal_words(self, words: str) -> str:
        """Any words, sealed."""
        return self._fernet.encrypt(words.encode()).decode()

    def open_words(self, sealed: str) -> str | None:
        """The words, or None where there are none or another secret has sealed them."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None
