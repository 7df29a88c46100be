"""How often a login was tried: after a few wrong passwords each further try has to wait longer.

It goes by login and never by address, for a room full of people shares one. A try is counted before
the password is looked at, so that a hundred at once are not a hundred for nothing, and a login that
nobody has is counted like any other.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import AttemptRow, now

FREE = 5
FIRST = timedelta(seconds=5)
LONGEST = timedelta(minutes=5)
FORGOTTEN = timedelta(hours=1)
NOTHING = timedelta()


class Attempts:
    """The tries of every login, in one database."""

    def __init__(self, engine: Engine, secret: str, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._secret = secret.encode()
        self._now = clock

    def begin(self, login: str) -> timedelta:
        """Count a try that is about to be made; how long it has to wait instead, 0 if it may be."""
        while True:
            waits = self._count(self._key(login), self._now())
            if waits is not None:
                return waits

    def _count(self, key: str, at: datetime) -> timedelta | None:
        """The same, or None where somebody else has counted at this very moment."""
        with Session(self._engine) as session:
            row = session.get(AttemptRow, key)
            if row is None:
                return self._first(session, key, at)
            if row.tries >= FREE and row.until > at:  # until then nobody waits, whoever looked first
                return row.until - at
            tries = 1 if row.at < at - FORGOTTEN else row.tries + 1
            mine = (AttemptRow.login == key, AttemptRow.tries == row.tries, AttemptRow.at == row.at)
            change = update(AttemptRow).where(*mine).values(tries=tries, at=at, until=at + pause(tries))
            counted = session.execute(change.execution_options(synchronize_session=False))
            session.commit()
            return NOTHING if counted.rowcount else None  # type: ignore[attr-defined]

    @staticmethod
    def _first(session: Session, key: str, at: datetime) -> timedelta | None:
        session.execute(delete(AttemptRow).where(AttemptRow.at < at - FORGOTTEN))
        session.add(AttemptRow(login=key, tries=1, at=at, until=at))
        try:
            session.commit()
        except IntegrityError:
            return None
        return NOTHING

    def forget(self, login: str) -> None:
        """It was the right one, or there is a new one."""
        with Session(self._engine) as session:
            session.execute(delete(AttemptRow).where(AttemptRow.login == self._key(login)))
            session.commit()

    def _key(self, login: str) -> str:
        """A login as it is kept: sealed, for some people type their password into the wrong field."""
        plain = login.strip().casefold()[:200].encode()
        return hmac.new(self._secret, plain, hashlib.sha256).hexdigest()


def pause(tries: int) -> timedelta:
    """How long a login rests after so many tries."""
    return min(FIRST * 2 ** min(tries - FREE, 20), LONGEST) if tries >= FREE else NOTHING
