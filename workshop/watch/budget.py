"""How often AWS may be asked in an account without anybody having pressed a button.

One bucket an account, in the database, so that it holds over all tabs, web processes and machines: it
fills by 40 calls a minute and holds 60. A look is begun while something is in it, and then takes what
it has really cost; so the bucket may run short by one look, which later ones wait for. Where AWS says
that it is asked too often, the account is left alone for 15 seconds, then 30, 60, up to 5 minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.models import BudgetRow, hold, now

A_MINUTE = 40
AT_ONCE = 60
PENALTY = timedelta(seconds=15)
LONGEST_PENALTY = timedelta(minutes=5)
# https://docs.aws.amazon.com/botocore: what its retry handlers take for throttling, and our services'.
THROTTLED = {
    "LimitExceededException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}


class Budget:
    """Everybody's buckets, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def allows(self, account: str, at_least: float = 1) -> bool:
        """Whether AWS may be asked now, while so many calls are left."""
        with Session(self._engine) as session:
            row = session.get(BudgetRow, account)
            return row is None or (now() >= row.until and filled(row.calls, row.at, now()) >= at_least)

    def spend(self, account: str, calls: int, throttled: bool = False) -> None:
        """So many calls have been made, and AWS refused one as too many or not."""
        with Session(self._engine) as session:
            hold(session, BudgetRow.calls, BudgetRow.account == account)
            row = session.get(BudgetRow, account)
            if row is None:
                row = BudgetRow(account=account, calls=AT_ONCE, at=now(), until=now(), strikes=0)
                session.add(row)
            row.calls, row.at = filled(row.calls, row.at, now()) - calls, now()
            row.strikes = row.strikes + 1 if throttled else 0
            if throttled:
                row.until = now() + penalty(row.strikes)
            try:
                session.commit()
            except IntegrityError:  # somebody else made the first row: a look that costs nothing, once
                session.rollback()


def filled(calls: float, at: datetime, current: datetime) -> float:
    """What is in a bucket by now that held so many calls at that time."""
    return min(AT_ONCE, calls + max(0.0, (current - at).total_seconds()) * A_MINUTE / 60)


def penalty(strikes: int) -> timedelta:
    """For how long AWS is left alone after so many refusals in a row."""
    return min(LONGEST_PENALTY, PENALTY * int(2 ** min(strikes - 1, 10)))
