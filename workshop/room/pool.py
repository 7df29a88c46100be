"""Accounts that are kept out of their pool: what one attendee has left in them, the next must not find.

An account comes here in the transaction that takes its attendee away, and goes back when it has been
emptied: by a worker, which tries again and again (`workshop/work/janitor.py`), or by somebody who says so
(`workshop account put-back`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, delete, select, update
from sqlalchemy.orm import Session

from workshop.models import AuditRow, KeptOutRow, now

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=15)  # longer than emptying one takes


class Account(NamedTuple):
    """An account of one of the AWSs."""

    backend: str
    number: str


def keep_out(session: Session, accounts: Iterable[Account]) -> None:
    """Hand these to nobody from now on, once the session's transaction has ended."""
    for one in accounts:
        log.warning("account %s is handed to nobody until it has been emptied", one.number)
        at = now()
        session.merge(KeptOutRow(backend=one.backend, account=one.number, since=at, again=at + AGAIN))


def kept_out(engine: Engine) -> list[tuple[Account, datetime]]:
    """All that are kept out, each with the time since when it is."""
    with Session(engine) as session:
        rows = session.scalars(select(KeptOutRow).order_by(KeptOutRow.since))
        return [(Account(row.backend, row.account), row.since) for row in rows]


def due(engine: Engine, at: datetime) -> Iterator[Account]:
    """Those that are to be tried now; each is put off first, so that no other worker tries it as well."""
    wanted = KeptOutRow.again <= at
    with Session(engine) as session:
        rows = session.scalars(select(KeptOutRow).where(wanted))
        found = [Account(row.backend, row.account) for row in rows]
    for one in found:
        later = update(KeptOutRow).where(*_this(one), wanted).values(again=at + AGAIN)
        with Session(engine) as session:
            ours = session.execute(later.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
            session.commit()
        if ours:
            yield one


def put_back(engine: Engine, account: Account) -> bool:
    """Let it be handed out again, and note that; False if it was not kept out."""
    with Session(engine) as session:
        gone = session.execute(delete(KeptOutRow).where(*_this(account))).rowcount  # type: ignore[attr-defined]
        if gone:
            session.add(AuditRow(what="put-back", details={"account": account.number}))
        session.commit()
    return bool(gone)


def _this(one: Account) -> tuple[ColumnElement[bool], ...]:
    return KeptOutRow.backend == one.backend, KeptOutRow.account == one.number
