"""The post: sends an event's news to its hooks, signed by the Standard Webhooks specification.

A letter goes to the one address that its name was found to lead to, and is answered within ten
seconds or counts as not arrived; where an answer points elsewhere, nobody follows. What does not
arrive is tried again, later and later. Price: who is killed between the answer and its note sends
the same letter again, under the same `webhook-id`, by which a receiver knows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime

from sqlalchemy.exc import InterfaceError, OperationalError

from workshop.language.tongue import marked
from workshop.models import now
from workshop.room.hooks import PREFIX, Hooks, Letter
from workshop.room.news import News
from workshop.room.whereto import NotThere, Place, Whereto

log = logging.getLogger(__name__)

PAUSE = 0.5
PATIENCE = 10.0
BIGGEST = 64 * 1024
AT_ONCE = 16
EACH = 2  # so that a hook which hangs does not hold the others up
AWAY = (OperationalError, InterfaceError)

SLOW = marked("No answer within ten seconds.")
SHUT = marked("Nobody listens there.")
CERTIFICATE = marked("Its certificate is not good for this name.")
BROKEN = marked("The connection broke before there was an answer.")
ELSEWHERE = marked("It points elsewhere, and nobody follows: give that address instead.")
UNWANTED = marked("It says that nothing is wanted there any more.")
NOT_WELL = marked("It answered, but did not take it.")
NO_SECRET = marked("Its secret cannot be opened: this installation's own has changed. Add the address anew.")
TOO_BIG = marked("The message is bigger than 64 kilobytes.")
ARRIVED = ""


class Failed(Exception):
    """There was no answer; the text says why."""


class Post:
    """Gathers what is to be told, and sends it; any number of workers may do so at once."""

    def __init__(
        self,
        hooks: Hooks,
        news: News,
        whereto: Whereto,
        trusted: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._hooks = hooks
        self._news = news
        self._whereto = whereto
        self._trusted = trusted or ssl.create_default_context()
        self._patience = patience
        self._hands = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="post")
        self._at_work: Counter[int] = Counter()
        self._lock = threading.Lock()

    def serve(self, ended: threading.Event) -> None:
        """Go on until it is ended."""
        while not ended.wait(PAUSE):
            try:
                self.round()
            except AWAY as error:
                log.warning("the database does not answer, news wait: %s", error)

    def round(self) -> list[Future[None]]:
        """Gather once, and set somebody to work at each hook for which something is due."""
        self._news.gather()
        begun = []
        for hook in self._hooks.due():
            with self._lock:
                if self._at_work[hook] >= EACH or self._at_work.total() >= AT_ONCE:
                    continue
                self._at_work[hook] += 1
            begun.append(self._hands.submit(self._work, hook))
        return begun

    def _work(self, hook: int) -> None:
        try:
            while self._one(hook):
                pass
        except AWAY as error:
            log.warning("the database does not answer, news wait: %s", error)
        except Exception:
            log.exception("the news of hook %s could not be sent", hook)
        finally:
            with self._lock:
                self._at_work[hook] -= 1

    def _one(self, hook: int) -> bool:
        """Send what is due first; whether it arrived, so that there may be more."""
        letter = self._hooks.take(hook)
        if letter is None:
            return False
        try:
            status, wait = self._send(letter)
        except (Failed, NotThere) as reason:
            self._hooks.sent(letter, 0, str(reason))
            return False
        self._hooks.sent(letter, status, _said(status), wait)
        return 200 <= status < 300

    def _send(self, letter: Letter) -> tuple[int, float]:
        """The answer's status, and the seconds to wait if it asks for that. Raises Failed, NotThere."""
        body = json.dumps(letter.body, ensure_ascii=False, separators=(",", ":")).encode()
        if not letter.secret:
            raise Failed(NO_SECRET)
        if len(body) > BIGGEST:
            raise Failed(TOO_BIG)
        headers = signed(letter.number, letter.secret, body, now())
        return _posted(self._whereto.find(letter.url), headers, body, self._trusted, self._patience)


def signed(number: str, secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that say which message this is, when it was sent, and that it was us."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{number}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": number,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


class _Pinned(http.client.HTTPConnection):
    """A connection to the very address that was judged, whatever its name leads to by now."""

    def __init__(self, place: Place, trusted: ssl.SSLContext, patience: float) -> None:
        super().__init__(place.host, place.port, timeout=patience)
        self._place = place
        self._trusted = trusted

    def connect(self) -> None:
        sock = socket.create_connection((self._place.ip, self._place.port), self.timeout)
        self.sock = sock
        if self._place.secure:
            self.sock = self._trusted.wrap_socket(sock, server_hostname=self._place.host)


def _posted(
    place: Place, headers: dict[str, str], body: bytes, trusted: ssl.SSLContext, patience: float
) -> tuple[int, float]:
    connection, late = _Pinned(place, trusted, patience), threading.Event()
    alarm = threading.Timer(patience, _cut, (connection, late))  # who drips an answer is cut off as well
    alarm.daemon = True
    alarm.start()
    known = {"Host": place.named, "Content-Type": "application/json", "User-Agent": "workshop-hooks/1"}
    try:
        connection.request("POST", place.path, body, known | headers)
        answer = connection.getresponse()
        return answer.status, _wait(answer.headers.get("Retry-After", ""))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failed(_why(error, late.is_set())) from error
    finally:
        alarm.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    sock = connection.sock
    if sock:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            sock.close()


def _why(error: Exception, late: bool) -> str:
    kinds: list[tuple[type[Exception], str]] = [
        (TimeoutError, SLOW),
        (ConnectionRefusedError, SHUT),
        (ssl.SSLCertVerificationError, CERTIFICATE),
    ]
    return SLOW if late else next((words for kind, words in kinds if isinstance(error, kind)), BROKEN)


def _said(status: int) -> str:
    if 200 <= status < 300:
        return ARRIVED
    if 300 <= status < 400:
        return ELSEWHERE
    return UNWANTED if status == 410 else NOT_WELL


def _wait(header: str, clock: Callable[[], datetime] = now) -> float:
    """Seconds, as Retry-After says them or by a date; 0 where it says nothing that can be read."""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(0.0, (parsedate_to_datetime(header) - clock()).total_seconds())
    except (ValueError, TypeError):
        return 0.0
