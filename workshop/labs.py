"""Opens an attendee's lab: prepares their account when need be, and keeps its keys."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
import threading
from collections.abc import Callable

from workshop import ground
from workshop.config import Config
from workshop.lab import REFUSALS, Attendee, Aws, Keys, Lab, refusal
from workshop.progress import Enrolled, Progress
from workshop.vault import Vault

log = logging.getLogger(__name__)

# What AWS says of keys or a role that it does not know: the account has been started afresh.
STALE = {
    "AccessDenied",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "NoSuchEntity",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
SECONDS = 30
LOCKS = 64

Say = Callable[[str], None]


class NoGround(Exception):
    """An account could not be prepared: what happened, in words for the attendee."""


class Labs:
    """The labs of everybody, over one way to AWS."""

    def __init__(self, config: Config, progress: Progress, vault: Vault) -> None:
        self._config = config
        self._progress = progress
        self._vault = vault
        self._aws = Aws(config.region, config.endpoint_url)
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def attendee(self, enrolled: Enrolled) -> Attendee:
        """Who works where, as the lab knows it."""
        return Attendee(enrolled.handle, enrolled.account, self._config.region, self._config.prefix)

    def ready(self, enrolled: Enrolled) -> bool:
        """Whether the account has been prepared."""
        return self._vault.open(enrolled.keys) is not None

    def lab(self, enrolled: Enrolled, say: Say | None = None) -> Lab:
        """The lab as it is; AWS is not asked for anything yet. Raises NoGround if unprepared."""
        keys = self._vault.open(enrolled.keys)
        if keys is None:
            raise NoGround("Your account is not prepared yet.")
        return self._lab(enrolled, keys, say)

    def open(self, enrolled: Enrolled, say: Say | None = None) -> Lab:
        """The lab with credentials that AWS accepts, if it answers at all.

        An account that was started afresh is prepared again. Raises NoGround.
        """
        keys = self._vault.open(enrolled.keys)
        if keys is not None:
            lab = self._lab(enrolled, keys, say)
            try:
                lab.credentials()
            except REFUSALS as error:
                if refusal(error)[0] not in STALE:
                    raise
            else:
                return lab
        return self._lab(enrolled, self._prepare(enrolled), say)

    def renewed(self, enrolled: Enrolled) -> Lab:
        """The lab in a new session of the role, with its whole hour before it. Raises NoGround."""
        keys = self._vault.open(enrolled.keys)
        if keys is None:
            raise NoGround("Your account is not prepared yet.")
        return Lab(self.attendee(enrolled), Aws(self._config.region, self._config.endpoint_url), keys)

    def mend(self, enrolled: Enrolled) -> bool:
        """Prepare the account again if the role can no longer be assumed; whether that was needed."""
        try:
            self.renewed(enrolled).credentials()
        except REFUSALS as error:
            if refusal(error)[0] not in STALE:
                return False
            self._prepare(enrolled)
            return True
        return False

    def _prepare(self, enrolled: Enrolled) -> Keys:
        """Prepare the account and keep its keys, unless another request just did. Raises NoGround."""
        with self._locks[enrolled.id % len(self._locks)]:
            current = self._progress.by_id(enrolled.id) or enrolled
            known = self._vault.open(current.keys)
            if known and current.keys != enrolled.keys:
                return known
            keys = self._ground(enrolled)
            self._progress.keep_keys(enrolled.id, self._vault.seal(keys), again=known is not None)
            return keys

    def _ground(self, enrolled: Enrolled) -> Keys:
        admin = self._admin(enrolled.account)
        try:
            return ground.prepare(self.attendee(enrolled), self._aws, admin, self._config.sample_app)
        except REFUSALS as error:
            code, message, _ = refusal(error)
            raise NoGround(f"{code}: {message}") from error

    def _lab(self, enrolled: Enrolled, keys: Keys, say: Say | None) -> Lab:
        answers = self._progress.answers(enrolled.id)
        return Lab(self.attendee(enrolled), self._aws, keys, say, answers)

    def _admin(self, account: str) -> Keys:
        """Keys that may set up the account, from the configured command (AWS's credential_process)."""
        words = shlex.split(self._config.account_credentials.replace("{account}", account))
        if not words:
            raise NoGround("No way to set up accounts is configured (WORKSHOP_ACCOUNT_CREDENTIALS).")
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True)
            given = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            log.exception("no credentials for account %s: %s", account, getattr(error, "stderr", ""))
            raise NoGround("The command for the account's credentials failed; the log says why.") from error
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given.get("SessionToken"))
