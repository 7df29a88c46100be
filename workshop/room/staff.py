"""Who runs events: facilitators, their passwords, what each is in which event, and what they did.

The first one is made with a token that is printed when the workshop starts and nobody is there yet.
Passwords are kept as argon2id hashes; how costly they are follows argon2-cffi's defaults (RFC 9106).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, delete, false, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.language.tongue import gettext
from workshop.models import AuditRow, FacilitatorRow, StaffRow, now

SHORTEST = 10
LONGEST = 200


class LoginTaken(Exception):
    """Somebody has this login already."""


class WeakPassword(Exception):
    """The password will not do; the text says why."""


class NotTheFirst(Exception):
    """Somebody else has just become the first owner."""


class LastOwner(Exception):
    """Without this one nobody could let others in."""


class NoLogin(Exception):
    """The login or the name is missing or too long; the text says so."""


class Role(StrEnum):
    """What somebody is in an event, the weakest first."""

    OBSERVER = "observer"  # sees everything, changes nothing
    FACILITATOR = "facilitator"


@dataclass(frozen=True)
class Facilitator:
    """Somebody who may run events; an owner may do so in all of them, and lets others in.

    `stamp` changes with the password, so that a cookie from before no longer counts.
    """

    id: int
    login: str
    name: str
    owner: bool
    stamp: str


@dataclass(frozen=True)
class Deed:
    """One thing that a facilitator did: who, when, what, to whom, and why."""

    at: datetime
    who: str
    what: str
    enrolment: int | None
    reason: str
    details: dict[str, Any]
    event: int | None = None


class Staff:
    """The facilitators of this installation."""

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        self._engine = engine
        self._hasher = hasher or PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Looked at for a login that is not there, so that it takes as long as one that is."""
        return self._hasher.hash("nobody has this one")

    def empty(self) -> bool:
        """Whether nobody is there yet."""
        with Session(self._engine) as session:
            return not session.scalar(select(func.count()).select_from(FacilitatorRow))

    def ownerless(self) -> bool:
        """Whether nobody can let others in yet, so that the link at the start makes the first owner."""
        with Session(self._engine) as session:
            return not _owners(session)

    def first(self, login: str, name: str, password: str) -> Facilitator:
        """The first owner. Raises NotTheFirst, NoLogin, LoginTaken, WeakPassword."""
        row = _row(login, name, self._hashed(password), owner=True)
        with Session(self._engine) as session:
            _one_at_a_time(session)
            if _owners(session):
                raise NotTheFirst
            return _added(session, row)

    def invite(self, login: str, name: str, owner: bool = False) -> Facilitator:
        """Let somebody in who chooses a password by a link, or comes by OIDC. Raises NoLogin, LoginTaken.

        Who was there before and has ended is let in again.
        """
        row = _row(login, name, "", owner)
        was = (FacilitatorRow.login == row.login, FacilitatorRow.ended.is_not(None))
        again = {"name": row.name, "owner": owner, "password": "", "subject": None, "ended": None}
        with Session(self._engine) as session:
            if not session.execute(update(FacilitatorRow).where(*was).values(**again)).rowcount:  # type: ignore[attr-defined]
                return _added(session, row)
            session.commit()
        found = self.by_login(row.login)
        assert found
        return found

    def add(
        self, login: str, name: str, password: str = "", subject: str | None = None, owner: bool = False
    ) -> Facilitator:
        """Let somebody in, by a password or by an OIDC subject. Raises NoLogin, LoginTaken, WeakPassword."""
        hashed = self._hashed(password) if password or subject is None else ""
        with Session(self._engine) as session:
            return _added(session, _row(login, name, hashed, owner, subject))

    def sign_in(self, login: str, password: str) -> Facilitator | None:
        """Who has this login and password. It takes as long where nobody has that login."""
        nobody = self._nobody
        with Session(self._engine) as session:
            row = session.scalar(select(FacilitatorRow).where(FacilitatorRow.login == _normal(login)))
            try:
                self._hasher.verify(row.password if row and row.password else nobody, password[:LONGEST])
            except (VerificationError, InvalidHashError):
                return None
            if row is None or not row.password or row.ended:
                return None
            if self._hasher.check_needs_rehash(row.password):
                row.password = self._hasher.hash(password)
                session.commit()
            return _facilitator(row)

    def by_subject(self, subject: str) -> Facilitator | None:
        """Who has this OIDC identity."""
        return self._one(FacilitatorRow.subject == subject)

    def by_id(self, number: int) -> Facilitator | None:
        """Who has this number, while they may run events."""
        return self._one(FacilitatorRow.id == number)

    def by_login(self, login: str) -> Facilitator | None:
        """Who has this login."""
        return self._one(FacilitatorRow.login == _normal(login))

    def all(self) -> list[Facilitator]:
        """Everybody who may run events."""
        wanted = select(FacilitatorRow).where(FacilitatorRow.ended.is_(None)).order_by(FacilitatorRow.name)
        with Session(self._engine) as session:
            return [_facilitator(row) for row in session.scalars(wanted)]

    def _one(self, condition: Any) -> Facilitator | None:
        with Session(self._engine) as session:
            row = session.scalar(select(FacilitatorRow).where(condition, FacilitatorRow.ended.is_(None)))
            return _facilitator(row) if row else None

    def change_password(self, number: int, password: str) -> None:
        """Another password; every browser that is signed in is out. Raises WeakPassword."""
        self._change(number, password=self._hashed(password))

    def has_password(self, number: int) -> bool:
        """Whether they sign in with a password, or by OIDC alone."""
        with Session(self._engine) as session:
            row = session.get(FacilitatorRow, number)
            return bool(row and row.password)

    def choose_password(self, who: Facilitator, password: str) -> Facilitator | None:
        """A password, unless it was changed since; None then. Raises WeakPassword."""
        hashed = self._hashed(password)
        with Session(self._engine) as session:
            row = session.get(FacilitatorRow, who.id)
            if row is None or _facilitator(row).stamp != who.stamp:
                return None
            mine = (FacilitatorRow.id == who.id, FacilitatorRow.password == row.password)
            change = update(FacilitatorRow).where(*mine).values(password=hashed)
            changed = session.execute(change.execution_options(synchronize_session=False))
            session.commit()
            return self.by_id(who.id) if changed.rowcount else None  # type: ignore[attr-defined]

    def recognise(self, login: str, subject: str) -> Facilitator | None:
        """Who was let in under this login and now comes by OIDC for the first time."""
        new = (FacilitatorRow.login == _normal(login), FacilitatorRow.subject.is_(None))
        with Session(self._engine) as session:
            try:
                session.execute(
                    update(FacilitatorRow).where(*new, FacilitatorRow.ended.is_(None)).values(subject=subject)
                )
                session.commit()
            except IntegrityError:  # it is somebody's who has ended
                return None
        return self.by_subject(subject)

    def end(self, number: int) -> None:
        """Let them run events no more; what they did stays on record. Raises LastOwner."""
        self._without(number, ended=now())

    def set_owner(self, number: int, owner: bool) -> None:
        """Let them let others in, or no longer. Raises LastOwner."""
        if owner:
            self._change(number, owner=True)
        else:
            self._without(number, owner=False)

    def _without(self, number: int, **values: Any) -> None:
        """Change somebody who is an owner no more by it, if another one remains. Raises LastOwner."""
        with Session(self._engine) as session:
            _one_at_a_time(session)
            if _owners(session) == [number]:
                raise LastOwner
            session.execute(update(FacilitatorRow).where(FacilitatorRow.id == number).values(**values))
            session.commit()

    def _change(self, number: int, **values: Any) -> None:
        with Session(self._engine) as session:
            session.execute(update(FacilitatorRow).where(FacilitatorRow.id == number).values(**values))
            session.commit()

    def _hashed(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise WeakPassword(gettext("A password has at least %(least)s characters.", least=SHORTEST))
        if len(set(password)) < 5:
            raise WeakPassword(gettext("That password is too easy to guess."))
        return self._hasher.hash(password)

    def role(self, who: Facilitator, event: int) -> Role | None:
        """What somebody is in an event; None where they have no business."""
        if who.owner:
            return Role.FACILITATOR
        with Session(self._engine) as session:
            row = session.get(StaffRow, (event, who.id))
            return Role(row.role) if row else None

    def events_of(self, who: Facilitator) -> set[int]:
        """The events in which they are something by name."""
        wanted = select(StaffRow.event).where(StaffRow.facilitator == who.id)
        with Session(self._engine) as session:
            return set(session.scalars(wanted))

    def of_event(self, event: int) -> list[tuple[Facilitator, Role]]:
        """Who is what in an event."""
        wanted = (
            select(FacilitatorRow, StaffRow.role)
            .join(StaffRow, StaffRow.facilitator == FacilitatorRow.id)
            .where(StaffRow.event == event, FacilitatorRow.ended.is_(None))
            .order_by(FacilitatorRow.name)
        )
        with Session(self._engine) as session:
            return [(_facilitator(row), Role(role)) for row, role in session.execute(wanted)]

    def appoint(self, event: int, number: int, role: Role | None) -> None:
        """Make somebody this in an event; None takes it from them."""
        mine = (StaffRow.event == event, StaffRow.facilitator == number)
        with Session(self._engine) as session:
            session.execute(delete(StaffRow).where(*mine))
            if role:
                session.add(StaffRow(event=event, facilitator=number, role=role.value))
            try:
                session.commit()
            except IntegrityError:  # two at once: the other one was first, ours is the newer word
                session.rollback()
                session.execute(update(StaffRow).where(*mine).values(role=role.value if role else ""))
                session.commit()

    def record(
        self,
        who: Facilitator | None,
        what: str,
        event: int | None = None,
        enrolment: int | None = None,
        reason: str = "",
        **details: Any,
    ) -> None:
        """Note what a facilitator did; it is never changed, and stays when the event is gone."""
        row = AuditRow(
            facilitator=who.id if who else None,
            event=event,
            enrolment=enrolment,
            what=what,
            reason=reason,
            details=details,
        )
        with Session(self._engine) as session:
            session.add(row)
            session.commit()

    def deeds(self, event: int | None = None, most: int = 500) -> list[Deed]:
        """What was done in an event, or anywhere, the newest first."""
        wanted = (
            select(AuditRow, FacilitatorRow.name)
            .outerjoin(FacilitatorRow, FacilitatorRow.id == AuditRow.facilitator)
            .order_by(AuditRow.id.desc())
            .limit(most)
        )
        if event is not None:
            wanted = wanted.where(AuditRow.event == event)
        with Session(self._engine) as session:
            return [
                Deed(row.at, name or "", row.what, row.enrolment, row.reason, row.details, row.event)
                for row, name in session.execute(wanted)
            ]


def _row(
    login: str, name: str, password: str, owner: bool = False, subject: str | None = None
) -> FacilitatorRow:
    login, name = _normal(login), " ".join(name.split())[:120]
    if not login or any(letter.isspace() for letter in login):
        raise NoLogin(gettext("A login is one word, such as an e-mail address."))
    return FacilitatorRow(login=login, name=name or login, password=password, subject=subject, owner=owner)


def _added(session: Session, row: FacilitatorRow) -> Facilitator:
    session.add(row)
    try:
        session.commit()
    except IntegrityError:
        raise LoginTaken(row.login) from None
    return _facilitator(row)


def _owners(session: Session) -> list[int]:
    wanted = select(FacilitatorRow.id).where(FacilitatorRow.owner, FacilitatorRow.ended.is_(None))
    return list(session.scalars(wanted))


def _one_at_a_time(session: Session) -> None:
    """Hold facilitators until the end of the transaction, so that what is counted stays so."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE facilitators IN SHARE ROW EXCLUSIVE MODE"))
    else:  # any change, even of no row, takes SQLite's one place to write
        session.execute(update(FacilitatorRow).where(false()).values(owner=True))


def _normal(login: str) -> str:
    return login.strip().casefold()[:120]


def _facilitator(row: FacilitatorRow) -> Facilitator:
    secret = f"{row.id}:{row.password}:{row.subject}"
    return Facilitator(
        row.id, row.login, row.name, row.owner, hashlib.sha256(secret.encode()).hexdigest()[:16]
    )
