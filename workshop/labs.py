"""Opens an attendee's lab: prepares their account when need be, and keeps its keys."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
import threading
from collections.abc import Callable

from workshop import ground
from workshop.config import Backend, Config
from workshop.lab import REFUSALS, Attendee, Aws, Keys, Lab, refusal
from workshop.line import Line
from workshop.progress import Enrolled, Progress
from workshop.vault import Vault

log = logging.getLogger(__name__)

# What AWS says of keys or a role that it does not know, where the account has been started afresh.
STALE = {
    "AccessDenied",
    "AccessDeniedException",
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
QUICK = 3.0  # seconds: where nobody waits, an account is prepared within that
# Accounts that one process prepares at once: a room that joins must not take all that it has. A sandbox
# answers as soon as it can compute, the real AWS makes us wait.
AT_ONCE, AT_ONCE_REAL = 2, 8

Say = Callable[[str], None]


class NoGround(Exception):
    """An account could not be prepared: what happened, in words for the attendee."""


class Labs:
    """The labs of everybody, over one way to AWS."""

    def __init__(self, config: Config, progress: Progress, vault: Vault) -> None:
        self._config = config
        self._progress = progress
        self._vault = vault
        self._ways = config.ways
        self._aws: dict[tuple[str, str], Aws] = {}
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._lines = {"sandbox": Line(AT_ONCE, "preparing"), "aws": Line(AT_ONCE_REAL, "preparing")}

    def attendee(self, enrolled: Enrolled) -> Attendee:
        """Who works where, as the lab knows it."""
        region, prefix = enrolled.region or self._config.region, enrolled.prefix or self._config.prefix
        return Attendee(enrolled.handle, enrolled.account, region, prefix)

    def way(self, enrolled: Enrolled) -> Backend:
        """The AWS in which their account is. Raises NoGround for one that is no longer configured."""
        return self._way(enrolled.backend)

    def _way(self, backend: str) -> Backend:
        if backend not in self._ways:
            raise NoGround(f"The AWS “{backend}” is not configured any more.")
        return self._ways[backend]

    def pooled(self, enrolled: Enrolled) -> bool:
        """Whether their account is one of a pool: another one is handed it when they are gone."""
        way = self._ways.get(enrolled.backend)
        return way is None or bool(way.accounts)

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

    def prepared(self, enrolled: Enrolled, patience: float = QUICK) -> bool:
        """Have the account prepared when its turn comes; False if that takes longer than so many seconds.

        It goes on all the same, and whoever asks again is told. Raises NoGround, and AWS's refusals.
        """
        coming = self._line(enrolled).join(enrolled.id, lambda: self.open(enrolled))
        if patience <= QUICK and self.before(enrolled):
            return False
        try:
            coming.result(patience)
        except TimeoutError:
            return False
        return True

    def before(self, enrolled: Enrolled) -> int:
        """How many accounts are prepared before theirs is begun."""
        return self._line(enrolled).before(enrolled.id) or 0

    def _line(self, enrolled: Enrolled) -> Line:
        return self._lines["sandbox" if self.way(enrolled).endpoint_url else "aws"]

    def renewed(self, enrolled: Enrolled) -> Lab:
        """The lab in a new session of the role, with its whole hour before it. Raises NoGround."""
        keys = self._vault.open(enrolled.keys)
        if keys is None:
            raise NoGround("Your account is not prepared yet.")
        return Lab(self.attendee(enrolled), self._new_aws(enrolled), keys)

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
        admin = self._admin(enrolled)
        try:
            return ground.prepare(
                self.attendee(enrolled), self._aws_of(enrolled), admin, self._config.sample_app
            )
        except REFUSALS as error:
            code, message, _ = refusal(error)
            raise NoGround(f"{code}: {message}") from error

    def _lab(self, enrolled: Enrolled, keys: Keys, say: Say | None) -> Lab:
        answers = self._progress.answers(enrolled.id)
        return Lab(self.attendee(enrolled), self._aws_of(enrolled), keys, say, answers)

    def _aws_of(self, enrolled: Enrolled) -> Aws:
        """The one way to their AWS in their region, shared by all who go it."""
        key = (enrolled.backend, self.attendee(enrolled).region)
        if key not in self._aws:
            self._aws[key] = self._new_aws(enrolled)
        return self._aws[key]

    def _new_aws(self, enrolled: Enrolled) -> Aws:
        way = self.way(enrolled)
        return Aws(self.attendee(enrolled).region, way.endpoint_url, way.public_url)

    def can_empty(self, enrolled: Enrolled) -> bool:
        """Whether a way to empty their account is configured."""
        way = self._ways.get(enrolled.backend)
        return way is not None and bool(way.account_removal)

    def empty(self, enrolled: Enrolled) -> None:
        """Take everything out of the account, by the configured command. Raises NoGround."""
        self.empty_account(enrolled.backend, enrolled.account)

    def empty_account(self, backend: str, account: str) -> None:
        """The same for an account that is nobody's any more. Raises NoGround."""
        self._run(self._way(backend).account_removal, account, "empty accounts")

    def _admin(self, enrolled: Enrolled) -> Keys:
        """Keys that may set up the account, from the configured command (AWS's credential_process)."""
        printed = self._run(self.way(enrolled).account_credentials, enrolled.account, "set up accounts")
        try:
            given = json.loads(printed)
            return Keys(given["AccessKeyId"], given["SecretAccessKey"], given.get("SessionToken"))
        except (ValueError, KeyError, TypeError) as error:
            log.exception("what was printed for account %s holds no credentials", enrolled.account)
            raise NoGround("The command for the account's credentials failed; the log says why.") from error

    def _run(self, command: str, account: str, purpose: str) -> str:
        """What a configured command prints for an account."""
        words = shlex.split(command.replace("{account}", account))
        if not words:
            raise NoGround(f"No way to {purpose} is configured (WORKSHOP_ACCOUNT_…).")
        try:
            return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        except (OSError, subprocess.SubprocessError) as error:
            log.exception("account %s: %s", account, getattr(error, "stderr", ""))
            raise NoGround(f"The command to {purpose} failed; the log says why.") from error
