"""Takes an event away for good: every row that belongs to it or to its people, in one transaction.

What belongs is read off the tables' own references, so a table that is added is not forgotten as long
as it points to an event, to a person, or to something of theirs. Audits stay, without names: they
point to nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table, delete, or_, select, update
from sqlalchemy.orm import Session

from workshop.models import AuditRow, Base, BudgetRow, EnrolmentRow, EventRow, now
from workshop.room.pool import Account, keep_out

EVENTS = Base.metadata.tables["events"]


def belonging(table: Table, number: int, root: Table = EVENTS) -> ColumnElement[bool] | None:
    """Which rows of a table belong to an event (or to what `root` keeps), directly or through others.

    None where none can.
    """
    if table is root:
        return root.c.id == number
    found = []
    for key in table.foreign_keys:
        theirs = belonging(key.column.table, number, root)
        if theirs is not None:
            found.append(key.parent.in_(select(key.column).where(theirs)))
    return or_(*found) if found else None


def purge(engine: Engine, event: int, until: datetime, full: Collection[Account] = (), **told: Any) -> bool:
    """Take a deleted event away, if the claim that ends `until` still holds; whether it did.

    Accounts that are still `full` are kept out of their pools, and what is `told` goes on record, in the
    same transaction.
    """
    mine = (EventRow.id == event, EventRow.deleted.is_not(None), EventRow.purging == until)
    with Session(engine) as session:
        held = session.execute(update(EventRow).where(*mine).values(purging=until))
        if not held.rowcount:  # type: ignore[attr-defined]
            return False
        _forget_budgets(session, event)
        for table in reversed(Base.metadata.sorted_tables):
            theirs = belonging(table, event)
            if theirs is not None:
                session.execute(delete(table).where(theirs))
        session.execute(update(AuditRow).where(AuditRow.event == event).values(reason="", details={}))
        keep_out(session, full)
        session.add(AuditRow(event=event, what="purged", details=told, at=now()))
        session.commit()
        return True


def _forget_budgets(session: Session, event: int) -> None:
    """What was called in their accounts, where nobody else has an account of that number."""
    others = select(EnrolmentRow.account).where(EnrolmentRow.event.is_distinct_from(event))
    theirs = select(EnrolmentRow.account).where(EnrolmentRow.event == event)
    session.execute(
        delete(BudgetRow).where(BudgetRow.account.in_(theirs), BudgetRow.account.not_in(others)),
        execution_options={"synchronize_session": False},
    )
