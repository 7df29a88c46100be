"""The log of every program: for people a line of text, for machines an object of JSON, without secrets.

Redaction is in the formatters, so it sees what is written and nothing gets around it: messages, their
values, and tracebacks. What ends a program or a thread goes through here as well. Every command of
the house begins here, so this imports little.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

from workshop.config import Config
from workshop.operations.redaction import Redaction
from workshop.operations.reference import at_hand

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
REQUESTS = "workshop.requests"
FOREIGN = ("gunicorn.error", "dbos")  # they bring handlers of their own

log = logging.getLogger(__name__)


class Text(logging.Formatter):
    """A line for people, ended by the request, job or attendee that it is about."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__(TEXT)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return self._redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line without the traceback."""
        subject = " ".join(f"{key}={value}" for key, value in _subject(record).items())
        return super().formatMessage(record) + (f" ({subject})" if subject else "")


class Json(logging.Formatter):
    """An object a line."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The object: when, how bad, who says so, what, and what it is about."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redact(record.getMessage()),
            **{key: self._plain(value) for key, value in _subject(record).items()},
        }
        if record.exc_info and record.exc_info[0]:
            said["error"] = record.exc_info[0].__name__
            said["traceback"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)

    def _plain(self, value: object) -> object:
        return value if isinstance(value, int | float) else self._redact(str(value))


class Stream(logging.StreamHandler[TextIO]):
    """Writes lines to the standard error. Making one takes longer than writing it: nobody waits for that."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Make the line, then wait for the turn to write it."""
        try:
            record.line = super().format(record)
        except Exception:  # the words do not fit their values: that is no reason to fail what they tell of
            self.handleError(record)
            return False
        return bool(super().handle(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line that was made."""
        line: str = record.line  # type: ignore[attr-defined]
        return line


def begin(config: Config) -> None:
    """Log to the standard error from here on, as configured; what others set up before is undone."""
    machines = config.log_format == "json" or (config.log_format == "auto" and not config.local)
    handler = Stream()
    handler.setFormatter((Json if machines else Text)(Redaction(_known(config))))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.getLogger(REQUESTS).setLevel(
        logging.INFO if machines else logging.WARNING
    )  # one at a laptop knows what they click
    for name in FOREIGN:
        join(logging.getLogger(name))
    sys.excepthook = _ended
    threading.excepthook = lambda gone: _ended(gone.exc_type, gone.exc_value, gone.exc_traceback)


def join(logger: logging.Logger) -> None:
    """Let a library's logger write here, instead of beside; one without any handler would make its own."""
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = True


def _subject(record: logging.LogRecord) -> Mapping[str, object]:
    return {**at_hand(), **getattr(record, "subject", {})}


def _known(config: Config) -> list[str]:
    """Secrets that these settings name; those in the state folder are known by their look."""
    password = urlsplit(config.database).password or ""
    return [config.secret, config.metrics_token, config.oidc_client_secret, password, unquote(password)]


def _ended(kind: type[BaseException], reason: BaseException | None, where: TracebackType | None) -> Any:
    if reason is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.critical("ended by an error", exc_info=(kind, reason, where))
