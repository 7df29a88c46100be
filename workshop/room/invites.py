"""Who may join an event that is by invitation: handles, from a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from workshop import handle as handles
from workshop.language.tongue import gettext
from workshop.models import InviteRow

MOST = 5000
TOLD = 10
HEADS = {"handle", "name"}


class NotAList(Exception):
    """The file cannot be read as a list of handles; the text says where and what to do."""


@dataclass(frozen=True)
class Invite:
    """A handle, and the name that goes with it ("" if none was given)."""

    handle: str
    name: str = ""


def read(text: str) -> list[Invite]:
    """The invited of a CSV text. Raises NotAList, which says what is wrong with each line."""
    invited, problems = looked_over(text)
    if problems:
        raise NotAList("\n".join(problems))
    return invited


def looked_over(text: str) -> tuple[list[Invite], list[str]]:
    """The invited of a CSV text (a handle, or a handle and a name, a line), and what is wrong with it.

    A first line of headings may say which is which ("name;handle"); commas, semicolons and tabs
    separate; where only a name is given, the handle is made by the convention.
    """
    try:
        lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text)))
    except csv.Error:
        return [], [gettext("That cannot be read as lines of text: save it as CSV, in UTF-8.")]
    rows = [(place, [cell.strip() for cell in line]) for place, line in enumerate(lines, 1) if any(line)]
    columns = ["handle", "name"]
    if rows and HEADS & {cell.lower() for cell in rows[0][1]}:
        columns = [cell.lower() for cell in rows.pop(0)[1]]
    if len(rows) > MOST:
        return [], [gettext("That is more than %(most)s lines; split the list.", most=MOST)]
    found: dict[str, Invite] = {}
    problems = []
    for place, cells in rows:
        try:
            invite = _invite(dict(zip(columns, cells, strict=False)), place)
        except NotAList as problem:
            problems.append(str(problem))
            continue
        if invite.handle in found:
            problems.append(
                gettext("Line %(line)s: “%(handle)s” stands there twice.", line=place, handle=invite.handle)
            )
        found[invite.handle] = invite
    return list(found.values()), _first(problems)


def _first(problems: list[str]) -> list[str]:
    """The first few, and how many more there are."""
    more = len(problems) - TOLD
    return problems[:TOLD] + ([gettext("And %(count)s more lines.", count=more)] if more > 0 else [])


def _invite(cells: dict[str, str], place: int) -> Invite:
    name = " ".join(cells.get("name", "").split())[:120]
    handle = cells.get("handle", "").lower() or handles.suggest(name)
    if not handles.valid(handle):
        raise NotAList(
            gettext("Line %(line)s: “%(handle)s” cannot be a handle.", line=place, handle=handle[:40])
            + " "
            + gettext(handles.RULE)
        )
    return Invite(handle, name)


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


class Invites:
    """The lists of all events, in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, event: int) -> list[Invite]:
        """Who is invited, by handle."""
        wanted = select(InviteRow).where(InviteRow.event == event).order_by(InviteRow.handle)
        with Session(self._engine) as session:
            return [Invite(row.handle, row.name) for row in session.scalars(wanted)]

    def put(self, event: int, invited: list[Invite]) -> None:
        """Make this the list of an event, instead of what was there."""
        with Session(self._engine) as session:
            session.execute(delete(InviteRow).where(InviteRow.event == event))
            session.add_all(InviteRow(event=event, handle=one.handle, name=one.name) for one in invited)
            session.commit()

    def find(self, event: int, handle: str) -> Invite | None:
        """The invitation under this handle."""
        with Session(self._engine) as session:
            row = session.get(InviteRow, (event, handle))
            return Invite(row.handle, row.name) if row else None
